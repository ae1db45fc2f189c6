"""How long `launcher ui` takes to its first page: `python -m tests.bench.first_page [--json] [--runs N] [PYTHON ...]`.

Each PYTHON is the interpreter of a checkout, this one's by default; they take turns, so that a busy machine is busy for
all of them alike. Wall time on such a machine says little: CPU seconds and the ratios to `bare` (an interpreter that
loads NiceGUI and ends) say more. With `--cold` the files of the environment are dropped from the memory of the system
before each start, which is what a first start of the day is like.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.cookiejar import CookieJar
from pathlib import Path

_LINK = re.compile(r"http://\S+token=\S+")
_TICKS = os.sysconf("SC_CLK_TCK")
BARE = "bare"


@dataclass(frozen=True)
class FirstPage:
    """One start, until the first page was answered whole; `cpu_seconds` of the program and its children."""

    wall_seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Timing:
    """Medians over the runs of one interpreter, and their ratios to `bare`."""

    command: str
    wall_seconds: float
    cpu_seconds: float
    cpu_to_bare: float
    runs: int


def main(words: Sequence[str]) -> int:
    options = _parser().parse_args(words)
    pythons = [str(Path(each).absolute()) for each in options.pythons]
    timings = measure(pythons or [sys.executable], options.runs, is_cold=options.cold)
    if options.json:
        print(json.dumps({"is_cold": options.cold, "timings": [asdict(each) for each in timings]}))
    else:
        print("\n".join(_line(each) for each in timings))
    return 0


def measure(pythons: Sequence[str], runs: int, *, is_cold: bool = False) -> list[Timing]:
    """The interpreters in turn, after one round that is not counted."""
    taken: dict[str, list[FirstPage]] = {BARE: [], **{python: [] for python in pythons}}
    for turn in range(1 + runs):
        for name, each in taken.items():
            python = pythons[0] if name == BARE else name
            if is_cold:
                forget_files(Path(python).parent.parent)
            found = bare(python) if name == BARE else first_page(python)
            if turn:
                each.append(found)
    base = statistics.median(one.cpu_seconds for one in taken[BARE])
    return [_timing(name, each, base) for name, each in taken.items()]


def bare(python: str) -> FirstPage:
    """What the library of the pages alone takes: the measure of this machine, now."""
    began, before = time.perf_counter(), os.times()
    subprocess.run([python, "-c", "import nicegui"], check=True, timeout=120)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user
    return FirstPage(time.perf_counter() - began, cpu - before.children_system)


def first_page(python: str) -> FirstPage:
    """Start the form, open its link as a browser does, end it."""
    with opened(python) as found:
        return FirstPage(found.wall_seconds, found.cpu_seconds)


@dataclass
class Opened:
    """A form whose first page was answered just now, and the lines that it wrote until then."""

    wall_seconds: float
    cpu_seconds: float
    said: list[str]


@contextmanager
def opened(python: str, *flags: str) -> Iterator[Opened]:
    """Start the form on an empty home, open its link as a browser does; ended with the block."""
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        with subprocess.Popen(
            [
                python,
                *flags,
                "-m",
                "launcher",
                "ui",
                "--no-browser",
                "--no-own-name",
                "--port",
                "0",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "HOME": home,
                "LAUNCHER_HOME": home,
                "LANG": "C.UTF-8",
            },
            cwd=home,
            text=True,
        ) as program:
            try:
                said: list[str] = []
                _open(_link(program, said))
                wall = time.perf_counter() - began
                yield Opened(wall, _cpu_seconds(program.pid), said)
            finally:
                program.terminate()


def forget_files(folder: Path) -> None:
    """Let the system drop what it holds of the files below the folder."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            file = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(file)


def _link(program: subprocess.Popen[str], said: list[str]) -> str:
    assert program.stderr is not None
    for line in program.stderr:
        said.append(line)
        if found := _LINK.search(line):
            return found[0]
    raise RuntimeError("".join(said) or "the form ended without a word")


def _open(link: str) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with opener.open(link, timeout=60) as answer:
        page = answer.read()
    assert b"Pod Launcher" in page, page[:200]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    return sum(int(each) for each in fields[11:15]) / _TICKS


def _timing(name: str, found: Sequence[FirstPage], base: float) -> Timing:
    wall = statistics.median(each.wall_seconds for each in found)
    cpu = statistics.median(each.cpu_seconds for each in found)
    return Timing(name, round(wall, 2), round(cpu, 2), round(cpu / base, 2), len(found))


def _line(each: Timing) -> str:
    return f"{each.wall_seconds:6.2f} s  {each.cpu_seconds:6.2f} CPU s  {each.cpu_to_bare:5.2f} of bare  {each.command}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.first_page", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--runs", type=int, default=5, help="measured starts of each interpreter")
    parser.add_argument("--cold", action="store_true", help="from the disk each time")
    parser.add_argument("pythons", nargs="*", help="interpreters of checkouts")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
