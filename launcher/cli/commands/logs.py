"""`launcher logs`: what the pod printed."""

from __future__ import annotations

import sys
from contextlib import aclosing
from datetime import datetime
from typing import Annotated

import typer

from launcher.api.log_lines import LogLine, log_lines
from launcher.cli.documents.following import event_line, log_line
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, command_app
from launcher.cli.following import end_on_signals
from launcher.cli.session import run_at
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.picture import Picture
from launcher.cli.terminal.plain_text import plain_text_line
from launcher.services.common.workbench import Workbench
from launcher.services.following.find_run import find_run
from pod_image.contract.events import Event

app = command_app()
MOST_LINES = 5_000


@app.command()
def logs(
    run: RunArgument = "",
    follow: Annotated[
        bool | None,
        typer.Option(
            "--follow/--no-follow",
            "-f/-F",
            help="Print lines as they come until the pod is gone. Default: on a terminal, without --tail.",
            show_default=False,
        ),
    ] = None,
    tail: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_LINES,
            show_default=False,
            help="Print only this many of the newest lines. Default: all, at most 5000.",
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what the pod printed: its events as sentences, everything else unchanged.

    If the pod is gone, events and log come from the results repo. With --json each event and each log line is one line.
    """
    end_on_signals()
    output = Output(as_json=as_json, quiet=quiet, streams=True)
    if follow is None:
        follow = tail is None and not as_json and sys.stdout.isatty()
    is_followed, most = follow, tail or MOST_LINES
    run_at(run, lambda bench: _show(bench, run, output, is_followed, most))


async def _show(bench: Workbench, key: str, output: Output, follow: bool, tail: int) -> None:
    run = await find_run(bench, key)
    words = Picture(run=run)

    def on_gone() -> None:
        output.talk("The pod is gone. This is the log that it delivered.")

    lines = log_lines(bench, run, follow=follow, tail=tail, on_gone=on_gone)
    async with aclosing(lines):
        async for line in lines:
            _print_line(line, words, output)


def _print_line(line: LogLine, words: Picture, output: Output) -> None:
    if line.event is not None:
        _print_event(line.event, words, output)
    else:
        _print_text(line.text, line.source, line.at, output)


def _print_text(text: str, source: str, at: datetime | None, output: Output) -> None:
    if output.as_json:
        output.event(log_line(text, source, at))
    else:
        mark = "" if source == "container" else f"[{source}] "
        print(f"{mark}{plain_text_line(text)}", flush=True)


def _print_event(event: Event, words: Picture, output: Output) -> None:
    if output.as_json:
        output.event(event_line(event))
        return
    said = words.text_of(event.body)
    if said:
        print(f"{event.at.astimezone():%H:%M:%S}  {plain_text_line(said)}", flush=True)
