"""What the log says of the time before the first step."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import pytest

from pod_image.recipes.piper.timed_parts import Beginning, seconds_since_start


def test_the_parts_of_a_beginning_are_said_with_what_went_by_before_them() -> None:
    ticks = itertools.count()
    beginning = Beginning(lambda: float(next(ticks)), seconds_ago=2.5)
    for _ in range(2):
        with beginning.part("libraries"):
            next(ticks)
    beginning.open("first step")
    next(ticks)
    assert beginning.end() == 11.5
    assert beginning.sentence() == (
        "The first step was done 11.50 s after the trainer's start: libraries 4.00, first step 2.00."
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_time_since_this_process_began_is_the_systems() -> None:
    said = subprocess.run(
        ["ps", "-o", "etimes=", "-p", str(os.getpid())], capture_output=True, text=True, check=True
    )
    assert seconds_since_start() == pytest.approx(int(said.stdout), abs=2)
    assert Beginning.of_this_process().parts["interpreter"] == pytest.approx(
        seconds_since_start(), abs=2
    )
