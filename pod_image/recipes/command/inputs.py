"""Repos that a command wants beside its dataset: what the agent fetches of them, and where the command has them."""

from __future__ import annotations

from collections.abc import Sequence

from pod_image.contract.hub_inputs import VARIABLE, hub_input, usual_folder
from pod_image.contract.paths import RunFolder
from pod_image.recipes.base import RemoteFile
from pod_image.recipes.command.linking import link_all

_ALL = "*"
_FETCHED = "inputs/{}"
"""Below `RunFolder.base`."""


def wanted_repos(words: Sequence[str]) -> tuple[RemoteFile, ...]:
    """Each whole, at the commit that its word names."""
    return tuple(
        RemoteFile(
            repo=found.repo,
            path=_ALL,
            repo_type=found.kind,
            commit=found.revision,
            folder=_FETCHED.format(number),
        )
        for number, word in enumerate(words)
        if word and (found := hub_input(word))
    )


def put_inputs(words: Sequence[str], folder: RunFolder) -> dict[str, str]:
    """Put each where the command expects it; the folders by the names of their variables. Raises OSError.

    Folders are the command's own, so that it may write beside what was fetched; files are links, which take no room,
    and are passed over when results are collected. A file that lies there already, such as one that was brought along,
    stays.
    """
    places = {}
    for number, word in enumerate(words):
        if not word:
            continue
        place = folder.prepared / (hub_input(word).folder or usual_folder(number))
        link_all(folder.base / _FETCHED.format(number), place)
        places[VARIABLE.format(number)] = str(place)
    return places
