"""`launcher top`: all that lives, at every place, in one table."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import typer

from launcher.cli.documents.fleet import top_document
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.session import PLACE_ALONE, find
from launcher.cli.session import run as at_bench
from launcher.cli.terminal.fleet_view import fleet_frame, fleet_text, left_running
from launcher.cli.terminal.key_presses import key_presses
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.plain_text import unguarded
from launcher.config import read_config
from launcher.services.common.workbench import Workbench
from launcher.services.live.fleet import Fleet
from launcher.services.live.whole_fleet import WholeFleet, whole_fleet
from launcher.stores.secrets import Keys

app = command_app()

LEAVING = "q or Ctrl-C: leave; the pods continue"
REDRAWS_A_SECOND = 2
_LEAVING_KEYS = ("q", "Q", "\x04")


@app.command()
def top(
    once: bool = typer.Option(False, "--once", help="Print one table and exit, as in a pipe."),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """All live runs, at every provider: state, steps, speed, GPU use, cost a minute, cap. Leaving it stops no
    run. Cost is calculated from the age of the pod; CAP is what a run never exceeds.
    """
    output = Output(as_json=as_json, quiet=quiet)
    is_drawn = output.is_live and sys.stdout.isatty() and not once
    config, keys = read_config(), find(PLACE_ALONE)
    config.make_folders()
    # What pods tell is worth seeing without a history that can be read.
    fleet, whole = at_bench(
        keys, lambda bench: _look(bench, keys, output, is_drawn), config, needs_history=False
    )
    troubles = _troubles(whole)
    if is_drawn:
        output.talk(left_running(fleet, whole.looked_at))
        return
    output.answer(
        top_document(fleet, troubles, whole.looked_at),
        lambda: fleet_text(fleet, troubles, whole.looked_at),
        quiet="\n".join(row.run.address for row in fleet.rows),
    )


async def _look(
    bench: Workbench, keys: Keys, output: Output, is_drawn: bool
) -> tuple[Fleet, WholeFleet]:
    async with whole_fleet(bench, keys, in_terminal) as whole:
        if is_drawn:
            await _draw_until_left(whole)
            return whole.now, whole
        return await whole.heard(), whole


def _troubles(whole: WholeFleet) -> dict[str, str]:
    return {place: in_terminal(why) for place, why in whole.troubles.items()}


async def _draw_until_left(whole: WholeFleet) -> None:
    """Ctrl-C is one way to leave it, and no failure."""
    from rich.console import Console
    from rich.live import Live as RichLive

    left = asyncio.Event()
    notes: list[str] = []
    whole.bench.runs.on_trouble = notes.append
    console = Console(file=unguarded(sys.stdout), highlight=False)

    def press(key: str) -> None:
        if key in _LEAVING_KEYS:
            left.set()

    display = RichLive(
        get_renderable=lambda: _frame(whole, notes, console),
        console=console,
        screen=True,
        refresh_per_second=REDRAWS_A_SECOND,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    try:
        with display, key_presses(press):
            await left.wait()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        assert task is not None
        task.uncancel()


def _frame(whole: WholeFleet, notes: list[str], console: Any) -> Any:
    from rich.text import Text

    ended = [f"{run.title} ended: {run.end_sentence}" for run in whole.ended]
    more = ["", *ended, *notes[-1:], LEAVING]
    size = console.size
    troubles, places = _troubles(whole), whole.looked_at
    lines = fleet_frame(whole.now, troubles, places, more, size.width, size.height)
    return Text("\n".join(lines), no_wrap=True, overflow="crop")
