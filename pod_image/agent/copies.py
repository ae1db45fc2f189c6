"""Files of the run's work folder that a person wants to have: chosen without leaving it, and put into the results repo.

What a program of the run laid there is a stranger's: a name that leads elsewhere, a link, a file of keys is not taken.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from pod_image.agent.ports import HubTrouble
from pod_image.agent.run import Run
from pod_image.agent.uploads import Uploads
from pod_image.agent.watchdog import WORKING
from pod_image.contract.bodies import ReceiptState
from pod_image.contract.figures import counted, duration, size
from pod_image.contract.instructions import Instruction
from pod_image.contract.key_files import is_of_keys
from pod_image.contract.keys import shaped_key
from pod_image.contract.paths import ResultsFolder, safe_path
from pod_image.contract.results_address import results_kind
from pod_image.hub.budget import CommitPriority

MOST_FILES = 1_000
_SEARCHED_BYTES = 1 << 20
ENDING = "the run is ending: its results are delivered anyway"


class Say(Protocol):
    def __call__(self, instruction: Instruction, state: ReceiptState, detail: str = "") -> None: ...


class NotCopied(Exception):
    """The text is for the person, and follows "refused:"."""


@dataclass
class Chosen:
    """Files below the work folder with their paths there, and what was passed over."""

    files: dict[Path, str] = field(default_factory=dict)
    size_bytes: int = 0
    links: int = 0
    of_keys: int = 0
    nameless: int = 0
    """With a name that not every computer can have."""

    @property
    def passed_over(self) -> str:
        parts = [
            counted(number, one, many)
            for number, one, many in (
                (self.links, "link", "links"),
                (self.of_keys, "file of keys", "files of keys"),
                (self.nameless, "unusable name", "unusable names"),
            )
            if number
        ]
        return f"; left out: {', '.join(parts)}" if parts else ""


class Copies:
    """One at a time, beside the training; nothing waits for them."""

    def __init__(self, run: Run, uploads: Callable[[], Uploads | None], say: Say) -> None:
        self._run, self._uploads, self._say = run, uploads, say
        self._waiting: asyncio.Queue[Instruction] = asyncio.Queue()

    def ask(self, instruction: Instruction) -> None:
        """Its receipt comes when the results repo has the files, or with why it does not get them."""
        if self._run.ending is not None or self._run.progress.phase not in WORKING:
            self._say(
                instruction,
                "refused",
                ENDING if self._run.ending else "no stage of the run is in progress",
            )
            return
        self._waiting.put_nowait(instruction)

    async def work(self) -> None:
        """Copy what is asked for, for ever."""
        while True:
            instruction = await self._waiting.get()
            try:
                self._say(instruction, "done", await self._copied(instruction))
            except NotCopied as exc:
                self._say(instruction, "refused", str(exc))
            except OSError as exc:
                self._say(instruction, "refused", f"it cannot be read: {exc.strerror}")
            except Exception:
                self._say(instruction, "refused", "the agent had an internal error; see its log")
                raise

    def work_is_over(self) -> None:
        """The delivery needs the commits now."""
        while not self._waiting.empty():
            self._say(self._waiting.get_nowait(), "refused", ENDING)

    async def _copied(self, instruction: Instruction) -> str:
        """What is in the results repo now. Raises NotCopied."""
        run, uploads = self._run, self._uploads()
        where = results_kind(run.settings.results_there)
        if uploads is None:
            raise NotCopied("no stage of the run is in progress")
        if wait_seconds := uploads.budget.wait_seconds(CommitPriority.EXTRA):
            raise NotCopied(f"the {where} takes no more commits for {duration(wait_seconds)}")
        work = run.folder.prepared
        chosen = await run.ports.run_blocking(partial(choose, work, instruction.text))
        copies = {
            path: ResultsFolder.copied(instruction.id, below)
            for path, below in chosen.files.items()
        }
        message = f"{run.document.run_id}: {counted(len(copies), 'copied file')}"
        try:
            receipt = await uploads.commit((), message, copies=copies)
        except HubTrouble as exc:
            raise NotCopied(f"the {where} did not take it: {exc}") from exc
        there = {file.path for file in receipt.files}
        absent = sum(run.results.path(below) not in there for below in copies.values())
        if absent == len(copies):
            raise NotCopied("it could not be read")
        missing = f"; {counted(absent, 'file')} could not be read" if absent else ""
        amount = f"{counted(len(copies) - absent, 'file')}, {size(chosen.size_bytes)}"
        return f"{amount}{missing}{chosen.passed_over}"


def choose(work: Path, text: str) -> Chosen:
    """The file of that path below the work folder, or all files of that folder. Raises NotCopied."""
    below = safe_path(text.strip())
    if below is None:
        raise NotCopied("the path must stay inside the run's work folder")
    path, root = work / below, work.resolve()
    if not os.path.lexists(path):
        raise NotCopied(f"{below} does not exist in the run's work folder")
    if path.resolve() != root / below:
        raise NotCopied(f"{below} is a link, or is reached through one")
    if is_of_keys(below):
        raise NotCopied(f"{below} is a file that usually contains keys")
    if stat.S_ISREG(path.lstat().st_mode):
        chosen = Chosen()
        _take(chosen, path, below)
        if chosen.of_keys:
            raise NotCopied(f"{below} holds what looks like a key")
        return chosen
    if not path.is_dir():
        raise NotCopied(f"{below} is neither a file nor a folder")
    return _of_folder(root, root / below)


def _of_folder(root: Path, folder: Path) -> Chosen:
    chosen = Chosen()
    for path in _walked(folder, chosen):
        _take(chosen, path, path.relative_to(root).as_posix())
        if len(chosen.files) > MOST_FILES:
            raise NotCopied(f"there are more than {MOST_FILES:,} files; pack them into one first")
    if not chosen.files:
        raise NotCopied(f"there is no file to copy{chosen.passed_over}")
    return chosen


def _walked(folder: Path, chosen: Chosen) -> Iterator[Path]:
    """Regular files in order; links, of folders too, are counted and not followed."""
    for entry in sorted(folder.iterdir()):
        mode = entry.lstat().st_mode
        if stat.S_ISREG(mode):
            yield entry
        elif stat.S_ISDIR(mode):
            yield from _walked(entry, chosen)
        else:
            chosen.links += 1


def _take(chosen: Chosen, path: Path, below: str) -> None:
    if safe_path(below) != below:
        chosen.nameless += 1
    elif is_of_keys(below) or _holds_key(path):
        chosen.of_keys += 1
    else:
        chosen.files[path] = below
        chosen.size_bytes += path.lstat().st_size


def _holds_key(path: Path) -> bool:
    """Whether its first megabyte has a key of a known shape. What cannot be read is told when it is copied."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        return shaped_key(file.read(_SEARCHED_BYTES).decode("latin-1")) is not None
