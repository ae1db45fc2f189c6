"""Starts the process that reads a stranger's file, and takes its answer; whatever it does, this returns in time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

from pod_image.contract.hinted_error import HintedError
from pod_image.contract.interpreter import module_command, search_path
from pod_image.contract.next_steps import on_wire
from pod_image.foreign.frames import Answer, Array, BadFrame, Source, read_answer, write_answer
from pod_image.foreign.walls import limit, shut_in

START_SECONDS = 60.0
"""For the interpreter and its libraries, on a busy machine."""


@dataclass(frozen=True)
class Bounds:
    """What reading may take: time and bytes for each answer, memory and a processor's time for all of them."""

    seconds: float
    memory_bytes: int
    answer_bytes: int
    cpu_seconds: float = 120.0

    @classmethod
    def for_file(cls, size_bytes: int) -> Bounds:
        """A disk reads 20 MB a second at the worst; a file is held three times, beside what its reader needs."""
        return cls(
            seconds=30.0 + size_bytes / 20e6,
            memory_bytes=(1 << 30) + 3 * size_bytes,
            answer_bytes=2 * size_bytes + (1 << 20),
            cpu_seconds=30.0 + size_bytes / 20e6,
        )


class ReadingEnded(Exception):
    """The process ended, or was ended, without an answer; the text says how, for a person."""


def ask(module: str, files: Sequence[Path], bounds: Bounds, **words: str) -> Answer:
    """What `module` answers about these files. Blocking. Raises ReadingEnded."""
    with Reader(module, files, bounds) as reader:
        return reader.ask(**words)


class Reader:
    """A process that has these files open to it, and answers one question after another until it is closed.

    It gets no key, no open file, no folder of anybody's, and no path that it could import from but ours.
    """

    def __init__(self, module: str, files: Sequence[Path], bounds: Bounds) -> None:
        self._bounds = bounds
        self._folder = tempfile.TemporaryDirectory(prefix="launcher-reads-")
        self._seconds = START_SECONDS + bounds.seconds  # the first question waits for the start
        self._process = subprocess.Popen(
            module_command(module),
            cwd=self._folder.name,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._write(
            {
                "files": [str(path.absolute()) for path in files],
                "memory_bytes": bounds.memory_bytes,
                "cpu_seconds": bounds.cpu_seconds,
            }
        )

    def ask(self, **words: str) -> Answer:
        """Its answer. Blocking, one at a time. Raises ReadingEnded; it is closed then."""
        assert self._process.stdout is not None
        late = threading.Timer(self._seconds, self._process.kill)
        late.daemon = True
        late.start()
        try:
            self._write(words)
            return read_answer(cast(Source, self._process.stdout), self._bounds.answer_bytes)
        except BadFrame as exc:
            self.close()
            raise ReadingEnded(
                f"reading it took longer than {self._seconds:.0f} s"
                if late.finished.is_set()
                else _BROKE_OFF
            ) from exc
        finally:
            late.cancel()
            self._seconds = self._bounds.seconds

    def _write(self, document: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # one that is gone is told by its missing answer
            self._process.stdin.write(json.dumps(document).encode() + b"\n")
            self._process.stdin.flush()

    def close(self) -> None:
        """End it. Silent when it is over."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *trouble: object) -> None:
        self.close()


_BROKE_OFF = "its reader broke off: the file is damaged, or needs more memory or time than such a file should"


@dataclass(frozen=True)
class Found:
    """What a reader makes of the files: words as JSON, and arrays with their bytes, which are taken one by one."""

    said: dict[str, Any]
    arrays: Sequence[Array] = ()
    contents: Iterable[Any] = ()


class Refused(HintedError):
    """The reader's own word on a file."""


def serve(
    load_libraries: Callable[[], None], read: Callable[[list[Path], dict[str, str]], Found]
) -> None:
    """What such a process does: shut itself in, load what it needs, then read and answer as often as it is asked.

    `load_libraries` runs inside the walls, but before memory is limited. `read` may raise Refused.
    """
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (before anything is loaded)
        out = os.fdopen(os.dup(1), "wb")
        os.dup2(nowhere.fileno(), 1)  # what a library prints is no part of the answer
    setup = json.loads(sys.stdin.readline())
    files = [Path(path) for path in setup["files"]]
    shut_in(files)
    # Where these are installed, as on a pod, torch loads them, and they look for a driver in ways that the walls
    # forbid. A reader needs no GPU.
    sys.modules["cuda"] = None  # type: ignore[assignment]
    load_libraries()
    limit(setup["memory_bytes"], setup["cpu_seconds"])
    with out:
        for question in sys.stdin:  # ends with the process that asks
            try:
                found = read(files, json.loads(question))
                write_answer(out, found.said, found.arrays, found.contents)
            except Refused as exc:
                write_answer(out, {"fault": str(exc), **on_wire(exc.hint)})
            out.flush()


def _environment() -> dict[str, str]:
    kept = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TZ")
    plain = {name: os.environ[name] for name in kept if name in os.environ}
    return plain | {
        "PYTHONPATH": os.pathsep.join(search_path()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        # Threads that were there before the walls would stand outside of them.
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    }
