"""What a person calls a run: kept here at once, and in its results repo once in a while, so that every computer has it.

Commits are counted by the Hub, and while a run goes on its pod needs them: its labels are written rarely then, and at
once when it is over. Only beside what the run itself has delivered: a folder of labels alone would look like a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from launcher.domain.labels import NO_LABELS, Earlier, LabelName, Labels, overruled
from launcher.domain.run import Run, RunState
from launcher.errors import HubError, LauncherError, NotConfigured
from launcher.services.common.workbench import Workbench
from launcher.stores.labels import Unsent
from pod_image.contract.next_steps import Said, Sentence
from pod_image.contract.results_address import is_folder

WHILE_IT_GOES_ON = timedelta(minutes=15)
ONCE_IT_IS_OVER = timedelta(minutes=1)
"""Between two commits of one run's labels from one computer."""
_TRIES = 4


class Sending(StrEnum):
    """What became of labels on their way to the results repo."""

    THERE = "there"
    """The repo has all that this computer knows."""
    LATER = "later"
    """They were written a moment ago; what is new goes with the next commit."""
    NOTHING_DELIVERED = "nothing_delivered"
    """The run has no folder in the repo yet."""
    NO_TOKEN = "no_token"
    UNREADABLE = "unreadable"
    """The repo has a file of labels that no release of ours has written: it is left alone."""


@dataclass(frozen=True)
class Sent:
    """`overruled`: words that lost their place to newer ones when two computers' were put together."""

    sending: Sending
    labels: Labels
    overruled: tuple[Earlier, ...] = ()


def label(bench: Workbench, run: Run, typed: Mapping[LabelName, str]) -> Run:
    """Keep what a person calls the run, on this computer; the run as it is then. Raises InvalidRequest,
    NotConfigured."""
    bench.runs.labels.change(run.results_repo, run.run_id, typed, bench.clock.now())
    return bench.runs.by_nonce(run.nonce) or run


async def send_labels(bench: Workbench, run: Run) -> Sent:
    """Write the run's labels into its repo, if they are due, and take in what another computer wrote there.

    Raises HubError or NotConfigured where the Hub refuses, or does not answer.
    """
    book = bench.runs.labels
    known = book.of(run.results_repo, run.run_id)
    if not book.is_unsent(run.results_repo, run.run_id):
        return Sent(Sending.THERE, known)
    if bench.hub.upload.token is None and not is_folder(run.results_repo):
        return Sent(Sending.NO_TOKEN, known)
    now = bench.clock.now()
    if not is_due(run, book.sent_at(run.results_repo, run.run_id), now):
        return Sent(Sending.LATER, known)
    for _ in range(_TRIES):
        sent = await _send_on_newest(bench, run, known, now)
        if sent is not None:
            return sent
    raise HubError(
        f"The labels of {run.run_id} could not be written into {run.results_repo}: others kept committing.",
        hint="They are kept on this computer and go there later.",
    )


def is_due(run: Run, sent_at: datetime | None, now: datetime) -> bool:
    """Whether another commit may be spent on the run's labels."""
    pause = ONCE_IT_IS_OVER if run.state is RunState.ENDED else WHILE_IT_GOES_ON
    return sent_at is None or not sent_at <= now < sent_at + pause


async def send_all(bench: Workbench) -> tuple[Said, ...]:
    """The same for every run whose labels are not in its repo yet; what kept some from getting there."""
    troubles: list[Said] = []
    for unsent in bench.runs.labels.unsent():
        run = _newest_attempt(bench, unsent)
        if run is None:
            continue
        try:
            sent = await send_labels(bench, run)
        except LauncherError as error:
            troubles.append(
                Sentence(f"The labels of {run.address} stay on this computer: ", error.message)
            )
            continue
        if sent.sending is Sending.UNREADABLE:
            troubles.append(unreadable(run))
    return tuple(troubles)


def unreadable(run: Run) -> str:
    return (
        f"{run.results_repo} has a labels.json for {run.run_id} that cannot be read. It was not changed, "
        f"and the labels are kept on this computer. To have them written again, delete that file on Hugging Face."
    )


def take_in(bench: Workbench, run: Run) -> Run:
    """The run with its repo's labels and those that this computer knows put together, and kept. Its labels have to be
    as they were read: those that are put together already would pass for what the repo has."""
    try:
        _, now = bench.runs.labels.take_in(run.results_repo, run.run_id, run.labels)
    except NotConfigured:  # the history is a cache: what it cannot keep is shown all the same
        return run
    return replace(run, labels=now)


async def _send_on_newest(bench: Workbench, run: Run, before: Labels, now: datetime) -> Sent | None:
    """None where somebody committed in between."""
    book, results = bench.runs.labels, bench.results(run.results_repo)
    head = await results.commit()
    if await results.record(run.run_id, head) is None:
        return Sent(Sending.NOTHING_DELIVERED, before)
    raw = (await results.labels([run.run_id], head)).get(run.run_id)
    theirs = NO_LABELS if raw is None else Labels.from_json(raw)
    if theirs is None:
        return Sent(Sending.UNREADABLE, before)
    _, merged = book.take_in(run.results_repo, run.run_id, theirs)
    is_new = merged != theirs
    if is_new and not await results.put_labels(run.run_id, merged.to_json().encode(), head):
        return None
    book.settle(run.results_repo, run.run_id, merged, now if is_new else None)
    return Sent(Sending.THERE, merged, overruled(before, theirs))


def _newest_attempt(bench: Workbench, unsent: Unsent) -> Run | None:
    found = bench.runs.attempts(unsent.results_repo, unsent.run_id)
    return found[0] if found else None
