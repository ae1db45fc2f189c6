"""CPU seconds that `--help` takes, beside other launchers: `python -m tests.bench.startup [--json] [--runs N]`.

Each peer is installed by itself below the temporary folder the first time. One that cannot be installed (no
network) is left out and named. Runs take turns, so that a busy machine is busy for all of them alike.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(tempfile.gettempdir()) / "launcher-bench-startup"
PEERS = {
    "podtrack": ("podtrack", ("podtrack", "--help")),
    "bellhop": ("bellhop-py", ("bellhop", "--help")),
    "opbdh": ("opbdh", ("opbdh", "--help")),
    "hf": ("huggingface_hub", ("hf", "--help")),
}
"""Name, to package and command."""
OURS = {
    "launcher": ("launcher", "--help"),
    "launcher runs": ("launcher", "runs"),
    "launcher plan": ("launcher", "plan", "--help"),
}
WARM_UPS = 2


@dataclass(frozen=True)
class Timing:
    """CPU seconds of one command over its runs: user and system, children included."""

    command: str
    best_cpu_seconds: float
    median_cpu_seconds: float
    runs: int


def main(words: Sequence[str]) -> int:
    options = _parser().parse_args(words)
    commands, absent = _commands(Path(options.folder))
    timings = measure(commands, options.runs)
    if options.json:
        print(json.dumps({"timings": [asdict(timing) for timing in timings], "absent": absent}))
    else:
        print(table(timings, absent))
    return 0


def measure(commands: dict[str, list[str]], runs: int) -> list[Timing]:
    """The commands in turn, `runs` times after the warm-ups; quickest median first."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(WARM_UPS + runs):
        for name, command in commands.items():
            seconds = cpu_seconds(command)
            if turn >= WARM_UPS:
                taken[name].append(seconds)
    timings = [
        Timing(name, round(min(each), 3), round(statistics.median(each), 3), len(each))
        for name, each in taken.items()
    ]
    return sorted(timings, key=lambda timing: timing.median_cpu_seconds)


def cpu_seconds(command: Sequence[str]) -> float:
    """CPU time of one run. Raises CalledProcessError when the command fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            list(command),
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={
                "PATH": os.environ["PATH"],
                "HOME": home,
                "LAUNCHER_HOME": home,
                "LANG": "C.UTF-8",
            },
            timeout=120,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def table(timings: Sequence[Timing], absent: Sequence[str]) -> str:
    lines = [f"{'command':<16} {'best':>7} {'median':>7}   CPU seconds"]
    lines += [
        f"{each.command:<16} {each.best_cpu_seconds:>7.3f} {each.median_cpu_seconds:>7.3f}"
        for each in timings
    ]
    if absent:
        lines.append(f"not measured, since it could not be installed: {', '.join(absent)}")
    return "\n".join(lines)


def _commands(folder: Path) -> tuple[dict[str, list[str]], list[str]]:
    """Every command that is here, and the peers that are not."""
    scripts = Path(sys.executable).parent
    commands = {name: [str(scripts / words[0]), *words[1:]] for name, words in OURS.items()}
    absent = []
    for name, (package, words) in PEERS.items():
        program = _installed(folder / name, package, words[0])
        if program is None:
            absent.append(name)
        else:
            commands[name] = [str(program), *words[1:]]
    return commands, absent


def _installed(folder: Path, package: str, command: str) -> Path | None:
    """The peer's program, installed now if it is not yet; None when it cannot be."""
    program = folder / "bin" / command
    if program.is_file():
        return program
    venv.create(folder, with_pip=True, clear=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", package]
    done = subprocess.run(install, capture_output=True, timeout=600)
    return program if done.returncode == 0 and program.is_file() else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.startup", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--runs", type=int, default=9, help="measured runs of each command")
    parser.add_argument("--folder", default=str(FOLDER), help="where the peers are kept")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
