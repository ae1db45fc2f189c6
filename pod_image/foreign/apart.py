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
from typing import Any, cast

from pod_image.contract.interpreter import module_command, search_path
from pod_image.foreign.frames import Answer, Array, BadFrame, Source, read_answer, write_answer
from pod_image.foreign.walls import limit, shut_in

START_SECONDS = 60.0
"""For the interpreter and its libraries, on a busy machine."""


@dataclass(frozen=True)
class Bounds:
    """What reading one file may take: time on the clock and of a processor, memory, bytes of the answer."""

    seconds: float
    memory_bytes: int
    answer_bytes: int

    @classmethod
    def for_file(cls, size_bytes: int) -> Bounds:
        """A disk reads 20 MB a second at the worst; a file is held three times, beside what its reader needs."""
        return cls(
            seconds=30.0 + size_bytes / 20e6,
            memory_bytes=(1 << 30) + 3 * size_bytes,
            answer_bytes=2 * size_bytes + (1 << 20),
        )


class ReadingEnded(Exception):
    """The process ended, or was ended, without an answer; the text says how, for a person."""


def ask(module: str, files: Sequence[Path], bounds: Bounds, **words: str) -> Answer:
    """What `module` answers about these files. Blocking. Raises ReadingEnded.

    It gets no key, no open file, no folder of anybody's, and no path that it could import from but ours.
    """
    request = {
        "files": [str(path.absolute()) for path in files],
        "memory_bytes": bounds.memory_bytes,
        "cpu_seconds": bounds.seconds,
        "words": words,
    }
    with tempfile.TemporaryDirectory(prefix="launcher-reads-") as folder:
        process = subprocess.Popen(
            module_command(module),
            cwd=folder,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return _answer(process, json.dumps(request).encode(), bounds)


def _answer(process: subprocess.Popen[bytes], request: bytes, bounds: Bounds) -> Answer:
    assert process.stdin is not None
    assert process.stdout is not None
    late = threading.Timer(START_SECONDS + bounds.seconds, process.kill)
    late.daemon = True
    late.start()
    try:
        with process.stdout as source:
            with (
                suppress(OSError),
                process.stdin as questions,
            ):  # one that is gone is told by its answer
                questions.write(request)
            return read_answer(cast(Source, source), bounds.answer_bytes)
    except BadFrame as exc:
        if late.finished.is_set():
            seconds = START_SECONDS + bounds.seconds
            raise ReadingEnded(f"reading it took longer than {seconds:.0f} s") from exc
        raise ReadingEnded(
            "its reader broke off: it is damaged, or asks for more memory or time than such a file needs"
        ) from exc
    finally:
        late.cancel()
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Found:
    """What a reader makes of the files: words as JSON, and arrays with their bytes, which are taken one by one."""

    said: dict[str, Any]
    arrays: Sequence[Array] = ()
    contents: Iterable[Any] = ()


class Refused(Exception):
    """The reader's own word on a file, with what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def serve(
    load_libraries: Callable[[], None], read: Callable[[list[Path], dict[str, str]], Found]
) -> None:
    """What such a process does: shut itself in, load what it needs, read, answer.

    `load_libraries` runs inside the walls, but before memory is limited. `read` may raise Refused.
    """
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (before anything is loaded)
        out = os.fdopen(os.dup(1), "wb")
        os.dup2(nowhere.fileno(), 1)  # what a library prints is no part of the answer
    request = json.load(sys.stdin)
    files = [Path(path) for path in request["files"]]
    shut_in(files)
    load_libraries()
    limit(request["memory_bytes"], request["cpu_seconds"])
    with out:
        try:
            found = read(files, request["words"])
            write_answer(out, found.said, found.arrays, found.contents)
        except Refused as exc:
            write_answer(out, {"fault": exc.message, "hint": exc.hint})


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
