"""CPU seconds of the commands that people wait for, against the stand-ins: `python -m tests.bench.commands [--runs N]`.
`--check` ends with 1 where one is over its limit.

Stand-ins of RunPod and Hugging Face run in this process; what is counted is the command's own process, user and system.
Commands take turns, so that a busy machine is busy for all of them alike.
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from launcher.config import read_config
from launcher.emulator.hub import HubEmulator
from launcher.emulator.runpod import RunPodEmulator
from launcher.stores.runs import RunHistory
from tests.bench.startup import WARM_UPS, Timing, table
from tests.kit.runs import ended_run

RUN = ("--recipe", "command", "--results-repo", "demo/voices")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "--help": ("--help",),
    "runs": ("runs",),
    "show": ("show", "run-01"),
    "gpus": ("gpus",),
    "offers": ("offers", *RUN),
    "plan": ("plan", *RUN, "--", "true"),
}
LIMITS_CPU_SECONDS = {"plan": 0.5, "show": 0.4, "gpus": 0.4, "offers": 0.5}
"""What they should stay under on an idle machine of today. offers asks this computer too, by a program of its own."""


@contextmanager
def stand_ins() -> Iterator[dict[str, str]]:
    """The environment of a person whose clouds are stand-ins, with one run in the history."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        with HubEmulator(root / "hub") as hub, RunPodEmulator(root / "pods") as runpod:
            environment = {
                "PATH": os.environ["PATH"],
                "HOME": name,
                "LANG": "C.UTF-8",
                "LAUNCHER_HOME": str(root / "home"),
                "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
                "RUNPOD_API_BASE_URL": runpod.url,
                "RUNPOD_API_KEY": runpod.api_key,
                "HF_ENDPOINT": hub.url,
                "HF_DATASET_TOKEN": hub.tokens["read"],
                "HF_UPLOAD_TOKEN": hub.tokens["write"],
            }
            config = read_config(environment)
            config.make_folders()
            history = RunHistory(config.history_path)
            history.add(ended_run(results_repo="demo/voices", billed_usd=0.2))
            history.close()
            yield environment


def cpu_seconds(words: Sequence[str], environment: Mapping[str, str]) -> float:
    """CPU time of one run. Raises CalledProcessError when the command fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = str(Path(sys.executable).with_name("launcher"))
    subprocess.run(
        [program, *words],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
        timeout=120,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(runs: int) -> list[Timing]:
    """Each command in turn, `runs` times after the warm-ups; quickest median first."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with stand_ins() as environment:
        for turn in range(WARM_UPS + runs):
            for name, words in COMMANDS.items():
                seconds = cpu_seconds(words, environment)
                if turn >= WARM_UPS:
                    taken[name].append(seconds)
    timings = [
        Timing(name, round(min(each), 3), round(statistics.median(each), 3), len(each))
        for name, each in taken.items()
    ]
    return sorted(timings, key=lambda timing: timing.median_cpu_seconds)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.commands", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--runs", type=int, default=7, help="measured runs of each command")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 where a command is over its limit"
    )
    options = parser.parse_args(words)
    timings = measure(options.runs)
    over = over_limit(timings)
    if options.json:
        print(
            json.dumps(
                {
                    "timings": [asdict(timing) for timing in timings],
                    "limits_cpu_seconds": dict(LIMITS_CPU_SECONDS),
                    "over_limit": over,
                }
            )
        )
    else:
        print(table(timings, []))
        for name in over:
            print(f"{name}: over {LIMITS_CPU_SECONDS[name]} s")
    return 1 if over and options.check else 0


def over_limit(timings: Sequence[Timing]) -> list[str]:
    """Commands whose quickest run took longer than it should: another program only ever makes one slower."""
    return [
        each.command
        for each in timings
        if each.best_cpu_seconds > LIMITS_CPU_SECONDS.get(each.command, float("inf"))
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
