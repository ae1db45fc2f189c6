"""Tags: names for commits that stay. None is ever moved or taken away here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pod_image.hub.in_folder import as_of_the_hub
from pod_image.hub.refusals import HubConflict, HubError
from pod_image.hub.repos import Repo
from pod_image.hub.session import Hub

if TYPE_CHECKING:
    from huggingface_hub import HfApi


class NoNameLeft(HubError):
    default_hint = "The commit itself names it."


def list_tags(hub: Hub, repo: Repo) -> dict[str, str]:
    """Every tag of the repo, with the commit that it means. Raises HubError."""
    if repo.is_folder:
        with as_of_the_hub():
            return hub.open_folder(repo.id).tags()

    def look(api: HfApi) -> dict[str, str]:
        refs = api.list_repo_refs(repo.id, repo_type=repo.kind)
        return {tag.name: tag.target_commit for tag in refs.tags}

    return hub.ask(f"looking at the tags of {repo}", look)


def leave_tag(hub: Hub, repo: Repo, commit: str, names: Iterable[str]) -> str:
    """Give the commit the first of these names that nothing has yet; returns the tag that certainly means it.

    A tag of these that means it already is enough. Raises HubError; NoNameLeft where every name is taken.
    """
    there = list_tags(hub, repo)
    for name in names:
        if name not in there:
            _create(hub, repo, commit, name)
            there = list_tags(hub, repo)  # the Hub's word for it, also where its answer was lost
        if there.get(name) == commit:
            return name
    raise NoNameLeft(f"Every name for a version of {repo} is taken.")


def _create(hub: Hub, repo: Repo, commit: str, name: str) -> None:
    if repo.is_folder:
        with as_of_the_hub():
            hub.open_folder(repo.id).tag(commit, name)
        return
    try:
        hub.ask(
            f"tagging {repo}",
            lambda api: api.create_tag(repo.id, tag=name, revision=commit, repo_type=repo.kind),
        )
    except HubConflict:
        return  # it is there by now: whose it is, is looked at
