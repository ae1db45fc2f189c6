"""`launcher gpus`: the older name of `launcher offers`, with the options that it had."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.options import Asked, asks_for_settings
from launcher.forms.option_names import option_of

app = command_app()


@app.command()
@asks_for_settings
def gpus(
    asked: Asked,
    count: Annotated[
        int | None, typer.Option(min=1, max=8, help="GPUs in one pod, as --gpu-count.")
    ] = None,
    min_memory: Annotated[
        int | None, typer.Option(min=0, help="Minimum GPU memory in GB, as --min-gpu-memory-gb.")
    ] = None,
    wait_for_stock: Annotated[
        str, typer.Option(metavar="TIME", help="As `launcher offers` has it.")
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """The older name of `launcher offers`, for what can be rented. Without a recipe it shows offers for any command."""
    from launcher.cli.asked_offers import show_offers
    from launcher.cli.terminal.output import Output

    values = dict(asked.values)
    if not (asked.preset or asked.file or asked.assignments):
        values.setdefault("recipe", "command")
    _take(values, "gpu_count", count, "--count")
    _take(values, "min_gpu_memory_gb", min_memory, "--min-memory")
    output = Output(as_json=as_json, quiet=quiet)
    show_offers(output, replace(asked, values=values), wait_for_stock, here_too=False)


def _take(values: dict[str, Any], name: str, number: int | None, older: str) -> None:
    """Raises InvalidRequest where the option of today says another number."""
    from launcher.errors import InvalidRequest

    if number is None or values.setdefault(name, str(number)) == str(number):
        return
    raise InvalidRequest(
        f"{older} {number} and {option_of(name)} {values[name]} contradict each other.",
        hint="Give one of the two.",
    )
