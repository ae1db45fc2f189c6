"""Our trainer and the reference on one GPU: `python -m tests.bench.gpu [--json]`; under five minutes.

Both run on the same clips, each in a process of its own, one at a time. At batch 32 ours runs as it comes, without
graphs, and in float32; the reference at its own defaults and in bf16-mixed. At 16 and 64 both run as they come. A line
is printed as it ends, so that a run that is cut off has told something. Of each: steps and clips a second, the seconds
to the first step, how much of the time the card works (kernels' times put together, over wall), kernels a step, memory.
Neither side validates, writes checkpoints or reads its losses. It needs torch for CUDA and wheels, nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.missing import FOR_THE_CLIPS, FOR_THE_REFERENCE, end_if_missing, missing

WARM_STEPS = 30
MOST_TIMED_STEPS, LEAST_TIMED_STEPS = 150, 20
TIMED_SECONDS = 6.0
PROFILED_STEPS = 50


@dataclass(frozen=True)
class Case:
    """One line of the comparison."""

    name: str
    side: str
    batch: int
    options: dict[str, Any]

    @property
    def key(self) -> str:
        return f"{self.name}, batch {self.batch}"


def cases() -> list[Case]:
    """The most wanted first."""
    return [
        Case("ours", "ours", 32, {}),
        Case("reference", "reference", 32, {}),
        Case("ours without graphs", "ours", 32, {"graphs": False}),
        Case("reference in bf16-mixed", "reference", 32, {"precision": "bf16-mixed"}),
        Case("ours in float32", "ours", 32, {"precision": "float32"}),
        Case("ours", "ours", 16, {}),
        Case("reference", "reference", 16, {}),
        Case("ours", "ours", 64, {}),
        Case("reference", "reference", 64, {}),
    ]


def main() -> None:
    asked = _arguments()
    end_if_missing(FOR_THE_CLIPS)
    card = _card(asked.device)
    without_reference = missing(FOR_THE_REFERENCE)
    if without_reference is not None:
        print(f"The reference is left out: {without_reference}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="gpu-bench-") as scratch:
        figures = measure(Path(scratch), asked, has_reference=without_reference is None)
    whole = {"card": card, "clips": asked.clips, "quality": asked.quality, **figures}
    print(json.dumps(whole) if asked.json else json.dumps(whole, indent=2), flush=True)


def measure(
    folder: Path, asked: argparse.Namespace, *, has_reference: bool = True
) -> dict[str, Any]:
    from tests.bench.speech import spoken_clips
    from tests.bench.trainer import Worker

    spoken_clips(folder, asked.clips)
    lines: dict[str, Any] = {}
    wanted = [case for case in cases() if has_reference or case.side == "ours"]
    for case in wanted:
        if asked.only and case.key not in asked.only:
            continue
        options = _options(asked, case)
        if not (folder / case.side).exists():
            Worker(f"prepare-{case.side}", folder, options, {}).answer()
        lines[case.key] = _line(folder, case, options)
        print(json.dumps({case.key: lines[case.key]}), flush=True)
    return {"lines": lines, "ratios": ratios(lines)}


def _line(folder: Path, case: Case, options: dict[str, Any]) -> dict[str, Any]:
    from tests.bench.trainer import Worker

    began = time.perf_counter()
    worker = Worker(case.side, folder, options, {})
    worker.turn(1)
    first_step_seconds = time.perf_counter() - began
    warm = worker.turn(options["warm_steps"])
    last = worker.turn(LEAST_TIMED_STEPS)
    wanted = TIMED_SECONDS * LEAST_TIMED_STEPS / last["seconds"]
    steps = int(min(MOST_TIMED_STEPS, max(LEAST_TIMED_STEPS, wanted)))
    timed = worker.turn(steps)
    profiled = worker.profile(options["profiled_steps"])
    ended = worker.end()
    return {
        "steps_per_second": round(steps / timed["seconds"], 2),
        "clips_per_second": round(steps * options["batch"] / timed["seconds"], 1),
        "seconds_to_first_step": round(first_step_seconds, 1),
        "first_steps_seconds": round(warm["seconds"], 1),
        "slowest_step_seconds": timed["slowest_step_seconds"],
        "card_busy": profiled["busy"],
        "kernels_per_step": profiled["kernels_per_step"],
        "longest_kernels": profiled["longest"],
        "reserved_gb": ended.get("reserved_gb"),
        "cpu_cores": round(timed["cpu_seconds"] / timed["seconds"], 2),
    }


def ratios(lines: dict[str, Any]) -> dict[str, float]:
    """Steps a second of ours as it comes over the reference as it comes; and what each of our own choices brings."""

    def over(one: str, other: str) -> float | None:
        if one not in lines or other not in lines:
            return None
        return round(lines[one]["steps_per_second"] / lines[other]["steps_per_second"], 2)

    found = {
        f"ours over the reference, batch {batch}": over(
            f"ours, batch {batch}", f"reference, batch {batch}"
        )
        for batch in (16, 32, 64)
    }
    found |= {
        "ours over the reference in bf16-mixed": over(
            "ours, batch 32", "reference in bf16-mixed, batch 32"
        ),
        "graphs over none": over("ours, batch 32", "ours without graphs, batch 32"),
        "precision auto over float32": over("ours, batch 32", "ours in float32, batch 32"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _options(asked: argparse.Namespace, case: Case) -> dict[str, Any]:
    from tests.bench.trainer import RATES_HZ

    return {
        "batch": case.batch if asked.device == "cuda" else asked.cpu_batch,
        "quality": asked.quality,
        "rate_hz": RATES_HZ[asked.quality],
        "seed": asked.seed,
        "device": asked.device,
        "losses": False,
        "warm_steps": asked.warm_steps,
        "profiled_steps": asked.profiled_steps,
        **case.options,
    }


def _card(device: str) -> str:
    import torch

    if device != "cuda":
        return device
    if not torch.cuda.is_available():
        raise SystemExit(
            "This bench measures a GPU, and torch finds none here. On the CPU: python -m tests.bench.trainer"
        )
    driver = torch.cuda.get_device_properties(0)
    return f"{driver.name}, {driver.total_memory / 1e9:.0f} GB, torch {torch.__version__}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--quality", default="medium", choices=("x_low", "low", "medium", "high"))
    parser.add_argument("--seed", type=int, default=1234)
    parser.add_argument("--warm-steps", type=int, default=WARM_STEPS)
    parser.add_argument("--profiled-steps", type=int, default=PROFILED_STEPS)
    parser.add_argument("--only", nargs="*", help="lines by name, such as 'ours, batch 32'")
    parser.add_argument(
        "--device", default="cuda", choices=("cuda", "cpu"), help="cpu: to try this program"
    )
    parser.add_argument("--cpu-batch", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one line at the end")
    return parser.parse_args()


if __name__ == "__main__":
    main()
