"""Any program as the teacher: it gets sentences as JSON lines, and leaves a WAV file for each.

The whole protocol. On its standard input it finds a line for each sentence,

    {"id": "3f2a…", "text": "Good morning.", "language": "en_US", "wav": "/…/3f2a….wav"}

and then the end. It writes the WAV file that the line names, and says so on its standard output by `{"id": "3f2a…"}`,
or that it cannot, by `{"id": "3f2a…", "error": "why"}`. Whatever else it prints is log. One that says nothing has its
files looked at when it has ended well.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pod_image.contract.figures import counted
from pod_image.recipes.alive import ALIVE_SECONDS
from pod_image.recipes.command.descendants import cpu_seconds, descendants
from pod_image.recipes.distil.sentences import Sentence
from pod_image.recipes.distil.teacher import Spoken, clip_name
from pod_image.recipes.piper.recipe_error import RecipeError

END_SECONDS = 10.0
"""From asking a teacher to end until it is made to."""
LOOK_SECONDS = 0.5
"""While it says nothing, clips that were heard meanwhile are written down and sent."""
MOST_LINES = 1_000
"""That wait: a flood of log is read no faster than it is written out."""
LONGEST_REASON = 200
LONGEST_LINE = 65_536
"""What is longer is log, and comes in pieces."""
SAYING = "saying"
"""Where the teacher writes, below the folder of its clips: a file there is whole once it says so."""
Alive = Callable[[], None]


@dataclass(frozen=True)
class CommandTeacher:
    """`alive` is called now and then while the program works without having said anything."""

    argv: Sequence[str]
    workdir: Path
    environment: Mapping[str, str]
    language: str
    alive: Alive = lambda: None

    def speak(self, sentences: Sequence[Sentence], folder: Path) -> Iterator[Spoken | None]:
        """One start of the program says all of them."""
        saying = folder / SAYING
        saying.mkdir(parents=True, exist_ok=True)
        process = self._start()
        left = {each.key: each for each in sentences}
        over = threading.Event()
        threading.Thread(target=self._feed, args=(process, sentences, saying), daemon=True).start()
        threading.Thread(target=self._watch, args=(over,), daemon=True).start()
        try:
            for line in _lines(process):
                if line is None:
                    yield None
                    continue
                said = _receipt(line, left)
                if said is None:
                    print(line.rstrip("\n"), flush=True)
                    continue
                sentence, why = said
                del left[sentence.key]
                yield _taken(sentence, why, saying, folder)
            self._check(process.wait(), len(sentences) - len(left), len(sentences))
            # It says nothing of its own: what lies there is whole, since it has ended well.
            for sentence in left.values():
                yield _taken(sentence, "", saying, folder)
        finally:
            over.set()
            _end(process)

    def _start(self) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                list(self.argv),
                cwd=self.workdir,
                env=dict(self.environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as exc:
            raise RecipeError(
                f"The teacher's command could not be started: {exc.strerror}.",
                hint="Check its name, and that the image or its packages have it.",
            ) from exc

    def _feed(
        self, process: subprocess.Popen[str], sentences: Sequence[Sentence], saying: Path
    ) -> None:
        """All lines, however slowly they are read; a program that ends before has its exit code looked at."""
        assert process.stdin is not None
        with suppress(OSError, ValueError), process.stdin as stream:
            for each in sentences:
                stream.write(_order(each, self.language, saying))
                stream.flush()

    def _watch(self, over: threading.Event) -> None:
        """One that computes is alive; one that does not, and says nothing, is noticed by the agent."""
        seen = -1.0
        while not over.wait(ALIVE_SECONDS):
            used = cpu_seconds(descendants())
            if abs(used - seen) >= 1.0:
                seen = used
                self.alive()

    def _check(self, code: int, said: int, of: int) -> None:
        if code == 0:
            return
        how = f"with exit code {code}" if code > 0 else f"by signal {-code}"
        raise RecipeError(
            f"The teacher's command ended {how} after {said:,} of {counted(of, 'sentence')}.",
            hint="Its log says why. What was spoken and heard is kept: the run can be continued.",
        )


def _lines(process: subprocess.Popen[str]) -> Iterator[str | None]:
    """Its lines as they come; None while there is none."""
    lines: queue.Queue[str] = queue.Queue(MOST_LINES)
    stream = process.stdout
    assert stream is not None

    def read() -> None:
        with suppress(OSError, ValueError), stream:
            while line := stream.readline(LONGEST_LINE):
                lines.put(line)
        lines.put("")

    threading.Thread(target=read, name="teacher's words", daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            yield None
            continue
        if not line:
            return
        yield line


def _order(sentence: Sentence, language: str, saying: Path) -> str:
    order = {
        "id": sentence.key,
        "text": sentence.text,
        "language": language,
        "wav": str(saying / clip_name(sentence)),
    }
    return json.dumps(order, ensure_ascii=False) + "\n"


def _receipt(line: str, left: Mapping[str, Sentence]) -> tuple[Sentence, str] | None:
    """Which sentence a line speaks of, and why it was not said; None for what is log."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    sentence = left.get(str(said.get("id"))) if isinstance(said, dict) else None
    if sentence is None:
        return None
    return sentence, " ".join(str(said.get("error") or "").split())[:LONGEST_REASON]


def _taken(sentence: Sentence, why: str, saying: Path, folder: Path) -> Spoken:
    """The clip where it belongs; a link or a folder is no clip."""
    written = saying / clip_name(sentence)
    if not why and (written.is_symlink() or not written.is_file()):
        why = "It left no file."
    if not why:
        shutil.move(written, folder / clip_name(sentence))
    return Spoken(sentence, why)


def _end(process: subprocess.Popen[str]) -> None:
    """With all that it started in its session; what has left that ends with the stage."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            break
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
