"""How far our network is from the reference's: `python -m tests.bench.parity [--json] [--steps N]`.

Largest relative difference of the sound, of each loss and of any parameter's gradient, by part of the network, for
every quality, with the same weights and inputs. `--steps` adds the losses of that many steps of both.
"""

from __future__ import annotations

import argparse
import json
import math
import warnings
from typing import Any

import torch

from pod_image.recipes.piper.quality import SIZES, Quality
from tests.pod_image.recipes.piper.cases import made_up_clips
from tests.pod_image.recipes.piper.reference import (
    Gap,
    discriminator_gap,
    generator_gap,
    largest_gap,
    loss_curves,
)

CASES = {
    "x-low": (Quality.X_LOW, 1),
    "x-low, 3 speakers": (Quality.X_LOW, 3),
    "low and medium": (Quality.MEDIUM, 1),
    "medium, 3 speakers": (Quality.MEDIUM, 3),
    "high": (Quality.HIGH, 1),
}


def measure(steps: int) -> dict[str, Any]:
    """Figures by case; `steps` of training where it is above zero."""
    found: dict[str, Any] = {name: _plain(generator_gap(*case)) for name, case in CASES.items()}
    found["discriminators"] = _plain(discriminator_gap())
    if steps:
        clips = made_up_clips(1, samples=12_800)
        ours, theirs = loss_curves(SIZES[Quality.X_LOW], clips.batch([0]), 16_000, steps=steps)
        compared = min(_finite_steps(ours), _finite_steps(theirs))
        found[f"{compared} of {steps} steps of x-low"] = {
            "losses": largest_gap(ours[:compared], theirs[:compared]),
            "finite_steps": {"ours": _finite_steps(ours), "reference": _finite_steps(theirs)},
        }
    return found


def _finite_steps(curve: list[dict[str, float]]) -> int:
    """Steps before the first loss that is not finite: without noise nothing holds the likelihood back."""
    broken = (i for i, losses in enumerate(curve) if not all(map(math.isfinite, losses.values())))
    return next(broken, len(curve))


def _plain(gap: Gap) -> dict[str, dict[str, float]]:
    return {"forward": gap.forward, "gradients": gap.gradients}


def _text(found: dict[str, Any]) -> str:
    lines = []
    for case, groups in found.items():
        for group, figures in groups.items():
            words = "  ".join(f"{name} {value:.1e}" for name, value in figures.items())
            lines.append(f"{case:<20} {group:<10} {words}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--steps", type=int, default=0)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    found = measure(asked.steps)
    print(json.dumps(found, indent=2) if asked.json else _text(found))


if __name__ == "__main__":
    main()
