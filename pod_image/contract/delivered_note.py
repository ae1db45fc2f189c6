"""What the agent tells a recipe's own process of the deliveries: which checkpoints the results repo has."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pod_image.contract.paths import RunFolder
from pod_image.contract.whole_file import write_whole


def note_delivered(folder: RunFolder, checkpoints: Iterable[str]) -> None:
    """Leave the paths, each below the run's folder. Raises OSError."""
    write_whole(folder.delivered, json.dumps(sorted(checkpoints)), is_shared=True)


def delivered_in(folder: RunFolder) -> frozenset[str] | None:
    """The paths that were left; None where nobody has told anything yet, or it cannot be read."""
    try:
        said = json.loads(folder.delivered.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return frozenset(map(str, said)) if isinstance(said, list) else None
