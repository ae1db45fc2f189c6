"""A setting that may be given more than once, such as the dataset: a list of its own takes what is beyond the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launcher.errors import InvalidRequest
from pod_image.contract.datasets import AT
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.settings import SETTINGS

_REVISION_OF = {"dataset_repo": "dataset_revision"}


def spread(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values with lists of a single setting divided between it and the list that takes what is beyond the first.

    Raises InvalidRequest for a revision that is given twice.
    """
    values = dict(given)
    for name, declared in SETTINGS.items():
        further = declared.knob.further
        if not further or name not in values:
            continue
        value = values[name]
        if isinstance(value, list | tuple):
            first, *rest = value or [""]
            values[name] = first
            more = _listed(values.get(further, ()))
            if rest or more:
                values[further] = [*rest, *more]
        _take_revision(values, name)
    return values


def _take_revision(values: dict[str, Any], name: str) -> None:
    """The first one's revision has a setting of its own: `me/clips@v2` says both."""
    word = values[name]
    if not isinstance(word, str) or AT not in word:
        return
    values[name], _, revision = word.partition(AT)
    owned = _REVISION_OF[name]
    if values.setdefault(owned, revision) != revision:
        raise InvalidRequest(
            Sentence(
                setting(name),
                f" asks for {revision}, and ",
                setting(owned),
                f" for {values[owned]}.",
            ),
            hint="Give one of the two.",
        )


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) and value else list(value)
