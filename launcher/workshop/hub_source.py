"""A dataset repo as a source of files: its listing at one commit, and pieces of its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from launcher.workshop.check import CheckSettings, Progress, look_over
from launcher.workshop.report import DatasetReport
from pod_image.contract.datasets import ChosenDataset
from pod_image.contract.leavings import is_left_behind
from pod_image.dataset import Entry, JoinedSource, Part
from pod_image.hub import (
    Hub,
    NotInRepo,
    Repo,
    RepoMissing,
    list_files,
    read_bytes,
    read_range,
    resolve_commit,
)
from pod_image.hub.other_kinds import named_for_what_it_is


@dataclass(frozen=True)
class HubSource:
    """One commit of a dataset repo. Reads raise pod_image.hub's HubError; safe to use from several threads."""

    hub: Hub
    repo: Repo
    commit: str
    listed: tuple[Entry, ...]
    is_remote: bool = True
    folder: str = ""
    """Where in the repo the dataset is; paths are within it."""

    @property
    def name(self) -> str:
        return f"{self.repo.id}/{self.folder}" if self.folder else self.repo.id

    def entries(self) -> Sequence[Entry]:
        return self.listed

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        if length is None and start == 0:
            content = read_bytes(self.hub, self.repo, self._at(path), self.commit)
            if content is None:
                raise NotInRepo(f"{self.repo} has no {path} at {self.commit[:7]}.")
            return content
        wanted = self._size(path) - start if length is None else length
        if wanted <= 0:
            return b""
        return read_range(self.hub, self.repo, self.commit, self._at(path), start, wanted)

    def _at(self, path: str) -> str:
        return f"{self.folder}/{path}" if self.folder else path

    def _size(self, path: str) -> int:
        return next((entry.size for entry in self.listed if entry.path == path), 0)


def open_repo(hub: Hub, repo_id: str, revision: str | None = None, folder: str = "") -> HubSource:
    """The dataset repo, or a folder in it, at what `revision` (default: main) means now. Blocking; raises HubError."""
    repo = Repo(repo_id, "dataset")
    try:
        commit = resolve_commit(hub, repo, revision)
    except RepoMissing as exc:
        raise named_for_what_it_is(hub, repo, exc) from exc
    rows = [row for row in list_files(hub, repo, commit, folder) if not is_left_behind(row.path)]
    below = len(folder) + 1 if folder else 0
    entries = sorted(
        (Entry(row.path[below:], row.size_bytes) for row in rows), key=lambda each: each.path
    )
    return HubSource(hub, repo, commit, tuple(entries), folder=folder)


def look_over_repo(
    hub: Hub,
    repo_id: str,
    settings: CheckSettings,
    revision: str | None = None,
    progress: Progress = lambda what, done, of: None,
    folder: str = "",
) -> DatasetReport:
    """Look at a dataset repo; the report names the commit. Blocking; raises pod_image.hub's HubError."""
    source = open_repo(hub, repo_id, revision, folder)
    return look_over(source, settings, source.commit, progress)


def open_repos(
    hub: Hub, pinned: Sequence[tuple[ChosenDataset, str]], *, is_apart: bool
) -> JoinedSource:
    """Several dataset repos at these commits, as one. Blocking; raises HubError."""
    parts = [
        Part(dataset, open_repo(hub, dataset.repo, commit, dataset.inside))
        for dataset, commit in pinned
    ]
    return JoinedSource(tuple(parts), is_apart)
