"""`launcher watch`: follow a run live."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from launcher.cli.documents.following import event_line
from launcher.cli.flags import (
    JsonOption,
    NoNotifyOption,
    NotifyOption,
    QuietOption,
    RunArgument,
    command_app,
)
from launcher.cli.following import (
    Followed,
    detached,
    end_on_signals,
    ending_text,
    follow_to_end,
    raise_if_bad,
)
from launcher.cli.notifying import with_addresses
from launcher.cli.session import PLACE_ALONE, run_at
from launcher.cli.terminal.live import Live
from launcher.cli.terminal.output import Output
from launcher.domain.run import Run, RunState
from launcher.services.common.observations import EventSeen, RunEnded
from launcher.services.common.workbench import Workbench
from launcher.services.ending.watched import watched
from launcher.services.following.attached import delivered_events
from launcher.services.following.find_run import find_run
from launcher.services.following.outcome import kept_last_word
from launcher.services.following.versions import version_of_end
from launcher.services.following.watch import watch as watch_run
from pod_image.contract.bodies import Ended
from pod_image.contract.events import Stamped, tells

app = command_app()


@app.command()
def watch(
    run: RunArgument = "",
    notify: NotifyOption = None,
    no_notify: NoNotifyOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Follow a run live until it ends. Ctrl-C only stops watching; the run continues.

    A run on several nodes needs somebody who watches. If it was started on this computer and no other program here
    watches it, Ctrl-C releases its pods.

    With --json every event of the pod is one line, from the start.
    """
    output = Output(as_json=as_json, quiet=quiet, streams=True)
    end_on_signals()
    followed = run_at(
        run,
        lambda bench: _watch(bench, run, output),
        PLACE_ALONE,
        more=lambda keys: with_addresses(keys, notify or (), is_off=no_notify),
    )
    if not as_json:
        output.answer({}, lambda: ending_text(followed), quiet=str(followed.run.end_reason))
    raise_if_bad(followed)


async def _watch(bench: Workbench, key: str, output: Output) -> Followed:
    run = await find_run(bench, key)
    if output.as_json:
        return await _stream(bench, run, output)
    if run.state is RunState.ENDED:
        return Followed(run, kept_last_word(bench, run), await version_of_end(bench, run))
    with Live(output) as live:
        if run.cost_usd is not None:
            live.picture.meter(run.cost_usd)
        return await follow_to_end(bench, run, live)


async def _stream(bench: Workbench, run: Run, output: Output) -> Followed:
    if run.state is RunState.ENDED:
        for event in await delivered_events(bench, run):
            output.event(event_line(event))
        return Followed(run, kept_last_word(bench, run))
    ended: Stamped[Ended] | None = None
    try:
        async with (
            watched(bench, run),
            aclosing(watch_run(bench, run, from_start=True)) as observations,
        ):
            async for seen in observations:
                if isinstance(seen, EventSeen):
                    output.event(event_line(seen.event))
                    ended = seen.event if tells(seen.event, Ended) else ended
                if isinstance(seen, RunEnded):
                    return Followed(seen.run, ended)
    except asyncio.CancelledError as exc:
        raise detached(run) from exc
    raise AssertionError("the last observation of a run is its end")
