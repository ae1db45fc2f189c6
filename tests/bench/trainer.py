"""Our trainer against the reference: `python -m tests.bench.trainer [--batch N] [--steps N] [--quality Q] [--json]`.

Both train on the same clips with the same batch, size, seed and threads, each in a process of its own. They take turns
of a few steps, and what is reported is the median of the turns' ratios: what else the machine does meets both. CPU
seconds are given beside wall seconds, since a busy machine stretches only the latter. `--parts wait` compares two of
our own trainers, whose idle threads spin and sleep; `--parts profile` says where our step's time goes. Needs the
packages of the extra `bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from pod_image.recipes.piper.quality import Sizes
from tests.bench.missing import FOR_THE_CLIPS, FOR_THE_REFERENCE, end_if_missing
from tests.bench.turns import MARK, equal_paths

RATES_HZ = {"x_low": 16_000, "low": 16_000, "medium": 22_050, "high": 22_050}
# For the curves: full widths would take an hour.
SMALL = Sizes(hidden=16, filter=32, text_layers=1, decoder_channels=16, discriminator_divisor=16)
PATH_CASES = 200
PARTS = ("prepare", "steps", "wait", "curve", "profile")


class Worker:
    """One side of the comparison, as a process that answers in lines."""

    def __init__(self, side: str, folder: Path, options: Mapping[str, Any], env: Mapping[str, str]):
        # Not a pipe: nobody reads it, and a trainer that warns enough would wait for ever.
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115
        command = [
            sys.executable,
            "-m",
            "tests.bench.turns",
            side,
            str(folder),
            json.dumps(options),
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env={**os.environ, **env},
        )

    def turn(self, steps: int) -> dict[str, Any]:
        """So many steps; what they took."""
        return self._ask(f"{steps}\n")

    def profile(self, steps: int) -> dict[str, Any]:
        """So many steps; what the device did in them."""
        return self._ask(f"profile {steps}\n")

    def end(self) -> dict[str, Any]:
        """The peak of its memory; the process is gone afterwards."""
        answer = self._ask("\n")
        self._process.communicate(timeout=60)
        return answer

    def answer(self) -> dict[str, Any]:
        """The next answer of a worker that needs not be asked."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(MARK):
                found: dict[str, Any] = json.loads(line.removeprefix(MARK))
                return found
        self._said.seek(0)
        raise SystemExit(f"A side of the bench ended early:\n{self._said.read()[-3000:]}")

    def _ask(self, words: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it is gone; `answer` says why
            self._process.stdin.write(words)
            self._process.stdin.flush()
        return self.answer()


@dataclass
class Pairs:
    """Turns of two sides. Ratios are the second's time over the first's: how many times quicker the first is."""

    first: list[dict[str, Any]] = field(default_factory=list)
    second: list[dict[str, Any]] = field(default_factory=list)

    def ratio(self, of: str) -> float:
        return round(median(b[of] / a[of] for a, b in zip(self.first, self.second, strict=True)), 3)

    def ratios(self, of: str) -> list[float]:
        return [round(b[of] / a[of], 3) for a, b in zip(self.first, self.second, strict=True)]


def main() -> None:
    asked = _arguments()
    end_if_missing(FOR_THE_CLIPS, FOR_THE_REFERENCE)
    from tests.bench.speech import spoken_clips

    with tempfile.TemporaryDirectory(prefix="trainer-bench-") as scratch:
        folder = Path(scratch)
        spoken_clips(folder, asked.clips)
        figures = _figures(folder, asked)
    if asked.json:
        print(json.dumps(figures))
    else:
        print(json.dumps(figures, indent=2))


def _figures(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "setting": {
            name: getattr(asked, name)
            for name in ("batch", "steps", "rounds", "quality", "clips", "threads", "seed")
        },
        "ours": {},
        "reference": {},
        "ratio": {},
        "load": round(os.getloadavg()[0], 1),
    }
    if "steps" in asked.parts or "curve" in asked.parts:
        figures["equal_paths"] = f"{equal_paths(PATH_CASES)} of {PATH_CASES}"
    _prepare(folder, asked, figures)
    if "steps" in asked.parts:
        _steps(folder, asked, figures)
    if "wait" in asked.parts:
        figures["spinning_over_sleeping"] = _wait(folder, asked)
    if "curve" in asked.parts:
        from tests.bench.curves import compare_curves
        from tests.pod_image.recipes.piper.cases import made_up_clips

        curves = compare_curves(asked.curve_steps, asked.seed, made_up_clips(8), SMALL)
        figures["curve"] = curves.figures()
    if "profile" in asked.parts:
        figures["profile"] = _profile(folder, asked)
    return figures


def _profile(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    import torch

    from pod_image.recipes.piper.clips import Clips
    from pod_image.recipes.piper.device import ready_cpu
    from pod_image.recipes.piper.quality import SIZES, Quality
    from tests.bench.step_parts import step_parts

    torch.set_num_threads(asked.threads)
    ready_cpu()
    clips = Clips.load(folder / "ours", torch.device("cpu"))
    return step_parts(clips, SIZES[Quality(asked.quality)], asked.batch, asked.steps, asked.seed)


def _options(asked: argparse.Namespace) -> dict[str, Any]:
    return {
        "batch": asked.batch,
        "quality": asked.quality,
        "rate_hz": RATES_HZ[asked.quality],
        "seed": asked.seed,
    }


def _environment(asked: argparse.Namespace) -> dict[str, str]:
    threads = str(asked.threads)
    return {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "OMP_WAIT_POLICY": "PASSIVE"}


# Preparation


def _prepare(folder: Path, asked: argparse.Namespace, figures: dict[str, Any]) -> None:
    """At least once: the steps need what it makes. Each round begins with nothing."""
    rounds = asked.prepare_rounds if "prepare" in asked.parts else 1
    sides = ["ours", "reference"] if set(asked.parts) & {"prepare", "steps"} else ["ours"]
    pairs = Pairs()
    for number in range(rounds):
        for side in sides if number % 2 == 0 else sides[::-1]:
            for made in (folder / side, folder / f"{side}.json"):
                subprocess.run(["rm", "-rf", str(made)], check=True)
            worker = Worker(f"prepare-{side}", folder, _options(asked), {})
            (pairs.first if side == "ours" else pairs.second).append(worker.answer())
    if "prepare" not in asked.parts:
        return
    for name, turns in (("ours", pairs.first), ("reference", pairs.second)):
        figures[name]["prepare"] = {
            "seconds": round(median(t["seconds"] for t in turns), 2),
            "cpu_seconds": round(median(t["cpu_seconds"] for t in turns), 2),
        }
    figures["ratio"]["prepare"] = pairs.ratio("seconds")
    figures["ratio"]["prepare_cpu"] = pairs.ratio("cpu_seconds")
    figures["ratio"]["prepare_rounds"] = pairs.ratios("seconds")


# Steps


def _steps(folder: Path, asked: argparse.Namespace, figures: dict[str, Any]) -> None:
    sides = [
        Worker(side, folder, _options(asked), _environment(asked)) for side in ("ours", "reference")
    ]
    pairs, peaks = _alternate(sides, asked)
    for name, turns, peak in zip(
        ("ours", "reference"), (pairs.first, pairs.second), peaks, strict=True
    ):
        seconds = median(t["seconds"] for t in turns) / asked.steps
        cpu_seconds = median(t["cpu_seconds"] for t in turns) / asked.steps
        figures[name] |= {
            "steps_per_second": round(1 / seconds, 4),
            "clips_per_second": round(asked.batch / seconds, 3),
            "cpu_seconds_per_step": round(cpu_seconds, 3),
            "peak_memory_gb": round(peak, 2),
            "first_losses": turns[0]["losses"][0],
        }
    figures["ratio"] |= {
        "steps_per_second": pairs.ratio("seconds"),
        "steps_per_cpu_second": pairs.ratio("cpu_seconds"),
        "rounds": pairs.ratios("seconds"),
        "rounds_cpu": pairs.ratios("cpu_seconds"),
        "peak_memory": round(peaks[0] / peaks[1], 3),
    }


def _wait(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """How much quicker sleeping threads are than threads that spin while they wait; below 1: slower."""
    sleeping = _environment(asked)
    spinning = {name: value for name, value in sleeping.items() if name != "OMP_WAIT_POLICY"}
    sides = [
        Worker("ours", folder, _options(asked), env | {"OMP_WAIT_POLICY": policy})
        for env, policy in ((sleeping, "PASSIVE"), (spinning, "ACTIVE"))
    ]
    pairs, _ = _alternate(sides, asked)
    return {
        "seconds": pairs.ratio("seconds"),
        "cpu_seconds": pairs.ratio("cpu_seconds"),
        "rounds": pairs.ratios("seconds"),
        "threads": asked.threads,
    }


def _alternate(sides: list[Worker], asked: argparse.Namespace) -> tuple[Pairs, list[float]]:
    """Rounds of one turn each, the order changing; a first step of each is not counted."""
    for side in sides:
        side.turn(1)
    pairs = Pairs()
    kept = (pairs.first, pairs.second)
    for number in range(asked.rounds):
        for place in (0, 1) if number % 2 == 0 else (1, 0):
            kept[place].append(sides[place].turn(asked.steps))
    return pairs, [side.end()["peak_memory_gb"] for side in sides]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=2, help="steps of a turn")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--quality", choices=sorted(RATES_HZ), default="medium")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--prepare-rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1234)
    parser.add_argument("--curve-steps", type=int, default=200)
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=["prepare", "steps"])
    parser.add_argument("--json", action="store_true", help="one line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
