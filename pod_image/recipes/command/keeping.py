"""What a command has made so far, brought to where it is delivered from, and back again in another pod."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pod_image.contract.bodies import CheckpointWritten, ResultsCollected, RunWarning, Step
from pod_image.contract.paths import RunFolder
from pod_image.recipes.command.checkpoints import (
    REST_SECONDS,
    CheckpointKeeper,
    Unit,
    bring_back,
    kept,
    make_newest,
    newest_whole,
    step_of,
    take_away,
)
from pod_image.recipes.command.collecting import collect, matching
from pod_image.recipes.command.copying import NoRoom
from pod_image.recipes.command.recipe import FILES, Job, files_folder
from pod_image.recipes.command.samples import samples_among
from pod_image.recipes.command.spent import SpentResults
from pod_image.recipes.worker import Emit


class NotWhole(Exception):
    """The checkpoint to go on from lacks what its trainer needs: it would begin anew with a part of its state."""


class Results:
    """`collect` may run on another thread than `stepped`; it never raises, since nothing must cost the command."""

    def __init__(
        self, job: Job, folder: RunFolder, report: Emit, log: Callable[[str], None]
    ) -> None:
        self._job, self._folder, self._report, self._log = job, folder, report, log
        self._keeper = CheckpointKeeper(
            folder.prepared, folder.checkpoints, job.checkpoints, job.rewording
        )
        self._spent = SpentResults(folder, files_folder(folder), job.spent)
        self._step: int | None = None
        self._told: set[str] = set()

    def stepped(self, step: Step) -> None:
        """Pass a step on, and remember how far it is."""
        self._step = step.step
        self._report(step)

    def collect(self) -> int:
        """One turn. Returns how many files there are."""
        # One that fails keeps nothing of the other from being delivered.
        self._keep_checkpoint()
        try:
            found = collect(self._folder.prepared, self._job.results, files_folder(self._folder))
        except OSError as exc:
            self._warn(
                f"The folder could not be searched for results: {exc.strerror}. It is tried again soon."
            )
            return 0
        for below in found.without_room:
            self._warn(f"The disk has no room for a copy of {below}: it is delivered at the end.")
        for below in found.unreadable:
            self._warn(f"{below} could not be copied; it is tried again every few seconds.")
        if found.new:
            # The Hub takes no name that is not UTF-8, so there would be nothing to show.
            named = [each for each in found.new if each == each.encode("utf-8", "ignore").decode()]
            for sample in samples_among(named, self._job.samples, self._step, FILES):
                self._report(sample)
            self._report(ResultsCollected(files=len(found.new)))
        for path in self._spent.drop():
            below = path.relative_to(self._folder.prepared).as_posix()
            self._log(f"{below} is delivered, and was removed from this disk.")
        return found.files

    def bring_back(self) -> Path | None:
        """Put back what a run that goes on needs. What it goes on from; None when there is nothing.

        Raises NotWhole.
        """
        work = self._folder.prepared
        for path in matching(files_folder(self._folder), self._job.restore):
            goal = work / path.relative_to(files_folder(self._folder))
            if not goal.exists():
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, goal)
        rule = self._job.checkpoints
        checkpoints = kept(self._folder.checkpoints)
        if not checkpoints:
            return work / "out" if self._job.restore else None
        on_disk = newest_whole(work, rule, time.time() + REST_SECONDS)
        if not on_disk or max(unit.number for unit in on_disk) < step_of(checkpoints[-1]):
            on_disk = self._newest_that_is_whole(checkpoints)
        if rule.in_order:
            make_newest([path for unit in on_disk for path in unit.files])
        self._keeper.know()
        return on_disk[0].path if on_disk[0].path.is_dir() else on_disk[0].path.parent

    def _newest_that_is_whole(self, checkpoints: Sequence[Path]) -> list[Unit]:
        """Brought back; what is torn is taken away again, or its trainer would find it. Raises NotWhole."""
        work, rule, torn = self._folder.prepared, self._job.checkpoints, list[int]()
        for checkpoint in reversed(checkpoints):
            bring_back(checkpoint, work, rule)
            found = newest_whole(work, rule, time.time() + REST_SECONDS)
            if found:
                if torn:
                    steps = " and ".join(map(str, torn))
                    self._warn(
                        f"What was kept of step {steps} is incomplete: continuing from step {step_of(checkpoint)}."
                    )
                return found
            torn.append(step_of(checkpoint))
            take_away(checkpoint, work)
        lacking = ", ".join(rule.whole_with) or "a file of it"
        raise NotWhole(f"The checkpoint of step {torn[0]} is incomplete: it needs {lacking}.")

    def _keep_checkpoint(self) -> None:
        try:
            folder = self._keeper.take(self._step)
        except NoRoom:
            self._warn("The disk has no room for a copy of the checkpoint: it is not delivered.")
            return
        except OSError as exc:
            self._warn(
                f"The checkpoint could not be copied: {exc.strerror}. It is tried again soon."
            )
            return
        if folder is not None:
            size_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            below = folder.relative_to(self._folder.out).as_posix()
            self._report(CheckpointWritten(step=step_of(folder), path=below, size_bytes=size_bytes))

    def _warn(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._log(sentence)
            self._report(RunWarning(code="not_collected", message=sentence))
