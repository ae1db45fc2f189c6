"""Composed settings as JSON, for whoever keeps them: every value, and where it came from. Holds no secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launcher.domain.plan import Composed, Origin
from launcher.forms.values import to_settings


def composed_document(composed: Composed) -> dict[str, Any]:
    return {
        "settings": composed.settings.model_dump(mode="json"),
        "origins": {name: origin.value for name, origin in composed.origins.items()},
        "preset": composed.preset,
        "dropped": list(composed.dropped),
        "notes": list(composed.notes),
    }


def read_composed(document: Mapping[str, Any]) -> Composed:
    """What `composed_document` wrote.

    Raises InvalidRequest for a value that this release cannot take; KeyError, TypeError, ValueError or AttributeError
    for a document that is damaged.
    """
    return Composed(
        settings=to_settings(document["settings"]),
        origins={name: Origin(origin) for name, origin in document["origins"].items()},
        preset=document["preset"],
        dropped=tuple(document["dropped"]),
        notes=tuple(document["notes"]),
    )
