"""Which results are on disk and not in the repo: what every upload, and the delivery at the end, is made of."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pod_image.agent.run import Run
from pod_image.agent.staging import Mark, Staged, below_out, mark_of
from pod_image.contract.delivered_note import note_delivered

CHECKPOINTS = "checkpoints/"


@dataclass(frozen=True)
class Pending:
    """Files that are not in the repo as they are now, in the recipe's order of importance."""

    paths: tuple[Path, ...]
    size_bytes: int


class Results:
    """The results of one run, and what is known of their copies in the repo."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: dict[str, Mark] = {}
        self._left_behind: dict[Path, str] = {}
        """Results that lie elsewhere, and where they belong below the run's folder."""

    @property
    def left_behind(self) -> Mapping[Path, str]:
        return self._left_behind

    def has(self, below: str) -> bool:
        """Whether the repo has this file of the run's folder as it is on disk now."""
        path = self._run.folder.out / below
        return path.is_file() and self._is_there(below, path)

    def pending_paths(self) -> tuple[str, ...]:
        """What is pending, below the run's folder."""
        out = self._run.folder.out
        found = (below_out(path, out) for path in self.pending().paths)
        return tuple(below for below in found if below is not None)

    def take_in_left_behind(self) -> None:
        """The work is over: what a killed stage did not bring to where results lie is delivered from where it is."""
        run = self._run
        try:
            self._left_behind = dict(run.recipe.left_behind(run.folder, run.settings))
        except Exception:
            # A fault in a recipe must cost neither the other results nor the last word.
            for line in traceback.format_exc().splitlines():
                run.events.say(line)

    def below(self, path: Path) -> str:
        """The path of a result below the run's folder."""
        out = self._run.folder.out
        return self._left_behind.get(path) or (
            path.relative_to(out).as_posix() if path.is_relative_to(out) else path.name
        )

    def pending(self) -> Pending:
        """What the recipe wants delivered and the repo does not have as it is now."""
        out = self._run.folder.out
        # Collected, and changed since.
        older = {out / below for below in self._left_behind.values()}
        results = [path for path in self._results() if path not in older]
        return self._pending_of([*results, *self._left_behind])

    def _pending_of(self, results: Sequence[Path]) -> Pending:
        run, paths, size_bytes = self._run, [], 0
        for path in results:
            below = self._left_behind.get(path) or below_out(path, run.folder.out)
            with suppress(FileNotFoundError):  # pruned by the recipe meanwhile
                if below is None or not path.is_file() or self._is_there(below, path):
                    continue
                size_bytes += path.stat().st_size
                paths.append(path)
        return Pending(tuple(paths), size_bytes)

    def to_go_bytes(self) -> int:
        """About how much would have to be delivered if the work ended now. For a thread: it says nothing."""
        run = self._run
        try:
            results = run.recipe.results(run.folder, run.settings)
            still_to_come = run.recipe.still_to_come(run.folder, run.settings)
        except Exception:  # said where the same is asked for a delivery
            results, still_to_come = self._all_there(), 0
        return self._pending_of(results).size_bytes + still_to_come

    def withdraw_pruned(self) -> list[str]:
        """Checkpoints that the recipe has dropped since: the next commit deletes them.

        They no longer count as delivered at once: a record or a last word that is written into that
        very commit must not name them.
        """
        run = self._run
        dropped = [
            run.results.path(below)
            for below in self._known
            if below.startswith(CHECKPOINTS) and not (run.folder.out / below).exists()
        ]
        for path in dropped:
            run.delivered.pop(path, None)
        return dropped

    def are_there(self, staged: Iterable[Staged]) -> None:
        """These were committed as they were when they were staged."""
        self._known |= {one.below: one.mark for one in staged}
        self.note_delivered()

    def are_withdrawn(self, paths: Iterable[str]) -> None:
        """These paths of the repo were deleted there."""
        for path in paths:
            self._known.pop(path.removeprefix(self._run.results.path("")), None)

    def are_gone(self) -> None:
        """The repo was deleted with all that it had."""
        self._known.clear()
        self._run.delivered.clear()
        self.note_delivered()

    def note_delivered(self) -> None:
        """Tell the recipe which of its checkpoints it may drop. Without this it waits while its disk has room."""
        with suppress(OSError):
            below = (path for path in self._known if path.startswith(CHECKPOINTS))
            note_delivered(self._run.folder, below)

    def _results(self) -> Sequence[Path]:
        """What the recipe names; all there is when it fails to: a fault in it must not cost the results."""
        run = self._run
        try:
            return run.recipe.results(run.folder, run.settings)
        except Exception:
            for line in traceback.format_exc().splitlines():
                run.events.say(line)
        return self._all_there()

    def _all_there(self) -> list[Path]:
        run = self._run
        found = (path for path in sorted(run.folder.out.rglob("*")) if path.is_file())
        own = (run.folder.events, run.folder.record, run.folder.log)
        return [path for path in found if not path.name.startswith(".") and path not in own]

    def _is_there(self, below: str, path: Path) -> bool:
        known = self._known.get(below)
        if known is None:
            return False
        # A checkpoint's name is its step: what a recipe does to an older one later (dropping the
        # optimiser's state) is of no interest to the repo, which has it whole.
        return below.startswith(CHECKPOINTS) or known == mark_of(path)
