"""Where the CPU seconds of our step go: `python -m tests.bench.trainer --parts profile`."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from pod_image.recipes.piper.clips import Clips
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.optimisation import Optimisation
from pod_image.recipes.piper.quality import Sizes

BACKWARD = ("discriminators backward", "generator backward")
"""In the order in which a step walks its graphs."""


def step_parts(clips: Clips, sizes: Sizes, batch: int, steps: int, seed: int) -> dict[str, Any]:
    """CPU seconds of each part of a step, means over `steps` after one that does not count, and shares of the whole."""
    torch.manual_seed(seed)
    generator = Generator(sizes).train()
    optimisation = Optimisation(
        generator,
        Discriminators(sizes),
        sample_rate_hz=clips.prepared.sample_rate_hz,
        learning_rate=2e-4,
    )
    draw = torch.Generator().manual_seed(seed)
    seconds: dict[str, float] = defaultdict(float)
    for number in range(steps + 1):
        if number == 1:
            seconds.clear()
        indices = torch.randperm(len(clips), generator=draw)[:batch].tolist()
        began = time.process_time()
        with _timed(optimisation, seconds):
            made = _wrapped(clips.batch, "data", seconds)(indices)
            optimisation.step(made)
        seconds["whole step"] += time.process_time() - began
    whole = seconds.pop("whole step")
    seconds["rest"] = whole - sum(seconds.values())
    return {
        "seconds": round(whole / steps, 3),
        "shares": {
            name: round(spent / whole, 3)
            for name, spent in sorted(seconds.items(), key=lambda row: -row[1])
        },
    }


@contextmanager
def _timed(optimisation: Optimisation, seconds: dict[str, float]) -> Iterator[None]:
    """Watch one step from outside, so that what is measured is what trains."""
    o: Any = optimisation
    backward = torch.autograd.backward
    walks = iter(BACKWARD)
    own = {
        "_forward": "generator forward",
        "_mel": "mel loss",
        "_is_finite": "finite check",
    }
    for name, part in own.items():
        setattr(o, name, _wrapped(getattr(o, name), part, seconds))
    judges = o.discriminators
    judges.forward = _wrapped(judges.forward, "discriminators forward", seconds)
    judges.towards_wave = _wrapped(judges.towards_wave, "back through the fake half", seconds)
    steps = [each.step for each in o.optimisers]
    for each in o.optimisers:
        each.step = _wrapped(each.step, "optimisers", seconds)
    torch.autograd.backward = lambda *a, **k: _wrapped(backward, next(walks), seconds)(*a, **k)
    try:
        yield
    finally:
        torch.autograd.backward = backward
        for name in own:
            delattr(o, name)
        del judges.forward, judges.towards_wave
        for each, step in zip(o.optimisers, steps, strict=True):
            each.step = step


def _wrapped(call: Callable[..., Any], part: str, seconds: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: Any, **options: Any) -> Any:
        began = time.process_time()
        try:
            return call(*args, **options)
        finally:
            seconds[part] += time.process_time() - began

    return timed
