"""What was found out about a run of another computer goes into the history, which is a cache of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from launcher.domain.pod import Pod
from launcher.domain.run import Run, RunState
from launcher.errors import LauncherError, NotConfigured
from launcher.services.common.workbench import Workbench
from launcher.services.ending.pod_runs import proven_name, told_run
from launcher.services.following.attached import AttachedRun
from launcher.services.labelling import take_in


async def runs_of_pods(bench: Workbench) -> list[Run]:
    """Runs of the pods at every place that are provably ours and that the history does not know; not in it yet.

    Raises ProviderError or NotConfigured where the list cannot be had.
    """
    found = []
    for at_place in bench.everywhere():
        found += await runs_of_pods_at(at_place)
    return found


async def runs_of_pods_at(at_place: Workbench) -> list[Run]:
    """The same of this place alone."""
    return _told_by(at_place, await at_place.provider.pods())


async def runs_of_listed_pods_at(at_place: Workbench) -> list[Run]:
    """The same by the list that all watchers share: for who looks again and again."""
    return _told_by(at_place, await at_place.pod_list.pods())


def _told_by(at_place: Workbench, pods: Sequence[Pod]) -> list[Run]:
    return [run for pod in pods if (run := _told(at_place, pod)) is not None]


async def runs_of_pods_if_any(bench: Workbench) -> list[Run]:
    """The same; none where the list cannot be had: then what else is known has to do."""
    try:
        return await runs_of_pods(bench)
    except LauncherError:
        return []


def adopt(bench: Workbench, run: Run) -> Run:
    """A run that its own pod tells of: this computer follows and ends it from here on as if it had launched it."""
    for known in _attempts(bench, run):
        if known.is_from_repo and known.attempt_nonce == run.nonce:
            bench.runs.delete(known)
    return bench.runs.put(run)


def keep(bench: Workbench, attached: AttachedRun) -> Run:
    """A run that its repo alone tells of, in the history; what this computer knows better of it stays."""
    run = take_in(bench, attached.run)
    better = next((each for each in _attempts(bench, run) if is_same_attempt(each, run)), None)
    if better is not None:
        return better
    known = bench.runs.by_nonce(run.nonce)
    if known is not None and known.state is RunState.ENDED and known.last_seq > run.last_seq:
        return known  # this was read at an earlier version
    bench.runs.put(run)
    run = bench.runs.by_nonce(run.nonce) or run
    for moment, at in attached.moments.items():
        bench.runs.mark(run, moment, at)
    for kind, document in attached.documents.items():
        bench.runs.keep(run, kind, document)
    return run


def keep_listed(bench: Workbench, run: Run) -> Run:
    """The same for a run of which the record alone was read."""
    known = bench.runs.by_nonce(run.nonce)
    if known is not None and known.last_seq and known.state is run.state:
        labels = take_in(bench, run).labels
        return replace(known, labels=labels)  # its events were read before, and tell more
    return keep(bench, AttachedRun(run, None))


def is_same_attempt(known: Run, run: Run) -> bool:
    """Whether this computer knows the attempt by itself, or from its pod."""
    return (
        not known.is_from_repo
        and bool(run.attempt_nonce)
        and known.nonce == run.attempt_nonce
        and (known.run_id, known.results_repo) == (run.run_id, run.results_repo)
    )


def known_attempts(bench: Workbench, repo: str, run_id: str) -> list[Run]:
    """What the history has of a run, newest attempt first; nothing where it cannot be read."""
    with suppress(NotConfigured):
        return bench.runs.attempts(repo, run_id)
    return []


def _attempts(bench: Workbench, run: Run) -> list[Run]:
    return known_attempts(bench, run.results_repo, run.run_id)


def _told(bench: Workbench, pod: Pod) -> Run | None:
    name = proven_name(bench, pod)
    return None if name is None or bench.runs.by_nonce(name.nonce) else told_run(bench, pod, name)
