"""`launcher wait`: for scripts: return when a run is over, with an exit code that says how it ended."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from launcher.api.desk import Desk
from launcher.api.run import Run as HeldRun
from launcher.cli.documents.following import wait_document
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, command_app
from launcher.cli.following import (
    Followed,
    detached,
    end_on_signals,
    ending_text,
    raise_if_bad,
)
from launcher.cli.session import PLACE_ALONE, run_at
from launcher.cli.terminal.command_line import name_of
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.typed_time import read_time
from launcher.domain.run import Run, RunState
from launcher.services.common.observations import RunEnded
from launcher.services.common.workbench import Workbench
from launcher.services.following.find_run import find_run
from launcher.services.following.outcome import kept_last_word
from launcher.services.following.versions import version_of_end

EXIT_TIMED_OUT = 124
"""As with timeout(1): the run still goes on."""

app = command_app()


@app.command()
def wait(
    run: RunArgument = "",
    timeout: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Wait this long at most: 90s, 30m, 2h. Default: until it ends."
        ),
    ] = "",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Wait until a run has ended and its pod is gone. For scripts: nothing is shown before.

    The exit code says how it ended: 0 finished or stopped by you, 6 failed or cut off, 7 results are missing. After
    --timeout it is 124, and the run continues. `launcher watch` shows the run while it waits.
    """
    output = Output(as_json=as_json, quiet=quiet)
    seconds = read_time(timeout).total_seconds() if timeout else None
    end_on_signals()
    waited = run_at(run, lambda bench: _wait(bench, run, seconds), PLACE_ALONE)
    if waited.run.state is not RunState.ENDED:
        output.answer(
            wait_document(waited.run, None),
            lambda: (
                f"{waited.run.run_id} has not ended after {timeout}; it continues.\n"
                f"  Watch it: launcher watch {name_of(waited.run)}"
            ),
            quiet=waited.run.state.value,
        )
        raise typer.Exit(EXIT_TIMED_OUT)
    output.answer(
        wait_document(waited.run, waited.last_word),
        lambda: ending_text(waited),
        quiet=str(waited.run.end_reason),
    )
    raise_if_bad(waited)


async def _wait(bench: Workbench, key: str, seconds: float | None) -> Followed:
    """The run at its end, or as it is once the time is up. Raises Interrupted when the person leaves."""
    run = await find_run(bench, key)
    if run.state is not RunState.ENDED:
        run = await _until_over(bench, run, seconds)
    if run.state is not RunState.ENDED:
        return Followed(run)
    return Followed(run, kept_last_word(bench, run), await version_of_end(bench, run))


async def _until_over(bench: Workbench, run: Run, seconds: float | None) -> Run:
    try:
        async with (
            asyncio.timeout(seconds),
            HeldRun(Desk.at(bench), run).observations() as observations,
        ):
            async for seen in observations:
                if isinstance(seen, RunEnded):
                    return seen.run
    except TimeoutError:
        return bench.runs.by_nonce(run.nonce) or run
    except asyncio.CancelledError as exc:
        raise detached(bench.runs.by_nonce(run.nonce) or run) from exc
    raise AssertionError("the last observation of a run is its end")
