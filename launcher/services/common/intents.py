"""What was about to be rented, on disk before the order goes out; and one launch at a time for one run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.errors import InvalidRequest, NotConfigured
from launcher.services.common.workbench import Workbench
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.places import DEFAULT_PLACE
from pod_image.contract.whole_file import write_whole

if TYPE_CHECKING:
    from filelock import FileLock


@dataclass(frozen=True)
class Intent:
    """An order that may have been sent. `given_up`: nobody waits for its pod; if one appears it is released."""

    nonce: str
    pod_name: str
    run_id: str
    results_repo: str
    at: str
    given_up: bool = False
    place: str = DEFAULT_PLACE
    """Where it was ordered."""

    @property
    def made_at(self) -> datetime:
        return datetime.fromisoformat(self.at)


class Intents:
    """One small file for each order whose outcome is not in the history yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, intent: Intent) -> None:
        """On disk, also through a power cut, when the call returns. Raises NotConfigured when it cannot be."""
        try:
            self._write(intent)
        except OSError as exc:
            raise _unwritable(self._folder, exc) from exc

    def _write(self, intent: Intent) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(intent.nonce)
        write_whole(path, json.dumps(asdict(intent)), is_private=True, is_durable=True)

    def give_up(self, nonce: str) -> None:
        """Nobody waits for the pod of this order any more. Where that cannot be written, the boot budget tells."""
        with suppress(NotConfigured):
            for intent in self.open():
                if intent.nonce == nonce:
                    self.write(replace(intent, given_up=True))

    def settle(self, nonce: str) -> None:
        """The outcome is known and written down elsewhere. A file that cannot be removed is settled again later."""
        with suppress(OSError):
            self._path(nonce).unlink(missing_ok=True)

    def open(self) -> list[Intent]:
        """Orders of unknown outcome, oldest first; a file that cannot be read is none."""
        found = []
        for path in self._folder.glob("*.json"):
            with suppress(ValueError, TypeError, OSError):
                found.append(Intent(**json.loads(path.read_text("utf-8"))))
        return sorted(found, key=lambda intent: intent.at)

    def _path(self, nonce: str) -> Path:
        return self._folder / f"{nonce}.json"


LOOK_SECONDS = 0.2
"""Who only looks whether a cluster is watched holds its lock for a moment: that is waited for."""


def intents_of(bench: Workbench) -> Intents:
    return Intents(bench.config.intents_folder)


@contextmanager
def run_lock(bench: Workbench, results_repo: str, run_id: str) -> Iterator[None]:
    """Held while a run is launched. Raises InvalidRequest when another process launches the same one,
    NotConfigured when no lock can be made."""
    try:
        lock = _lock(bench, results_repo, run_id)
        lock.acquire(timeout=0)
    except TimeoutError:
        raise InvalidRequest(
            f"Run {run_id} of {results_repo} is being launched by another process on this machine.",
            hint=Sentence(NextStep.SHOW_RUN.of(run_id)),
        ) from None
    except OSError as exc:
        raise _unwritable(bench.config.intents_folder, exc) from exc
    try:
        yield
    finally:
        lock.release()


def is_being_launched(bench: Workbench, results_repo: str, run_id: str) -> bool:
    """Whether a process on this machine is launching that run now."""
    try:
        lock = _lock(bench, results_repo, run_id)
        lock.acquire(timeout=0)
    except TimeoutError:
        return True
    except OSError:
        return False  # a launch here holds a lock that is there
    lock.release()
    return False


@contextmanager
def watch_lock(bench: Workbench, nonce: str) -> Iterator[bool]:
    """Held while a cluster is watched, by one process of this machine: whether it is this one. A disk that takes no
    lock keeps nobody from watching."""
    try:
        lock = _named_lock(bench, f"watched\n{nonce}")
        lock.acquire(timeout=LOOK_SECONDS)
    except TimeoutError:
        yield False
        return
    except OSError:
        yield True
        return
    try:
        yield True
    finally:
        lock.release()


def is_watched(bench: Workbench, nonce: str) -> bool:
    """Whether a process on this machine watches that cluster now. Where no lock can be made it counts as watched."""
    try:
        lock = _named_lock(bench, f"watched\n{nonce}")
        lock.acquire(timeout=0)
    except OSError:
        return True
    lock.release()
    return False


def _lock(bench: Workbench, results_repo: str, run_id: str) -> FileLock:
    return _named_lock(bench, f"{results_repo}\n{run_id}")


def _named_lock(bench: Workbench, what: str) -> FileLock:
    from filelock import FileLock  # later: it takes longer to load than `show` has for it

    folder = bench.config.intents_folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = hashlib.sha256(what.encode()).hexdigest()[:24]
    # Not reentrant through a shared object: two launches in one process exclude each other as well.
    return FileLock(folder / f"{name}.lock", mode=0o600, is_singleton=False)


def _unwritable(folder: Path, exc: OSError) -> NotConfigured:
    """What is ordered has to be on disk first: else nobody would look for a pod whose order is never answered."""
    return NotConfigured(
        f"The order could not be saved in {folder} ({exc.strerror or exc}), so it was not sent.",
        hint="Free some disk space, or set LAUNCHER_HOME to a folder that you can write to.",
    )
