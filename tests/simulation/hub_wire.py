"""The way to the emulated Hub: takes time by size, may bring what was not sent, and notes what became of each call."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx2

from launcher.emulator.hub import HubCore, HubTransport
from launcher.emulator.hub.store import Blob
from tests.simulation.processes import PROCESS, Process, Threads

LATENCY_SECONDS = 0.15
"""Of each request, there and back: what is killed in between has asked and not heard."""
_COMMIT = re.compile(r"/api/models/.*/commit/main$")
_CONTENT = re.compile(r"^/lfs-(upload|part)/")
_HOUR_SECONDS = 3600.0


class PodProcess(Process):
    """Everything in the container of one pod."""

    def __init__(self, pod_id: str) -> None:
        super().__init__(f"container of {pod_id}")
        self.pod_id = pod_id


def pod_at_work() -> str:
    """The id of the pod whose program runs now, "" elsewhere."""
    process = PROCESS.get()
    while process is not None and not isinstance(process, PodProcess):
        process = process.parent
    return process.pod_id if process is not None else ""


@dataclass(frozen=True)
class HubCall:
    """A call of a pod, with what the Hub made of it. `asked_wait_seconds`: how long it wants to be left alone."""

    began: float
    ended: float
    pod_id: str
    is_commit: bool
    has_failed: bool
    asked_wait_seconds: float = 0.0


class HubWire(httpx2.BaseTransport):
    """For blocking callers. Content goes up with so many bytes a second."""

    def __init__(
        self, core: HubCore, threads: Threads, now: Callable[[], float], bytes_per_second: float
    ) -> None:
        self._core, self._threads, self._now = core, threads, now
        self._bytes_per_second = bytes_per_second
        self._inner = HubTransport(core, threads.sleep)
        self.calls: list[HubCall] = []
        self.spoilt_commits = 0
        """So many commits to come hold something else than was sent, with a good answer all the same."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        began, path = self._now(), request.url.path
        self._threads.sleep(LATENCY_SECONDS)
        if request.method == "PUT" and _CONTENT.match(path):
            self._threads.sleep(len(request.read()) / self._bytes_per_second)
        is_commit = request.method == "POST" and bool(_COMMIT.search(path))
        before = self._heads()
        try:
            response = self._inner.handle_request(request)
        except httpx2.TransportError:
            self._note(began, is_commit, has_failed=True)
            raise
        if is_commit and response.status_code == 200 and self.spoilt_commits > 0:
            self._spoil(before)
        wait_seconds = _asked_wait_seconds(response, is_commit)
        self._note(began, is_commit, self._is_failure(response), wait_seconds)
        self._threads.sleep(LATENCY_SECONDS)
        return response

    def _note(
        self, began: float, is_commit: bool, has_failed: bool, wait_seconds: float = 0.0
    ) -> None:
        pod_id = pod_at_work()
        if pod_id:
            call = HubCall(began, self._now(), pod_id, is_commit, has_failed, wait_seconds)
            self.calls.append(call)

    def _is_failure(self, response: httpx2.Response) -> bool:
        """An absent file is an answer; an absent repo is trouble."""
        if response.status_code == 404:
            return response.headers.get("x-error-code") == "RepoNotFound"
        return response.status_code >= 400

    def _heads(self) -> dict[Any, str]:
        return {key: repo.branches["main"] for key, repo in self._core.store.repos.items()}

    def _spoil(self, before: dict[Any, str]) -> None:
        """Put something else in the place of the largest file of the commit that was made just now."""
        for key, repo in self._core.store.repos.items():
            if before.get(key) in (None, repo.branches["main"]):
                continue
            old = repo.commits[before[key]].tree
            new = {path: blob for path, blob in repo.head.tree.items() if old.get(path) != blob}
            large = [path for path, blob in new.items() if blob.is_lfs]
            if large:
                self.spoilt_commits -= 1
                path = max(large, key=lambda each: (new[each].size, each))
                repo.head.tree[path] = other_content(new[path])


def other_content(blob: Blob) -> Blob:
    """As large, and not the same."""
    return replace(blob, sha256=blob.sha256[::-1], sha1=blob.sha1[::-1])


def _asked_wait_seconds(response: httpx2.Response, is_commit: bool) -> float:
    if response.status_code != 429:
        return 0.0
    told = response.headers.get("retry-after", "")
    return float(told) if told.isdigit() else _HOUR_SECONDS if is_commit else 0.0
