"""Files of a run's work folder, here: its pod puts them into the results repo, and they come from there, checked."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher.domain.run import Run
from launcher.errors import InvalidRequest, ProviderUnavailable, RunFailed
from launcher.services.common.workbench import Workbench
from launcher.services.following.answers import instruct
from launcher.services.following.instructions import Sent
from pod_image.contract.instructions import InstructionName
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.paths import ResultsFolder, safe_path

COPY_SECONDS = 3_600.0
"""Gigabytes take their time to the Hub; the person may leave before."""
MOST_LETTERS = 500


@dataclass(frozen=True)
class Copied:
    """`files` are where they lie now; `detail` is what the pod said, such as what it left out."""

    run: Run
    files: tuple[Path, ...]
    size_bytes: int
    commit: str
    detail: str


def checked_path(text: str) -> str:
    """A path below the run's work folder, as it is sent. Raises InvalidRequest for one that leads anywhere else."""
    below = safe_path(text)
    if below is None or len(below) > MOST_LETTERS:
        raise InvalidRequest(
            f"{text!r} is not a path below the run's work folder.",
            hint="Such as out/model.bin: without a leading /, without .., at most 500 characters.",
        )
    return below


async def copy_from_pod(
    bench: Workbench,
    run: Run,
    path: str,
    into: Path,
    *,
    replaces: bool = False,
    on_sent: Callable[[Sent], None] = lambda sent: None,
) -> Copied:
    """Have the pod upload that file or folder, fetch it, and put it to `into`: below it, where that is a folder.

    What is there stays unless it `replaces`; nothing is put outside of `into`. Every file is compared with the size
    and the sha256 that the repo lists. Raises InvalidRequest, RunFailed when the pod refuses, ProviderUnavailable when
    it does not answer in time, HubError.
    """
    below = checked_path(path)
    target = _target(into, below, replaces=replaces)
    answered = await instruct(
        bench, run, InstructionName.COPY, below, wait_seconds=COPY_SECONDS, on_sent=on_sent
    )
    if answered.state == "ended":
        raise RunFailed(
            f"The run ended before {below} was copied.",
            hint=Sentence("What it delivered: ", NextStep.LIST_RESULTS.of(run.run_id)),
        )
    if answered.state != "done":
        raise ProviderUnavailable(f"The pod did not confirm the copy: {answered.detail}.")
    remote = ResultsFolder.copied(answered.sent.instruction.id, below)
    patterns = (glob.escape(remote), f"{glob.escape(remote)}/*")
    with _folder_beside(target) as scratch:
        fetched = await bench.results(run.results_repo).download(run.run_id, scratch, patterns)
        if not fetched.files:
            raise ProviderUnavailable(f"The results repo does not list the copy of {below} yet.")
        came = fetched.folder / run.run_id / remote
        files = tuple(_put(came, target, replaces=replaces))
    return Copied(answered.run, files, fetched.size_bytes, fetched.commit, answered.detail)


def _target(into: Path, below: str, *, replaces: bool) -> Path:
    """Where it goes, as `cp -r` has it. Raises InvalidRequest before the pod is asked for anything."""
    target = into / below.rpartition("/")[2] if into.is_dir() else into
    if not target.parent.is_dir():
        raise InvalidRequest(
            f"There is no folder {target.parent}.", hint="Make it, or name another."
        )
    if os.path.lexists(target) and not replaces:
        raise InvalidRequest(
            f"{target} exists.", hint=Sentence("To replace it: ", NextStep.CONFIRM)
        )
    return target


@contextlib.contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    """On the same disk, so that files are moved and not copied."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copying-") as name:
        yield Path(name)


def _put(came: Path, target: Path, *, replaces: bool) -> Iterator[Path]:
    """Move what came to where it goes, file by file. Raises InvalidRequest for a name that would leave the target."""
    if came.is_file():
        if target.is_dir() and not target.is_symlink():
            raise InvalidRequest(f"{target} is a folder, and what was copied is a file.")
        yield _moved(came, target)
        return
    if replaces and (target.is_symlink() or target.is_file()):
        target.unlink()
    target.mkdir(exist_ok=True)
    for file in sorted(path for path in came.rglob("*") if path.is_file()):
        below = file.relative_to(came).as_posix()
        place = target / below
        if safe_path(below) != below or not _stays_below(place.parent, target):
            raise InvalidRequest(f"{below!r} would not stay in {target}; it was left out.")
        place.parent.mkdir(parents=True, exist_ok=True)
        yield _moved(file, place)


def _stays_below(folder: Path, target: Path) -> bool:
    """A link that lies in the target already may lead elsewhere."""
    return folder.resolve().is_relative_to(target.resolve())


def _moved(file: Path, place: Path) -> Path:
    """Over a file or a link of that name, never through it."""
    if place.is_dir() and not place.is_symlink():
        raise InvalidRequest(f"{place} is a folder, and what was copied is a file.")
    return file.replace(place)
