"""Which checkpoints stay on the pod's disk, which is the best, and the thread that writes them during training."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from pod_image.contract.recipes.piper import USUAL_CHECKPOINTS
from pod_image.contract.whole_file import write_whole
from pod_image.recipes.piper.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from pod_image.recipes.piper.prepared import SCORES_NAME


def checkpoint_path(folder: Path, step: int) -> Path:
    """Zero-padded, so that names sort by step."""
    return folder / f"step-{step:08d}.ckpt"


def checkpoints_in(folder: Path) -> list[Path]:
    """Whole checkpoints, oldest first."""
    return sorted(folder.glob("step-*.ckpt"))


def best_step(folder: Path) -> int | None:
    """The best checkpoint's step, as the training that wrote them judged; None where it said nothing."""
    try:
        return int(json.loads((folder / SCORES_NAME).read_text(encoding="utf-8"))["best_step"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def best_checkpoint(folder: Path) -> Path | None:
    """The best whole one; the newest where none was judged, or the best is not on this disk; None without any."""
    kept = checkpoints_in(folder)
    step = best_step(folder)
    if step is not None and checkpoint_path(folder, step) in kept:
        return checkpoint_path(folder, step)
    return kept[-1] if kept else None


def _nobody_delivers(checkpoint: Path) -> bool:
    return True


class Keeper:
    """Writes one checkpoint at a time in the background; only the newest keeps its optimiser states.

    They are two thirds of a file, and of use only to go on from the last place.
    """

    def __init__(
        self,
        folder: Path,
        kept: int = USUAL_CHECKPOINTS,
        *,
        held: int = USUAL_CHECKPOINTS,
        is_delivered: Callable[[Path], bool] = _nobody_delivers,
        drops: Callable[[Path], None] = lambda checkpoint: None,
    ) -> None:
        """`kept`: how many of the newest stay; the best stays beside them when it is older.

        One that is not delivered yet stays too, while there are no more than `held` in all, for which the disk has
        room; `drops` hears of each that could not be waited for.
        """
        self._folder, self._kept, self._held = folder, kept, max(kept, held)
        self._is_delivered, self._drops = is_delivered, drops
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._writing: Future[None] | None = None

    def keep(
        self,
        step: int,
        bring: Callable[[], Checkpoint],
        done: Callable[[Path, int], None],
        *,
        best: int | None = None,
        scores: Mapping[str, float] | None = None,
    ) -> None:
        """Write what `bring` brings, which nobody changes any more, then call `done` with path and bytes.

        `best` is the step of the best one so far, this one included; `scores` are this one's.

        Waits for the one before, so that a slow disk slows training rather than filling memory.
        Raises what the one before raised.
        """
        self.wait()
        best = step if best is None else best
        self._writing = self._thread.submit(
            self._write, step, bring, done, best, dict(scores or {})
        )

    def wait(self) -> None:
        """Until nothing is being written. Raises what writing raised."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def _write(
        self,
        step: int,
        bring: Callable[[], Checkpoint],
        done: Callable[[Path, int], None],
        best: int,
        scores: dict[str, float],
    ) -> None:
        path = checkpoint_path(self._folder, step)
        size_bytes = write_checkpoint(path, bring())
        _note_scores(self._folder, step, best, scores)
        done(path, size_bytes)
        self._drop_what_is_too_many(checkpoint_path(self._folder, best))
        *older, _ = checkpoints_in(self._folder)
        if older:
            _strip(older[-1])

    def _drop_what_is_too_many(self, best: Path) -> None:
        """Never the newest, nor the best; what is not delivered only where the disk has no room for another one."""
        there = checkpoints_in(self._folder)
        old = [path for path in there[: -self._kept] if path != best]
        waiting = [path for path in old if not self._is_delivered(path)]
        no_room = waiting[: max(0, len(waiting) - (self._held - self._kept))]
        for path in old:
            if path in no_room:
                self._drops(path)
            if path in no_room or path not in waiting:
                path.unlink()


def _note_scores(folder: Path, step: int, best: int, scores: dict[str, float]) -> None:
    """One row for each checkpoint there ever was, and the best one's step."""
    path = folder / SCORES_NAME
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["checkpoints"]
    except (OSError, ValueError, KeyError):
        rows = {}
    rows[str(step)] = scores
    write_whole(path, json.dumps({"best_step": best, "checkpoints": rows}, indent=1) + "\n")


def _strip(path: Path) -> None:
    whole = read_checkpoint(path)
    if whole.optimiser_states:
        write_checkpoint(path, replace(whole, optimiser_states=[]))
