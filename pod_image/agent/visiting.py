"""A command that a person has run beside the run, by `exec`: as the user of the run's own programs, without a key in
its environment, for a few seconds, and with the output masked as the log is."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pwd
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from pod_image.agent.events import Masking
from pod_image.agent.processes import as_user
from pod_image.agent.run_log import BoundedText
from pod_image.contract.environment import EVENTS_FD_VARIABLE, RUN_VARIABLE
from pod_image.contract.interpreter import SAFE_PATH_VARIABLE
from pod_image.contract.paths import RunFolder
from pod_image.contract.plain import plain_line
from pod_image.contract.secret_names import secret_values, without_secrets

MOST_SECONDS = 20
"""The platform ends every exec after 25 seconds, and says nothing of what was printed until then."""
NO_RUN = 3
NOT_FOUND, NOT_STARTED = 127, 126
"""As a shell has them."""
_KEPT_BYTES = 64 << 10
"""Of each stream, from its beginning and as much from its end."""
_LINE_BYTES = 64 << 10
_DRAIN_SECONDS = 0.5
_PRIVATE = (EVENTS_FD_VARIABLE, RUN_VARIABLE, SAFE_PATH_VARIABLE)
_HOME = ".home"


@dataclass(frozen=True)
class Visit:
    """What the command left behind. `exit_code` is None where it was ended because its time was over."""

    exit_code: int | None
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False


def main(arguments: Sequence[str], folder: RunFolder) -> int:
    """`run --seconds 20 -- COMMAND...`: prints what came of it as JSON. The exit code is of this, not the command's."""
    given = _parser().parse_args(arguments)
    if not folder.prepared.is_dir():
        print(json.dumps({"error": "the run has not started its work here"}))
        return NO_RUN
    print(json.dumps(asdict(visit(given.words, folder, os.environ, given.seconds))))
    return 0


def visit(
    argv: Sequence[str], folder: RunFolder, environment: Mapping[str, str], seconds: float
) -> Visit:
    """Run it in the run's work folder, to its end or until its time is over."""
    masking = Masking(secret_values(environment))
    # Whose the folder is was settled by the agent, before the first program of the run began.
    owner = folder.prepared.stat().st_uid
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=folder.prepared,
            env=_environment(folder, environment, owner),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **_as_owner(owner),
        )
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or exc
        code = NOT_FOUND if isinstance(exc, FileNotFoundError) else NOT_STARTED
        return Visit(code, stderr=masking(plain_line(f"{argv[0]}: {why}")) + "\n")
    return _until_over(process, masking, min(seconds, MOST_SECONDS))


def _until_over(process: subprocess.Popen[bytes], masking: Masking, seconds: float) -> Visit:
    assert process.stdout is not None
    assert process.stderr is not None
    streams = _Heard(process.stdout, masking), _Heard(process.stderr, masking)
    code: int | None = None
    with contextlib.suppress(subprocess.TimeoutExpired):
        code = process.wait(seconds)
    if code is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    out, err = (stream.text() for stream in streams)
    return Visit(code, out, err, timed_out=code is None)


class _Heard:
    """Reads one stream on a thread: its lines, masked and without control codes; of a long one its two ends."""

    def __init__(self, stream: IO[bytes], masking: Masking) -> None:
        self._stream, self._masking = stream, masking
        self._kept = BoundedText(_KEPT_BYTES, _KEPT_BYTES)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        """What was heard. A program that it left in the background may hold the stream open: it is not waited for."""
        self._thread.join(_DRAIN_SECONDS)
        with self._lock:
            return self._kept.content().decode("utf-8", "replace")

    def _read(self) -> None:
        with self._stream:
            while raw := self._stream.readline(_LINE_BYTES):
                self._take_in(raw.decode("utf-8", "replace"))

    def _take_in(self, text: str) -> None:
        end = "\n" if text.endswith("\n") else ""
        # A progress bar redraws its line. Masked when it is plain: a colour in the middle of a secret does not hide it.
        lines = [self._masking(plain_line(part)) for part in text.rstrip("\r\n").split("\r")]
        with self._lock:
            self._kept.add(("\n".join(lines) + end).encode("utf-8", "replace"))


def _environment(folder: RunFolder, environment: Mapping[str, str], owner: int) -> dict[str, str]:
    """That of the run's own programs, without the secrets that were named for its command too."""
    kept = {
        name: value
        for name, value in without_secrets(environment).items()
        if name not in _PRIVATE and not name.startswith("LAUNCHER_")
    }
    kept |= {"RUN_DIR": str(folder.root), "WORK_DIR": str(folder.prepared)}
    kept |= {"DATASET_DIR": str(folder.dataset), "OUT_DIR": str(folder.prepared / "out")}
    programs = folder.prepared / RunFolder.ENVIRONMENT
    if programs.is_dir():
        path = kept.get("PATH", os.defpath)
        kept |= {"PATH": f"{programs / 'bin'}{os.pathsep}{path}", "VIRTUAL_ENV": str(programs)}
    return kept | _home(folder.prepared, owner)


def _home(work: Path, owner: int) -> dict[str, str]:
    """The agent's own home is not that user's to write to."""
    if owner == os.geteuid():
        return {}
    home = work / _HOME
    with contextlib.suppress(OSError):
        home.mkdir()
        os.chown(home, owner, pwd.getpwuid(owner).pw_gid, follow_symlinks=False)
    return {"HOME": str(home)}


def _as_owner(owner: int) -> dict[str, Any]:
    return {} if owner == os.geteuid() else as_user(pwd.getpwuid(owner).pw_name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pod_image.control run", description=__doc__)
    parser.add_argument("--seconds", type=float, default=MOST_SECONDS)
    parser.add_argument("words", nargs="+", metavar="COMMAND")
    return parser
