"""The datasets that a run learns from, as its settings name them: one, or several in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pod_image.contract.common_settings import CommonSettings
from pod_image.contract.results_address import FolderAddress, folder_in, is_folder

AT = "@"
"""Between a repo and its branch, tag or commit, where both stand in one word."""


@dataclass(frozen=True)
class ChosenDataset:
    """A dataset repo at a revision. `name` tells it from the others of its run, and `called` does so shortly."""

    repo: str
    revision: str
    name: str
    called: str
    folder: str = ""
    """Where the pod has it, below the run's dataset; empty for the only one, which is that folder itself."""
    inside: str = ""
    """The folder of the repo that holds the dataset; files keep their paths in the repo."""


def chosen_datasets(settings: CommonSettings) -> tuple[ChosenDataset, ...]:
    """None where the run has no dataset."""
    if not settings.dataset_repo:
        return ()
    repo = settings.dataset_repo
    if (folder := folder_in(repo)) is not None:
        repo = str(FolderAddress(settings.host, folder.path))
    first = _Asked(repo, settings.dataset_revision, settings.dataset_folder)
    asked = [first, *(_parted(word) for word in settings.more_datasets)]
    if len(asked) == 1:
        return (
            ChosenDataset(
                first.repo, first.revision, first.repo, _short(first.repo), inside=first.inside
            ),
        )
    names = [_name(one, asked) for one in asked]
    shorts = Counter(_short(name) for name in names)
    return tuple(
        ChosenDataset(
            one.repo,
            one.revision,
            name,
            called=_short(name) if shorts[_short(name)] == 1 else name,
            folder=f"{number}-{_short(one.repo)}",
            inside=one.inside,
        )
        for number, (one, name) in enumerate(zip(asked, names, strict=True), start=1)
    )


class _Asked(NamedTuple):
    repo: str
    revision: str
    inside: str

    @property
    def place(self) -> str:
        return f"{self.repo}/{self.inside}" if self.inside else self.repo


def _name(one: _Asked, among: Sequence[_Asked]) -> str:
    """No longer than it takes to tell it from the others."""
    if sum(other.repo == one.repo for other in among) == 1:
        return one.repo
    is_told_by_folder = sum(other.place == one.place for other in among) == 1
    return one.place if is_told_by_folder else f"{one.place}{AT}{one.revision}"


def _short(name: str) -> str:
    """Without its owner, or the folders above."""
    return name.rpartition("/")[2] if is_folder(name) else name.partition("/")[2]


def _parted(word: str) -> _Asked:
    place, _, revision = word.partition(AT)
    owner, name, *inside = place.split("/")
    return _Asked(f"{owner}/{name}", revision or "main", "/".join(inside))


def speaker_apart(dataset: ChosenDataset, speaker: str | None) -> str:
    """A speaker's name where those of each dataset are kept apart."""
    return f"{dataset.called}/{speaker}" if speaker else dataset.called
