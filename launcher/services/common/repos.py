"""Repos as people name them: a pasted address becomes the settings that it means, or a sentence that says why not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from launcher.domain.hub_address import KIND_NAMES, HubAddress, RepoKind, hub_address
from launcher.errors import InvalidRequest
from pod_image.contract.hub_inputs import HubInput
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.results_address import is_folder
from pod_image.contract.settings import SETTINGS

_DEFAULT_REVISION = "main"
_INPUTS = {name for name, declared in SETTINGS.items() if declared.knob.is_hub_address}
_PASTED = re.compile(
    r"(?P<address>(?:https?://[^/]*|(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com))/[^:]*|hf://[^:]*)"
    r"(?P<folder>:.+)?",
    re.IGNORECASE,
)
"""An address as it stands in a browser, and the folder that a person wrote behind it."""


def with_repos(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values with every pasted address taken apart.

    Raises InvalidRequest for an address of a repo of another kind, or one that contradicts what is given beside it.
    """
    values = dict(given)
    datasets = values.get("dataset_repo")
    first, *rest = datasets if isinstance(datasets, list | tuple) and datasets else [datasets]
    if found := _pasted(first, "dataset"):
        # The page of a repo says main by itself: nobody asked for it.
        revision = found.revision if found.revision != _DEFAULT_REVISION else ""
        _add(values, "dataset_revision", revision, found)
        _add(values, "dataset_folder", found.folder, found)
        first = found.repo
    if datasets is not None:
        values["dataset_repo"] = [first, *map(_further, rest)] if rest else first
    if found := _pasted(values.get("results_repo"), "model"):
        if found.folder:
            raise InvalidRequest(
                f"Results go to the repo {found.repo}, not to the folder {found.folder} in it.",
                hint="Give only the repo. Each run gets its own folder there.",
            )
        values["results_repo"] = found.repo
    more = values.get("more_datasets")
    if isinstance(more, list | tuple):
        values["more_datasets"] = [_further(each) for each in more]
    for name in _INPUTS & values.keys():
        value = values[name]
        is_list = isinstance(value, list | tuple)
        values[name] = [_input(each) for each in value] if is_list else _input(value)
    return values


def _pasted(typed: object, wanted: RepoKind) -> HubAddress | None:
    """An address, or a name with a folder behind it. What is owner/name or owner/name@revision is left as it is."""
    found = _address(typed, wanted)
    return found if found and (found.kind or str(typed).count("/") > 1) else None


def dataset_address(typed: str) -> HubAddress | None:
    """The dataset repo that was named. InvalidRequest for an address of a model or a Space."""
    return _address(typed, "dataset")


def _address(typed: object, wanted: RepoKind) -> HubAddress | None:
    if not isinstance(typed, str) or is_folder(typed):
        return None
    found = hub_address(typed)
    if found is not None and found.kind and found.kind != wanted:
        raise InvalidRequest(
            f"{found.repo} is the address of {KIND_NAMES[found.kind]}, but {KIND_NAMES[wanted]} is needed here.",
            hint=_WHERE[wanted],
        )
    return found


_WHERE: dict[RepoKind, str] = {
    "dataset": (
        "Addresses of datasets start with https://huggingface.co/datasets/. A dataset contains clips and "
        "transcripts; a model contains training results."
    ),
    "model": "Results go to a model repo, whose address contains neither datasets/ nor spaces/.",
}


def _add(values: dict[str, Any], name: str, value: str, found: HubAddress) -> None:
    if not value:
        return
    if (values.get(name) or value) != value:
        raise InvalidRequest(
            Sentence(
                f"The address of {found.repo} asks for {value}, but ",
                setting(name),
                f" asks for {values[name]}.",
            ),
            hint="Give one of the two.",
        )
    values[name] = value


def _further(typed: Any) -> Any:
    found = _pasted(typed, "dataset")
    if found is None:
        return typed
    inside = f"/{found.folder}" if found.folder else ""
    at = f"@{found.revision}" if found.revision else ""
    return f"{found.repo}{inside}{at}"


def _input(typed: Any) -> Any:
    """A pasted address of a dataset or model as the word that is used for it; anything else as it is."""
    pasted = _PASTED.fullmatch(typed.strip()) if isinstance(typed, str) else None
    found = hub_address(pasted["address"]) if pasted else None
    if pasted is None or found is None:
        return typed
    if found.kind not in ("dataset", "model"):
        raise InvalidRequest(
            f"{found.repo} is the address of {KIND_NAMES.get(found.kind, 'an unknown kind of repo')}, but only "
            "datasets and models can be downloaded.",
            hint="Write OWNER/NAME for a model, datasets/OWNER/NAME for a dataset.",
        )
    if found.folder:
        raise InvalidRequest(
            f"An input is a whole repo, but {found.folder} is a folder in {found.repo}.",
            hint=f"Give only the repo, and let the command use ${{INPUT_0}}/{found.folder}.",
        )
    revision = found.revision if found.revision != _DEFAULT_REVISION else ""
    return f"{HubInput(found.repo, found.kind, revision)}{pasted['folder'] or ''}"
