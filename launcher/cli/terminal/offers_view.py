"""The table of offers: what a job would take and cost on each GPU."""

from __future__ import annotations

from launcher.cli.terminal.layout import paragraph, table
from launcher.cli.terminal.next_steps import in_terminal
from launcher.services.planning.offers import OffersFound, PricedOffer
from pod_image.contract.figures import dollars, duration


def offers_text(found: OffersFound) -> str:
    parts = [_table(found) if found.offers else "Nothing is free now."]
    parts += [paragraph(in_terminal(trouble)) for trouble in found.troubles]
    if any(each.estimate is None for each in found.fitting):
        parts.append(
            "To see time and cost of the job, name a dataset, or choose a recipe that can estimate them."
        )
    return "\n\n".join(parts)


def _table(found: OffersFound) -> str:
    """The job's own columns stand there where anything is known of it."""
    is_told = any(each.estimate is not None for each in found.offers)
    of_job = ("THE JOB", "TAKES") if is_told else ()
    headers = ("PROVIDER", "GPU", "MEMORY", "AN HOUR", *of_job, "STOCK")
    rows = [_row(each, is_told=is_told) for each in found.offers]
    return table(headers, rows, right=range(2, len(headers) - 1))


def _row(each: PricedOffer, *, is_told: bool) -> tuple[str, ...]:
    offer, estimate = each.offer, each.estimate
    cost = dollars(estimate.cost_usd) if estimate else ""
    time = duration(estimate.hours * 3600) if estimate else ""
    return (
        each.place.name,
        f"{offer.gpu_name} ({offer.variant})",
        f"{offer.memory_gb} GB",
        dollars(offer.price_per_hour_usd),
        *((cost, time) if is_told else ()),
        each.blocked or offer.stock.value,
    )
