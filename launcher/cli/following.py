"""Following a run on a terminal to its end, and what is said when it is over."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from launcher.api.desk import Desk
from launcher.api.made_plan import Plan as HeldPlan
from launcher.api.run import Run as HeldRun
from launcher.cli.documents.following import Deploy
from launcher.cli.documents.runs import run_facts
from launcher.cli.terminal.command_line import command_line, name_of
from launcher.cli.terminal.layout import lasted, usd
from launcher.cli.terminal.live import Live
from launcher.cli.terminal.run_time import lasted_seconds
from launcher.domain.delivery import Delivery
from launcher.domain.labels import LabelName
from launcher.domain.plan import Plan
from launcher.domain.pod_ids import named_pod
from launcher.domain.run import Run
from launcher.errors import Interrupted
from launcher.services.common.interrupts import leaving_signals
from launcher.services.common.observations import RunEnded
from launcher.services.common.workbench import Workbench
from launcher.services.ending.watched import watched
from launcher.services.following.outcome import delivery_of, kept_last_word
from launcher.services.following.outcome import raise_if_bad as raise_if_run_is_bad
from launcher.services.following.versions import version_of_end
from launcher.services.launching.naming import naming
from launcher.services.launching.progress import Progress, Stage
from launcher.stores.secrets import Keys
from pod_image.contract.bodies import Ended
from pod_image.contract.events import Stamped, to_document
from pod_image.contract.figures import counted, dollars_per_hour
from pod_image.contract.outcomes import EndReason


@dataclass(frozen=True)
class Followed:
    """A run as it is when nobody watches any more. `last_word` is the pod's, if it was heard."""

    run: Run
    last_word: Stamped[Ended] | None = None
    version: str = ""
    """The tag that the results repo shows to hold this end; empty where none was seen to."""

    @property
    def ended(self) -> Ended | None:
        return self.last_word.body if self.last_word else None

    def document(self) -> Deploy:
        return {
            "schema": "deploy",
            "version": 1,
            **run_facts(self.run),
            "provider_calls": self.run.provider_calls,
            "ended": self._told,
        }

    @property
    def delivery(self) -> Delivery | None:
        """What reached the results repo; None where the pod did not say."""
        return delivery_of(self.run, self.last_word)

    @property
    def _told(self) -> dict[str, Any] | None:
        return to_document(self.last_word) if self.last_word else None


_UNSAID = "The pod did not report whether all its results arrived."
_SAID_OTHERWISE = (Stage.SETTLING, Stage.ARMED)
"""The first is mostly no news; the second the pod says itself, in its own event."""


Left = Callable[[Run], Interrupted]
"""What is said to whoever leaves a run that is armed."""


async def launch_and_show(
    bench: Workbench,
    plan: Plan,
    keys: Keys,
    live: Live,
    left: Left | None = None,
    labels: Mapping[LabelName, str] | None = None,
    *,
    watches: bool = True,
) -> Run:
    """Launch, telling each step; the run is called by its labels. Raises what `launch` raises; nothing is left rented
    then.

    Raises Interrupted in the words of `left` when the person leaves at the very moment that the pod is armed.
    """

    def report(progress: Progress) -> None:
        if progress.run is not None:
            live.follow(progress.run)
        if progress.stage is Stage.SEEN:
            live.see(progress.seen)
        elif progress.stage not in _SAID_OTHERWISE:
            live.tell(progress)
        if progress.stage is Stage.RENTED:
            live.picture.meter(0.0)

    try:
        held = HeldPlan(Desk.at(bench, keys), plan, keys)
        reported = naming(bench, labels or {}, report)
        return (await held.launch.aio(reported, watches=watches)).known
    except asyncio.CancelledError as exc:
        shown = live.picture.run
        run = bench.runs.by_nonce(shown.nonce) if shown is not None else None
        if run is None or run.armed_at is None:
            raise
        raise (left or detached)(run) from exc


async def follow_to_end(
    bench: Workbench, run: Run, live: Live, left: Left | None = None, *, is_starter: bool = False
) -> Followed:
    """Show the run until it is over. Raises Interrupted, saying where it is, when the person leaves. `is_starter`: it
    was started here, a moment ago.

    `left` says it where the run does not go on by itself.
    """
    live.follow(run)
    try:
        async with (
            watched(bench, run, is_starter=is_starter),
            HeldRun(Desk.at(bench), run).observations() as observations,
        ):
            async for seen in observations:
                if isinstance(seen, RunEnded):
                    heard = live.picture.told.last_word or kept_last_word(bench, seen.run)
                    return Followed(seen.run, heard, await version_of_end(bench, seen.run))
                live.see(seen)
                live.follow(bench.runs.by_nonce(run.nonce) or run)
    except asyncio.CancelledError as exc:
        raise (left or detached)(bench.runs.by_nonce(run.nonce) or run) from exc
    raise AssertionError("the last observation of a run is its end")


def detached(run: Run) -> Interrupted:
    """Nobody watches, the run goes on: where it is, what it costs, how to stop it."""
    if run.is_cluster:
        return Interrupted(
            f"Stopped watching. {run.run_id} continues on {named_pod(run.pod_id)} "
            f"({dollars_per_hour(run.price_per_hour_usd)}), which cannot release itself: the program that started it "
            "must keep watching it.",
            hint=f"Watch again: launcher watch {name_of(run)}. Finish it now: launcher stop {name_of(run)}. If no "
            "program watches it any more, release it with launcher reap on the computer that started it.",
        )
    return Interrupted(
        f"Stopped watching. {run.run_id} continues without this computer, on pod {run.pod_id} ({run.gpu_name}, "
        f"{dollars_per_hour(run.price_per_hour_usd)}, never over {usd(run.most_usd)}).",
        hint=f"Watch again: launcher watch {name_of(run)}. Finish it now: launcher stop {name_of(run)}",
    )


def raise_if_bad(followed: Followed) -> None:
    """Raises RunFailed for an end that was neither reached nor asked for, NotDelivered when results are missing."""
    raise_if_run_is_bad(followed.run, followed.last_word)


def ending_text(followed: Followed) -> str:
    """How it ended, what it cost, where the results are."""
    run, ended = followed.run, followed.ended
    reason = run.end_reason or EndReason.LOST
    lines = [run.end_sentence or reason.sentence]
    if ended and ended.steps:
        losses = ""
        if ended.first_loss is not None and ended.last_loss is not None:
            losses = f", loss {ended.first_loss:.3f} to {ended.last_loss:.3f}"
        lines.append(f"  {counted(ended.steps, 'step')}{losses}")
    if run.shown_pod_id:
        lines.append(
            f"  {lasted(lasted_seconds(run))} on {run.gpu_name}, {usd(run.cost_usd)}; the pod is gone"
        )
    if reason.delivers:
        lines.append(f"  {delivery_text(followed)}")
        lines.append(f"  Results: {run.results_repo}, folder {run.run_id}")
        lines.append(f"  Download them: launcher results {name_of(run)} --download")
    if followed.version:
        again = command_line("results", run.address, "--revision", followed.version, "--download")
        lines.append(f"  Kept as {followed.version}, even if the run is continued: {again}")
    return "\n".join(lines)


def delivery_text(followed: Followed) -> str:
    delivery = followed.delivery
    return _UNSAID if delivery is None else delivery.sentence


def end_on_signals() -> None:
    """SIGTERM and a closed terminal are taken as Ctrl-C, so that nothing is left half done."""
    for number in leaving_signals():
        if number is signal.SIGINT:
            # A shell starts background jobs with SIGINT ignored, and then nothing could interrupt us.
            signal.signal(number, signal.default_int_handler)
        else:
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
