"""`launcher gpus`: what can be rented now."""

from __future__ import annotations

from typing import Annotated

import typer

from launcher.cli.documents.plan import gpus_document
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.session import PLACE_ALONE, find, run
from launcher.cli.terminal.layout import table
from launcher.cli.terminal.output import Output
from launcher.domain.offer import Offer
from pod_image.contract.common_settings import Cloud

app = command_app()


@app.command()
def gpus(
    count: Annotated[int, typer.Option(min=1, max=8, help="GPUs in one pod.")] = 1,
    cloud: Annotated[Cloud, typer.Option(help="Cloud tier.")] = Cloud.ANY,
    min_memory: Annotated[int, typer.Option(min=0, help="Minimum GPU memory in GB.")] = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """GPUs that can be rented now, cheapest first."""
    found = run(find(PLACE_ALONE), lambda bench: bench.provider.offers(count, cloud, ()))
    offers = [offer for offer in found if offer.memory_gb >= min_memory]
    Output(as_json=as_json, quiet=quiet).answer(
        gpus_document(offers),
        lambda: _table(offers),
        quiet="\n".join(offer.gpu_type for offer in offers),
    )


def _table(offers: list[Offer]) -> str:
    if not offers:
        return "No GPU that large is available now."
    rows = [
        (
            offer.gpu_name,
            f"{offer.memory_gb} GB",
            offer.cloud.value,
            f"${offer.price_per_hour_usd:.2f}",
            offer.stock.value,
            " ".join(offer.data_centers) or "any",
        )
        for offer in offers
    ]
    return table(("GPU", "MEMORY", "TIER", "AN HOUR", "STOCK", "DATA CENTRES"), rows, right=(1, 3))
