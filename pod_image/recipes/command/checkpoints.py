"""A command's own checkpoints: which is the newest that is whole, kept as one, and brought back in another pod.

Trainers write a checkpoint's files in place, one after another, in a folder that has its last name from the start. What
marks one as whole is the trainer's own, and named by its preset.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pod_image.recipes.command.collecting import matching, named
from pod_image.recipes.command.file_formats import ends_whole
from pod_image.recipes.command.rewording import AS_WRITTEN, Rewording

_NUMBER = re.compile(r"\d+")
_OPEN = re.compile(r"[*?]|\[[^\]]*\]")
"""What a pattern leaves open in a name."""
_NAME = re.compile(r"step-(\d{8})")
REST_SECONDS = 10.0
"""Without a mark: a file or folder that nobody has written to for so long."""
LARGEST_STEP = 99_999_999


@dataclass(frozen=True)
class CheckpointRule:
    """Patterns of what a resume needs, a unit each; `whole_with` are names that a folder has once it is whole.

    `named` is an expression for their names whose group `step` is the step, where that is not the last number in them.
    """

    patterns: tuple[str, ...] = ()
    whole_with: tuple[str, ...] = ()
    keep: int = 2
    named: str = ""
    in_order: bool = False
    """The units are written one after another, in the order of their patterns, and some of them always under the same
    name: units belong together where nothing else was saved between them."""
    final: tuple[str, ...] = ()
    """What is written once, at the very end. It has to be there then; a checkpoint that fits is none of it."""


@dataclass(frozen=True)
class Unit:
    """A file, or a folder with all in it."""

    path: Path
    number: int = field(default=-1, compare=False)
    """The step in its name: the last number in what its pattern leaves open, unless its rule says which; -1 without
    one."""

    @property
    def files(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        return sorted(
            path for path in self.path.rglob("*") if path.is_file() and not path.is_symlink()
        )

    def written_at_ns(self) -> int:
        """Raises OSError."""
        return max((path.stat().st_mtime_ns for path in self.files), default=0)


def units_of(work: Path, pattern: str, expression: str = "") -> list[Unit]:
    """Newest first."""
    units = (Unit(path, _number(path, pattern, expression)) for path in named(work, [pattern]))
    return sorted(units, key=_age)


def _number(path: Path, pattern: str, expression: str) -> int:
    """A number that stands in every name, such as that of a run, is no step."""
    if expression:
        told = re.search(expression, path.name)
        return int(told["step"]) if told else -1
    shape = pattern.rstrip("/").rpartition("/")[2]
    opened = list(_OPEN.finditer(shape))
    if not opened:
        return -1
    end = len(shape) - opened[-1].end()
    name = path.name[:-end] if end else path.stem
    numbers = _NUMBER.findall(name[opened[0].start() :])
    return int(numbers[-1]) if numbers and len(numbers[-1]) < 16 else -1


def newest_whole(work: Path, rule: CheckpointRule, now: float) -> list[Unit]:
    """For each pattern its newest unit that is whole, at that moment (Unix seconds); empty when one has none."""
    if rule.in_order:
        return next(_belonging_together(work, rule, now), [])
    found = []
    for pattern in rule.patterns:
        units = units_of(work, pattern, rule.named)
        whole = next((unit for unit in units if _is_whole(unit, rule.whole_with, now)), None)
        if whole is None:
            return []
        found.append(whole)
    return found


def _belonging_together(work: Path, rule: CheckpointRule, now: float) -> Iterator[list[Unit]]:
    """Newest first: a unit of the first pattern, and of each other one what was written next."""
    first, *others = (units_of(work, pattern, rule.named) for pattern in rule.patterns)
    final = map(Unit, final_files(work, rule))
    with suppress(OSError):  # gone meanwhile: the next turn will tell
        saves = {unit: unit.written_at_ns() for unit in (*first, *final)}
        for unit in first:
            began = saves[unit]
            ended = min((at for at in saves.values() if at > began), default=None)
            found = [unit]
            for units in others:
                found += [
                    each
                    for each in units
                    if began <= each.written_at_ns()
                    and (ended is None or each.written_at_ns() < ended)
                ][:1]
            is_all_there = len(found) == len(rule.patterns)
            if is_all_there and all(_is_whole(each, rule.whole_with, now) for each in found):
                yield found


def final_files(work: Path, rule: CheckpointRule) -> list[Path]:
    """What was written at the very end, so far as it is there."""
    kept_for_a_resume = set(matching(work, rule.patterns))
    return [path for path in matching(work, rule.final) if path not in kept_for_a_resume]


def _age(unit: Unit) -> tuple[int, float]:
    """Newest first: by number, then by time."""
    with suppress(OSError):
        return -unit.number, -unit.path.stat().st_mtime
    return -unit.number, 0.0


def _is_whole(unit: Unit, whole_with: Sequence[str], now: float) -> bool:
    """What holds nothing but links came with an input: it is no checkpoint of this run."""
    with suppress(OSError):
        files = unit.files
        if unit.path.is_dir() and whole_with:
            return bool(files) and all(_has(unit.path, name) for name in whole_with)
        written_at = max((path.stat().st_mtime for path in files), default=now)
        is_at_rest = bool(files) and now - written_at >= REST_SECONDS
        return is_at_rest and all(ends_whole(path) for path in files)
    return False


def _has(folder: Path, name: str) -> bool:
    """A file of that name, and JSON that can be read where it says that it is some."""
    path = folder / name
    if not path.is_file():
        return False
    if path.suffix != ".json":
        return True
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


class CheckpointKeeper:
    """Copies whole checkpoints to where they are delivered from, and drops the oldest."""

    def __init__(
        self, work: Path, target: Path, rule: CheckpointRule, rewording: Rewording = AS_WRITTEN
    ) -> None:
        self._work, self._target, self._rule, self._rewording = work, target, rule, rewording
        self._taken: list[tuple[str, int, int]] = []

    def take(self, step: int | None) -> Path | None:
        """Copy the newest whole one. None when it is there already, or changed meanwhile.

        `step` is how far the training is, for a checkpoint whose name does not say. Raises OSError and NoRoom.
        """
        units = newest_whole(self._work, self._rule, time.time())
        files = [path for unit in units for path in unit.files]
        if not files:
            return None
        seen = [(path.as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        if seen == self._taken:
            return None
        goal = self._target / f"step-{self._step(units, step):08d}"
        if not self._copy(files, goal):
            return None
        self._taken = seen
        self._prune()
        return goal

    def know(self) -> None:
        """What lies there now was brought back, and is no news."""
        units = newest_whole(self._work, self._rule, time.time() + REST_SECONDS)
        files = [path for unit in units for path in unit.files]
        self._taken = [
            (path.as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files
        ]

    def _step(self, units: Sequence[Unit], step: int | None) -> int:
        number = max(unit.number for unit in units)
        newest = max(map(step_of, kept(self._target)), default=-1)
        if 0 <= number <= LARGEST_STEP:
            return number
        # Its name does not say, and may stay the same: never the name of one that was delivered.
        return min(max(newest + 1, step or 0), LARGEST_STEP)

    def _copy(self, files: Sequence[Path], goal: Path) -> bool:
        part = goal.with_name(f".{goal.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        try:
            for path in files:
                if not self._rewording.copy(path, part / path.relative_to(self._work)):
                    return False
            if not all(path.is_file() for path in files):
                return False  # dropped by the trainer while it was copied
            shutil.rmtree(goal, ignore_errors=True)
            part.rename(goal)
        except FileNotFoundError:
            return False
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return True

    def _prune(self) -> None:
        for old in kept(self._target)[: -self._rule.keep]:
            shutil.rmtree(old, ignore_errors=True)


def kept(target: Path) -> list[Path]:
    """Checkpoints that were kept, oldest first."""
    found = (path for path in target.glob("step-*") if _NAME.fullmatch(path.name))
    return sorted(path for path in found if path.is_dir())


def step_of(folder: Path) -> int:
    match = _NAME.fullmatch(folder.name)
    return int(match[1]) if match else -1


def bring_back(checkpoint: Path, work: Path, rule: CheckpointRule) -> None:
    """Put a kept checkpoint's files where the command had them. Raises OSError."""
    goals = []
    for path in sorted(checkpoint.rglob("*")):
        if path.is_file() and not path.is_symlink():
            goal = work / path.relative_to(checkpoint)
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, goal)
            goals.append(goal)
    # They come from the Hub with the times of their downloads.
    there = (path for pattern in rule.patterns for path in matching(work, [pattern]))
    make_newest([path for path in there if path in goals])


def take_away(checkpoint: Path, work: Path) -> None:
    """Undo a bring-back: its files go from where the command has them, and the folders that they leave empty."""
    for path in sorted(checkpoint.rglob("*"), reverse=True):
        goal = work / path.relative_to(checkpoint)
        with suppress(OSError):
            if goal.is_dir():
                goal.rmdir()
            else:
                goal.unlink()


def make_newest(paths: Sequence[Path]) -> None:
    """Some trainers go on from what was written last, whole or not: it has to be these, in their order.

    Raises OSError.
    """
    for path in paths:
        os.utime(path)
