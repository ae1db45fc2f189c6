"""Judges the results: what a pod's disk held against what the repo holds, byte by byte.

Nothing is excused as such. A file may be absent when it could not have been uploaded: then the seconds in which the
pod's agent was at work and the Hub took what it was sent are fewer than its bytes, and those before it, need.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from launcher.domain.pod import PodName
from launcher.emulator.hub.store import Blob, Repo, Tree
from pod_image.contract.events import from_line
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import now_seconds
from tests.simulation.disks import Kept
from tests.simulation.hub_wire import HubCall
from tests.simulation.jobs_place import Rented
from tests.simulation.money import Found, Money, cap_of, document, run_of
from tests.simulation.schedule import HOUR
from tests.simulation.world import World

OVERHEAD_SECONDS = 45.0
"""Of one upload, whatever its size: the questions before and after it, and the look that notices the file."""
BOOT_SECONDS = 60.0
"""From the start of an agent until it uploads again."""
LONGEST_PAUSE_SECONDS = 300.0
"""Between two tries; they double from a few seconds."""
ENDING_SECONDS = 180.0
"""For a stage to hear that it is to stop, or be ended, and for an export."""
CHECKPOINT_COMMITS, ALL_COMMITS = 42, 50
"""Of an hour: what the agent allows itself, below the sixty that the Hub is said to take."""

_OWN = ("run.json", "events.jsonl", "log.txt")
"""What the agent itself has to say."""

Span = tuple[float, float]


@dataclass
class Results:
    """Looks on, and compares at the end."""

    world: World
    money: Money
    found: Found
    at_work: dict[str, list[Span]] = field(default_factory=dict)
    """By pod: when its agent lived, was awake, and had booted."""
    _agent_since: dict[str, tuple[Any, float]] = field(default_factory=dict)
    _looked_at: float = field(default_factory=now_seconds)

    def look(self) -> None:
        now = now_seconds()
        since, self._looked_at = self._looked_at, now
        for pod in self.world.our_pods():
            container = self.world.container(pod) if pod.is_live else None
            if container is None or container.agent.is_still:
                self._agent_since.pop(pod.id, None)
                continue
            agent, began = self._agent_since.setdefault(pod.id, (container.agent, since))
            if agent is not container.agent:
                self._agent_since[pod.id] = (container.agent, since)
            elif now - began > BOOT_SECONDS:
                self.at_work.setdefault(pod.id, []).append((since, now))

    def at_the_end(self) -> None:
        for pod in self.world.our_pods():
            if not self.world.has_results_folder:  # else what is in the folder is looked at
                _PodJudge(self, pod).judge()
        self._judge_commits()

    def _judge_commits(self) -> None:
        """The Hub is said to take sixty commits an hour of one account."""
        for pod in self.world.our_pods():
            made = [
                call.began
                for call in self.world.hub_wire.calls
                if call.pod_id == pod.id and call.is_commit and not call.has_failed
            ]
            for number, at in enumerate(made):
                if number >= 60 and made[number - 60] > at - HOUR:
                    self.found("lost", "more than sixty commits in an hour", pod.id)

    def tree_at(self, moment: float) -> Tree:
        """The results repo as it was then."""
        newest: Tree = {}
        for repo in self._repos(moment):
            commits = [each for each in repo.commits.values() if each.at <= moment + 1.0]
            if commits:
                newest = max(commits, key=lambda each: each.at).tree
        return newest

    def trees_until(self, moment: float) -> Iterator[Tree]:
        """All that the repo ever was until then."""
        repos = [repo for _, repo in self.world.deleted_repos]
        present = self.world.core.store.repos.get(("model", RESULTS_REPO))
        for repo in (*repos, *([present] if present else ())):
            yield from (each.tree for each in repo.commits.values() if each.at <= moment + 1.0)

    def _repos(self, moment: float) -> Iterator[Repo]:
        """The one that was there at that moment."""
        for deleted_at, repo in self.world.deleted_repos:
            if repo.created_at <= moment <= deleted_at:
                yield repo
                return
        present = self.world.core.store.repos.get(("model", RESULTS_REPO))
        if present is not None and present.created_at <= moment:
            yield present


class _PodJudge:
    """One pod's results."""

    def __init__(self, results: Results, pod: Rented) -> None:
        self._results, self._pod = results, pod
        self._world = results.world
        self._run_id = run_of(pod)
        self._gone_at = results.money.of(pod).gone_at or now_seconds()
        self._bytes_per_second = self._world.upload_bytes_per_second
        self._disk = self._world.machine(pod.id).disk
        calls = [call for call in self._world.hub_wire.calls if call.pod_id == pod.id]
        outages = list(_outages(calls, cap_of(pod)))
        self._in_training = _merged([*outages, *_quotas(calls, CHECKPOINT_COMMITS)])
        self._at_the_end = _merged([*outages, *_quotas(calls, ALL_COMMITS)])

    def judge(self) -> None:
        uploads, ended = self._said()
        for upload in uploads:
            self._judge_receipt(upload)
        self._judge_checkpoints()
        if ended is not None and EndReason(ended["reason"]).delivers:
            self._judge_end(ended)
        elif ended is None:
            self._judge_cut_off()

    def _lost(self, text: str) -> None:
        self._results.found("lost", text, self._pod.id)

    def _said(self) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        uploads, ended = [], None
        for heard in self._world.heard:
            if heard.pod_id != self._pod.id or from_line(heard.line) is None:
                continue
            event = json.loads(heard.line)
            if event["event"] == "upload":
                uploads.append(event)
            if event["event"] == "ended":
                ended = event
        return uploads, ended

    # --- what was said

    def _judge_receipt(self, upload: dict[str, Any]) -> None:
        """An upload that was said is whole at its commit."""
        repos = [repo for _, repo in self._world.deleted_repos]
        present = self._world.core.store.repos.get(("model", RESULTS_REPO))
        found = [
            repo.commits[upload["commit"]]
            for repo in (*repos, *([present] if present else ()))
            if upload["commit"] in repo.commits
        ]
        for file in upload["files"]:
            blob = found[0].tree.get(file["path"]) if found else None
            if blob is None or (blob.sha256, blob.size) != (file["sha256"], file["size_bytes"]):
                self._lost(f"{file['path']} is not whole at its commit")

    def _judge_end(self, ended: dict[str, Any]) -> None:
        """At the end all on disk is in the repo, or is named as missing and could not have been brought there."""
        moment = self._told_at()
        tree = self._results.tree_at(moment)
        before = 0
        for file in self._in_order(self._disk.at(moment)):
            before += file.size_bytes
            if self._is_in(tree, file) or self._was_taken_over():
                continue
            if not _is_named(ended, file.below) and not self._was_deleted(file):
                self._lost(f"{file.below} is missing, and its end does not say so")
            if self._could_upload(file, before, self._at_the_end) or self._had_time():
                self._lost(f"{file.below} could have been delivered, and was not")
            elif self._gone_at < cap_of(self._pod) - ENDING_SECONDS:
                self._lost(f"{file.below} was given up long before the caps")
        self._judge_claims(ended, tree)
        self._judge_voice()
        self._judge_own(ended, tree)

    def _told_at(self) -> float:
        """When the pod went, or somebody deleted the repo just before: too late to notice."""
        deleted = [
            at for at, _ in self._world.deleted_repos if at > self._gone_at - OVERHEAD_SECONDS
        ]
        return min([self._gone_at, *deleted])

    def _judge_claims(self, ended: dict[str, Any], tree: Tree) -> None:
        # A repo that was deleted shortly before the end may have been made again in time.
        trees = (tree, self._results.tree_at(self._gone_at))
        for file in ended.get("delivered", ()):
            blobs = [each[file["path"]] for each in trees if file["path"] in each]
            is_there = any(blob.sha256 == file["sha256"] for blob in blobs)
            if not is_there and not self._was_taken_over():
                self._lost(f"{file['path']} was called delivered")

    def _judge_voice(self) -> None:
        """Whatever was learnt becomes a voice, also after a failure, if there was time for it."""
        machine = self._world.machine(self._pod.id)
        learnt = [each for each in self._disk.at(self._gone_at) if each.step is not None]
        has_voice = any(each.below.startswith("voice/") for each in self._disk.kept)
        if not learnt or has_voice or machine.was_full or machine.was_export_killed:
            return
        since = max(each.at for each in learnt)
        if self._seconds_at_work(since, self._gone_at, []) >= ENDING_SECONDS:
            self._lost("no voice was made of what was learnt")

    def _judge_own(self, ended: dict[str, Any], tree: Tree) -> None:
        """The record and the events say the end, and the log is there, unless the end itself says that they are not."""
        has_begun = any(
            call.pod_id == self._pod.id and call.is_commit and not call.has_failed
            for call in self._world.hub_wire.calls
        )
        if self._was_taken_over() or not has_begun:
            return  # where it never began, the word is with whoever was first
        own = {name: tree.get(f"{self._run_id}/{name}") for name in _OWN}
        if not self._is_end_told(own):
            start = self._gone_at - ENDING_SECONDS
            if (
                self._seconds_at_work(start, self._gone_at, self._at_the_end)
                >= 0.9 * ENDING_SECONDS
            ):
                self._lost("the repo does not say how the run ended, and could")
            elif not any(_is_named(ended, name) for name in _OWN):
                self._lost("the repo does not say how the run ended, and its end does not say so")

    def _is_end_told(self, own: dict[str, Blob | None]) -> bool:
        texts = {}
        for name, blob in own.items():
            if blob is None:
                return False
            texts[name] = self._world.core.store.object_path(blob.sha256).read_text()
        record = json.loads(texts["run.json"])
        nonce = document(self._pod.env["LAUNCHER_RUN"]).attempt.nonce
        last = from_line(texts["events.jsonl"].strip().split("\n")[-1])
        is_said = last is not None and last.event == "ended"
        return bool(record["state"] == "ended" and record["nonce"] == nonce and is_said)

    def _judge_cut_off(self) -> None:
        """A pod that is at work is not ended in the middle by anybody who was not asked to."""
        account = self._results.money.of(self._pod)
        is_explained = (
            not account.is_launched
            or account.asked_at is not None
            or account.is_struck
            or account.was_unwatched
            or self._pod.id in self._world.dead_hosts
            or self._gone_at >= cap_of(self._pod) - 15.0
        )
        if not is_explained:
            self._lost("its pod was ended in the middle of its run")

    # --- what was on disk

    def _judge_checkpoints(self) -> None:
        """A checkpoint that could have been uploaded while the pod lived was: it, or a newer one."""
        saved = [kept for kept in self._disk.kept if kept.step is not None]
        due = [kept for kept in saved if self._could_upload(kept, 0, self._in_training)]
        if not due:
            return
        wanted = max(due, key=lambda kept: kept.step or 0)
        newer = [kept for kept in self._all_saved() if (kept.step or 0) >= (wanted.step or 0)]
        trees = list(self._results.trees_until(self._gone_at))
        if not any(self._is_in(tree, kept) for kept in newer for tree in trees):
            self._lost(f"step {wanted.step} could have been uploaded, and was not")

    def _all_saved(self) -> list[Kept]:
        return [
            kept
            for machine in self._world.machines.values()
            for kept in machine.disk.kept
            if kept.run_id == self._run_id and kept.step is not None
        ]

    def _is_in(self, tree: Tree, file: Kept) -> bool:
        blob = tree.get(f"{self._run_id}/{file.below}")
        return blob is not None and (blob.sha256, blob.size) == (file.sha256, file.size_bytes)

    def _in_order(self, files: list[Kept]) -> list[Kept]:
        """What matters most first, as the recipes have it."""
        if document(self._pod.env["LAUNCHER_RUN"]).settings.recipe == "command":
            return sorted(files, key=lambda file: (file.size_bytes, file.below))
        voice = [file for file in files if file.step is None]
        return [*voice, *sorted((f for f in files if f.step is not None), key=_newest_first)]

    # --- arithmetic

    def _could_upload(self, file: Kept, bytes_before: int, troubles: list[Span]) -> bool:
        """Whether the file and what goes before it could have been brought to the repo while it was on the disk.

        What lay there already may have been on its way when it was written, and has to arrive first; then
        goes what lay there by then.
        """
        until = min(self._gone_at, file.until or self._gone_at)
        there = self._bytes_at(file.at)
        need = OVERHEAD_SECONDS + (there + max(there, bytes_before)) / self._bytes_per_second
        return self._seconds_at_work(file.at, until, troubles) >= need

    def _had_time(self) -> bool:
        """Whether all went well towards the end: then nothing may be missing, since the agent knows its caps."""
        need = OVERHEAD_SECONDS + self._bytes_at(self._gone_at) / self._bytes_per_second
        start = self._gone_at - 2 * need - ENDING_SECONDS
        at_work = self._seconds_at_work(start, self._gone_at, self._at_the_end)
        return at_work >= 0.9 * (self._gone_at - start)

    def _bytes_at(self, moment: float) -> int:
        return sum(kept.size_bytes for kept in self._disk.at(moment))

    def _seconds_at_work(self, start: float, end: float, troubles: list[Span]) -> float:
        """Seconds in which the agent was at work and the Hub took what it was sent."""
        seconds = 0.0
        for span_start, span_end in self._results.at_work.get(self._pod.id, ()):
            a, b = max(start, span_start), min(end, span_end)
            if a < b:
                seconds += b - a - _overlap((a, b), troubles)
        return seconds

    def _was_taken_over(self) -> bool:
        """A later attempt prunes what an earlier one delivered."""
        mine = PodName.parse(self._pod.name)
        for other in self._world.our_pods():
            name = PodName.parse(other.name)
            if name and mine and name.run_id == mine.run_id and name.attempt > mine.attempt:
                return True
        return False

    def _was_deleted(self, file: Kept) -> bool:
        """It was in a repo that somebody deleted."""
        return any(
            self._is_in(commit.tree, file)
            for _, repo in self._world.deleted_repos
            for commit in repo.commits.values()
        )


def _is_named(ended: dict[str, Any], below: str) -> bool:
    """Whether an end says that this file is missing. A long list is cut to a line; the count is not."""
    named = ended["not_delivered"]
    return below in named or ended["not_delivered_count"] > len(named)


def _newest_first(file: Kept) -> int:
    return -(file.step or 0)


def _outages(calls: list[HubCall], cap: float) -> Iterator[Span]:
    """When nothing could be brought to the Hub: from the first call that failed until the next try has to come.

    Tries may be twice as far apart each time: none is excused for longer than the outage has lasted by then, and
    near the caps they come closer again.
    """
    began: float | None = None
    for call in calls:
        if call.has_failed:
            began = call.began if began is None else began
            left = cap - call.ended
            near = left / 4 + 40.0 if left > 0 else LONGEST_PAUSE_SECONDS
            pause = min(LONGEST_PAUSE_SECONDS, call.ended - began + 40.0, near)
            yield began, call.ended + max(pause, call.asked_wait_seconds)
        elif call.is_commit:
            began = None


def _quotas(calls: list[HubCall], limit: int) -> Iterator[Span]:
    """When the hour's commits were used up."""
    made = [call.began for call in calls if call.is_commit]
    for number, at in enumerate(made):
        if number >= limit - 1:
            oldest = made[number - limit + 1]
            if oldest + HOUR > at:
                yield at, oldest + HOUR


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _overlap(span: Span, others: list[Span]) -> float:
    return sum(max(0.0, min(span[1], end) - max(span[0], start)) for start, end in others)
