"""Which checkpoints stay on the pod's disk, and the thread that writes them while training goes on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from pod_image.recipes.piper.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

KEPT = 3


def checkpoint_path(folder: Path, step: int) -> Path:
    """Zero-padded, so that names sort by step."""
    return folder / f"step-{step:08d}.ckpt"


def checkpoints_in(folder: Path) -> list[Path]:
    """Whole checkpoints, oldest first."""
    return sorted(folder.glob("step-*.ckpt"))


class Keeper:
    """Writes one checkpoint at a time in the background; only the newest keeps its optimiser states.

    They are two thirds of a file, and of use only to go on from the last place.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._writing: Future[None] | None = None

    def keep(self, step: int, checkpoint: Checkpoint, done: Callable[[Path, int], None]) -> None:
        """Write `checkpoint`, whose tensors nobody changes any more, then call `done` with path and bytes.

        Waits for the one before, so that a slow disk slows training rather than filling memory.
        Raises what the one before raised.
        """
        self.wait()
        self._writing = self._thread.submit(self._write, step, checkpoint, done)

    def wait(self) -> None:
        """Until nothing is being written. Raises what writing raised."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def _write(self, step: int, checkpoint: Checkpoint, done: Callable[[Path, int], None]) -> None:
        path = checkpoint_path(self._folder, step)
        size_bytes = write_checkpoint(path, checkpoint)
        done(path, size_bytes)
        *older, _ = checkpoints_in(self._folder)
        for old in older[: max(0, len(older) - KEPT + 1)]:
            old.unlink()
        if older and older[-1].exists():
            _strip(older[-1])


def _strip(path: Path) -> None:
    whole = read_checkpoint(path)
    if whole.optimiser_states:
        write_checkpoint(path, replace(whole, optimiser_states=[]))
