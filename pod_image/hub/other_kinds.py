"""What a repo is that is absent as the kind that was asked for: the Hub keeps datasets, models and Spaces apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pod_image.hub.refusals import HubError, RepoMissing
from pod_image.hub.repos import Repo, look_up
from pod_image.hub.session import Hub

_NAMES: dict[Literal["dataset", "model", "space"], str] = {
    "dataset": "a dataset",
    "model": "a model",
    "space": "a Space",
}
_HINTS = {
    "dataset": "Name the dataset with the clips and their texts: its address begins with "
    "https://huggingface.co/datasets/.",
    "model": "Name a model repo: its address has neither datasets/ nor spaces/ in it.",
}


def kind_there(hub: Hub, repo: Repo) -> str | None:
    """Of which other kind there is a repo of this name, such as "a model"; None if the token sees none."""
    for kind, name in _NAMES.items():
        if kind == repo.kind:
            continue
        try:
            look_up(hub, replace(repo, kind=kind))
        except HubError:
            continue
        return name
    return None


def named_for_what_it_is(hub: Hub, repo: Repo, missing: RepoMissing) -> RepoMissing:
    """The same refusal, or one that says of which other kind the repo is."""
    there = kind_there(hub, repo)
    if there is None:
        return missing
    return RepoMissing(
        f"{repo.id} is {there}, and not {_NAMES[repo.kind]}.", hint=_HINTS.get(repo.kind, "")
    )
