"""`launcher tensorboard`: a run's own curves, sound and pictures in TensorBoard, from a copy that is kept fresh."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from launcher.cli.documents.said import Address
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, command_app
from launcher.cli.session import run_at
from launcher.cli.terminal.output import Output
from launcher.domain.run import RunState
from launcher.services.common.workbench import Workbench
from launcher.services.following.find_run import find_run
from launcher.services.following.tensorboard import (
    bring_event_files,
    keep_fresh,
    need_tensorboard,
    tensorboard_on,
)

app = command_app()


@app.command()
def tensorboard(
    run: RunArgument = "",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 chooses a free one.")
    ] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")
    ] = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Open TensorBoard for a run, until Ctrl-C.

    The run's event files are downloaded and checked, and updated every minute while it runs.
    TensorBoard reads only that copy, in its own process; install it with: pip install tensorboard
    """
    need_tensorboard()
    output = Output(as_json=as_json, quiet=quiet, streams=True)

    async def work(bench: Workbench) -> None:
        found = await find_run(bench, run)
        files = await bring_event_files(bench, found)
        output.talk(
            f"{files.text} of {found.run_id}, checked; TensorBoard opens the copy in {files.folder}"
        )
        async with tensorboard_on(files, found, port=port) as shown:
            output.event(_address(shown.url), shown.url)
            if browser and not (as_json or quiet):
                _open(shown.url)
            continues = "" if found.state is RunState.ENDED else " The run continues."
            output.talk(f"Ctrl-C ends it.{continues}")
            fresh = asyncio.create_task(keep_fresh(lambda: bench, found, bench.clock))
            try:
                await shown.ended()
            finally:
                fresh.cancel()

    run_at(run, work)


def _address(url: str) -> Address:
    return {"schema": "address", "version": 1, "url": url}


def _open(url: str) -> None:
    from launcher.ui.server.server import open_in_browser

    open_in_browser(url)
