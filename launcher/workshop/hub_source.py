"""A dataset repo as a source of files: its listing at one commit, and pieces of its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from launcher.workshop.check import CheckSettings, Progress, look_over
from launcher.workshop.report import DatasetReport
from pod_image.contract.datasets import ChosenDataset
from pod_image.contract.leavings import is_left_behind
from pod_image.dataset import Entry, JoinedSource, Part
from pod_image.hub import Hub, NotInRepo, Repo, list_files, read_bytes, read_range, resolve_commit


@dataclass(frozen=True)
class HubSource:
    """One commit of a dataset repo. Reads raise pod_image.hub's HubError; safe to use from several threads."""

    hub: Hub
    repo: Repo
    commit: str
    listed: tuple[Entry, ...]
    is_remote: bool = True

    @property
    def name(self) -> str:
        return self.repo.id

    def entries(self) -> Sequence[Entry]:
        return self.listed

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        if length is None and start == 0:
            content = read_bytes(self.hub, self.repo, path, self.commit)
            if content is None:
                raise NotInRepo(f"{self.repo} has no {path} at {self.commit[:7]}.")
            return content
        wanted = self._size(path) - start if length is None else length
        if wanted <= 0:
            return b""
        return read_range(self.hub, self.repo, self.commit, path, start, wanted)

    def _size(self, path: str) -> int:
        return next((entry.size for entry in self.listed if entry.path == path), 0)


def open_repo(hub: Hub, repo_id: str, revision: str | None = None) -> HubSource:
    """The dataset repo at what `revision` (default: its main branch) means now. Blocking; raises HubError."""
    repo = Repo(repo_id, "dataset")
    commit = resolve_commit(hub, repo, revision)
    rows = [row for row in list_files(hub, repo, commit) if not is_left_behind(row.path)]
    entries = sorted((Entry(row.path, row.size_bytes) for row in rows), key=lambda each: each.path)
    return HubSource(hub, repo, commit, tuple(entries))


def look_over_repo(
    hub: Hub,
    repo_id: str,
    settings: CheckSettings,
    revision: str | None = None,
    progress: Progress = lambda what, done, of: None,
) -> DatasetReport:
    """Look at a dataset repo; the report names the commit. Blocking; raises pod_image.hub's HubError."""
    source = open_repo(hub, repo_id, revision)
    return look_over(source, settings, source.commit, progress)


def open_repos(
    hub: Hub, pinned: Sequence[tuple[ChosenDataset, str]], *, is_apart: bool
) -> JoinedSource:
    """Several dataset repos at these commits, as one. Blocking; raises HubError."""
    parts = [Part(dataset, open_repo(hub, dataset.repo, commit)) for dataset, commit in pinned]
    return JoinedSource(tuple(parts), is_apart)
