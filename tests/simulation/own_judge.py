"""Judges what is a matter of a person's own machine alone: whose its GPU is, what lies there after a run, and whether
what the launcher says of its runs is true."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.domain.run import Run, RunState
from pod_image.contract.events import from_line
from pod_image.contract.outcomes import EndReason
from pod_image.own_machine.gpus import is_free
from tests.kit.clouds import RESULTS_REPO
from tests.simulation.disks import Kept
from tests.simulation.money import Found, Money
from tests.simulation.own_place import GPUS, OwnPlace
from tests.simulation.own_rented import RentedRun
from tests.simulation.schedule import Schedule
from tests.simulation.world import World

UNWRITABLE_SECONDS = 180.0
"""Before its end: within so long of an outage of its folder a run may not have delivered all."""


@dataclass
class OwnJudge:
    """Looks on, and compares at the end."""

    world: World
    place: OwnPlace
    money: Money
    schedule: Schedule
    found: Found

    def look(self) -> None:
        """One GPU, one run."""
        lent: dict[str, list[str]] = {}
        for run in self.place.runs:
            if run.is_agent_alive or run.stages:
                for gpu in run.gpus:
                    lent.setdefault(gpu, []).append(run.place.pod_id)
        for gpu, pod_ids in lent.items():
            if len(pod_ids) > 1:
                self.found("doubled", f"{len(pod_ids)} runs have {gpu}", gpu)

    def at_the_end(self, runs: list[Run]) -> None:
        """`runs`: as they stand in the history of the person's computer, where that is still there."""
        for gpu in GPUS:
            if not is_free(self.place.ground.leases, gpu):
                self.found("orphan", f"{gpu.uuid} is not given back", gpu.uuid)
        known = {run.pod_id: run for run in runs if run.pod_id}
        for pod in self.place.rented():
            _RunJudge(self, pod, known.get(pod.id)).judge()

    def text_of_places(self) -> Iterator[tuple[str, str]]:
        """Where a secret must not be."""
        for command in sorted(self.place.commands):
            yield "the words or the surroundings of a command", command


class _RunJudge:
    def __init__(self, judge: OwnJudge, pod: RentedRun, told: Run | None) -> None:
        self._world, self._pod, self._told = judge.world, pod, told
        self._judge, self._place = judge, pod.run.place
        self._gone_at = judge.money.of(pod).gone_at or judge.place.true_now()
        self._ended = _last_word(judge.world, pod.id)

    def judge(self) -> None:
        at_home = self._judge.place.results if self._judge.schedule.has_results_folder else None
        missing = [kept for kept in self._kept() if not self._is_delivered(kept, at_home)]
        for kept in missing:
            if not self._is_in_folder(kept):
                self._lost(f"{kept.below} is neither delivered nor in the run's folder")
        if at_home is not None and not self._was_taken_over:
            self._judge_folder(at_home, missing)
        if self._told is not None:
            self._judge_told(self._told, missing)

    def _lost(self, text: str) -> None:
        self._judge.found("lost", text, self._pod.id)

    def _kept(self) -> list[Kept]:
        return self._world.machine(self._pod.id).disk.at(self._gone_at)

    def _is_in_folder(self, kept: Kept) -> bool:
        return _is_at(self._place.disk / "run" / "out" / kept.below, kept)

    def _is_delivered(self, kept: Kept, at_home: Path | None) -> bool:
        if self._was_taken_over:
            return True
        below = f"{kept.run_id}/{kept.below}"
        if at_home is not None:
            return _is_at(at_home / below, kept)
        repos = [repo for _, repo in self._world.deleted_repos]
        repos += [repo for key, repo in self._world.core.store.repos.items() if key[0] == "model"]
        trees = [commit.tree for repo in repos for commit in repo.commits.values()]
        return any(below in tree and tree[below].sha256 == kept.sha256 for tree in trees)

    @property
    def _was_taken_over(self) -> bool:
        attempt = _attempt(self._pod)
        return any(
            _attempt(other)[0] == attempt[0] and _attempt(other)[1] > attempt[1]
            for other in self._judge.place.rented()
        )

    # --- results in a folder

    def _judge_folder(self, at_home: Path, missing: list[Kept]) -> None:
        ended = self._ended
        if ended is None or not EndReason(ended["reason"]).delivers:
            return
        for file in ended.get("delivered", ()):
            path = at_home / file["path"]
            if not path.is_file() or _sha256(path) != file["sha256"]:
                self._lost(f"{file['path']} was called delivered")
        since = self._gone_at - UNWRITABLE_SECONDS
        if missing and not self._judge.place.was_unwritable(since, self._gone_at):
            self._lost(f"{missing[0].below} could have been delivered, and was not")
        named = ended["not_delivered"]
        for kept in missing:
            if kept.below not in named and ended["not_delivered_count"] <= len(named):
                self._lost(f"{kept.below} is missing, and its end does not say so")

    # --- what the launcher says of it

    def _judge_told(self, told: Run, missing: list[Kept]) -> None:
        if told.state is not RunState.ENDED:
            self._untrue(f"the launcher calls it {told.state}, and nothing of it lives")
            return
        reason = told.end_reason
        was_asked = self._judge.money.of(self._pod).asked_at is not None
        truth = EndReason(self._ended["reason"]) if self._ended is not None else None
        is_silent = truth is None and reason is not self._recorded_reason()
        right = [EndReason.LOST, EndReason.ABORTED]
        if not self._judge.money.of(self._pod).is_launched:
            right.append(EndReason.BOOT_FAILED)  # whoever launched it gave up, and ended it
        if is_silent and reason not in right and not was_asked:
            self._untrue(f"the launcher says {reason}, and it never said how it ended")
        is_unheard = reason is EndReason.LOST and not self._is_word_kept()
        if truth is not None and reason is not truth and not was_asked and not is_unheard:
            self._untrue(f"the launcher says {reason}, and it ended as {truth}")
        if missing and not was_asked and str(self._place.disk) not in told.detail:
            self._untrue("the launcher does not say that what it had made is in its folder")
        is_restart = self._pod.id in self._world.dead_hosts
        if reason is EndReason.LOST and is_restart and "started again" not in told.detail:
            self._untrue("the launcher does not say that its machine was started again")

    def _is_word_kept(self) -> bool:
        """Whether its log has its last word: on a full disk it has not."""
        log = self._place.log
        return log.is_file() and '"event":"ended"' in log.read_text()

    def _recorded_reason(self) -> EndReason | None:
        """Of a run that died while it delivered: why it was to end."""
        name = f"{_attempt(self._pod)[0]}/run.json"
        if self._judge.schedule.has_results_folder:
            path = self._judge.place.results / name
        else:
            repo = self._world.core.store.repos.get(("model", RESULTS_REPO))
            blob = repo.head.tree.get(name) if repo is not None else None
            path = self._world.core.store.object_path(blob.sha256) if blob else Path()
        record = json.loads(path.read_text()) if path.is_file() else {}
        reason = (
            record.get("end_reason") if self._pod.id.endswith(str(record.get("nonce"))) else None
        )
        return EndReason(reason) if reason else None

    def _untrue(self, text: str) -> None:
        self._judge.found("untrue", text, self._pod.id)


def _last_word(world: World, pod_id: str) -> dict[str, Any] | None:
    said = [each.line for each in world.heard if each.pod_id == pod_id]
    ends = [line for line in said if '"event":"ended"' in line and from_line(line) is not None]
    return dict(json.loads(ends[-1])) if ends else None


def _attempt(pod: RentedRun) -> tuple[str, int]:
    run_id, attempt, _ = pod.id.rsplit("-", 2)
    return run_id, int(attempt[1:])


def _is_at(path: Path, kept: Kept) -> bool:
    return (
        path.is_file() and path.stat().st_size == kept.size_bytes and _sha256(path) == kept.sha256
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
