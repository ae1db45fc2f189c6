"""Whether the pod's disk has room for the checkpoints of a training, and for how many. No torch."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

from pod_image.contract.bodies import RunWarning
from pod_image.contract.figures import size
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import USUAL_CHECKPOINTS, PiperSettings, checkpoint_room
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.worker import Emit


def checkpoints_kept(folder: RunFolder, settings: PiperSettings, emit: Emit | None = None) -> int:
    """How many checkpoints this disk can hold at a time; with `emit`, fewer than usual are said.

    Raises RecipeError when there is no room for even one: before anything was trained for nothing.
    """
    room, free_bytes = checkpoint_room(settings.quality), free_for_checkpoints(folder, settings)
    wanted = settings.keep_newest
    kept = room.most_kept(free_bytes, wanted)
    if not kept:
        needed_bytes = room.needed_bytes(1)
        more_gb = math.ceil((needed_bytes - free_bytes) / 1e9)
        raise RecipeError(
            f"The disk has no room for a checkpoint: {size(free_bytes)} are free, a {settings.quality.value} "
            f"voice needs {size(needed_bytes)}.",
            hint=Sentence("Rent a larger disk: ", setting("disk_gb", settings.disk_gb + more_gb)),
        )
    if kept < wanted and emit is not None:
        usual = "usual " if wanted == USUAL_CHECKPOINTS else ""
        emit(
            RunWarning(
                code="few-checkpoints",
                message=f"{size(free_bytes)} are free on the disk: {kept} of the {usual}{wanted} "
                "checkpoints are kept at a time, plus the best.",
            )
        )
    return kept


def checkpoints_held(folder: RunFolder, settings: PiperSettings) -> int:
    """How many this disk has room for, while some of them wait to be delivered."""
    room = checkpoint_room(settings.quality)
    return max(1, room.most_kept(free_for_checkpoints(folder, settings)))


def free_for_checkpoints(folder: RunFolder, settings: PiperSettings) -> int:
    """Bytes that this run's checkpoints may take in all: what is free, within the disk that was rented, and what
    checkpoints of an earlier start take already."""
    rented_bytes = settings.disk_gb * 1_000_000_000
    # Some hosts show their own disk and not the container's.
    free_bytes = min(shutil.disk_usage(folder.root).free, rented_bytes - _size(folder.root))
    return max(0, free_bytes) + _size(folder.checkpoints)


def _size(folder: Path) -> int:
    """Of all files below, links not followed; what vanishes meanwhile takes nothing."""
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                total += Path(base, name).lstat().st_size
            except OSError:
                continue
    return total
