"""Streams that were closed, and streams behind which nobody is any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="file descriptors of POSIX")

PROGRAM = """
import os, sys
from launcher.cli.terminal.streams import hold_streams
hold_streams()
kept = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR)
print("words for the person", file=sys.stderr)
print("x" * 200_000, file=sys.stderr, flush=True)
os.write(kept, b"what is kept")
print("the answer")
"""


def run(tmp_path: Path, **streams: Any) -> tuple[int, bytes, bytes]:
    kept = tmp_path / "kept"
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(kept)], check=False, **streams)
    return done.returncode, done.stdout, kept.read_bytes()


def test_a_closed_stderr_does_not_lend_its_number_to_a_file_of_ours(tmp_path: Path) -> None:
    code, out, kept = run(tmp_path, stdout=subprocess.PIPE, preexec_fn=lambda: os.close(2))
    assert (code, out, kept) == (0, b"the answer\n", b"what is kept")


def test_closed_streams_altogether_end_nothing(tmp_path: Path) -> None:
    def close() -> None:
        for number in range(3):
            os.close(number)

    code, _, kept = run(tmp_path, stdout=None, preexec_fn=close)
    assert (code, kept) == (0, b"what is kept")


def test_words_that_no_disk_takes_are_dropped_and_the_exit_code_stays(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        code, out, _ = run(tmp_path, stdout=subprocess.PIPE, stderr=full)
    assert (code, out) == (0, b"the answer\n")


def test_words_into_a_pipe_that_nobody_empties_do_not_hold_up_the_program(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    try:
        code, out, kept = run(tmp_path, stdout=subprocess.PIPE, stderr=writer, timeout=30)
    finally:
        os.close(writer)
        os.close(reader)
    assert (code, out, kept) == (0, b"the answer\n", b"what is kept")


@pytest.mark.parametrize("words", [("presets", "list"), ("presets", "list", "--json"), ("--help",)])
def test_an_answer_that_no_disk_takes_is_an_error_in_words(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "launcher.cli.app", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "LAUNCHER_HOME": str(tmp_path)},
        )
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr
