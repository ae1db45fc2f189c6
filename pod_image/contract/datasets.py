"""The datasets that a run learns from, as its settings name them: one, or several in their order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pod_image.contract.common_settings import CommonSettings

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
    first = (settings.dataset_repo, settings.dataset_revision)
    repos = [first, *(_parted(word) for word in settings.more_datasets)]
    if len(repos) == 1:
        only = ChosenDataset(*first, first[0], _short(first[0]), inside=settings.dataset_folder)
        return (only,)
    often = Counter(repo for repo, _ in repos)
    names = [repo if often[repo] == 1 else f"{repo}{AT}{revision}" for repo, revision in repos]
    shorts = Counter(_short(name) for name in names)
    return tuple(
        ChosenDataset(
            *repo,
            name,
            called=_short(name) if shorts[_short(name)] == 1 else name,
            folder=f"{number}-{_short(repo[0])}",
            inside=settings.dataset_folder if number == 1 else "",
        )
        for number, (repo, name) in enumerate(zip(repos, names, strict=True), start=1)
    )


def _short(name: str) -> str:
    """Without its owner."""
    return name.partition("/")[2]


def _parted(word: str) -> tuple[str, str]:
    repo, _, revision = word.partition(AT)
    return repo, revision or "main"


def speaker_apart(dataset: ChosenDataset, speaker: str | None) -> str:
    """A speaker's name where those of each dataset are kept apart."""
    return f"{dataset.called}/{speaker}" if speaker else dataset.called
