"""What `make quick` leaves out, and what a test may cost in it."""

from __future__ import annotations

import os

from tests.kit.checkout import ROOT

QUICK = "LAUNCHER_QUICK"
"""Set by `make quick`: seconds of the processor, children included, that one test may take. What slow.txt names is not
even loaded."""


def named_slow() -> tuple[str, ...]:
    """The folders, files and tests of slow.txt."""
    lines = (ROOT / "tests/slow.txt").read_text("utf-8").splitlines()
    return tuple(line.split()[0] for line in lines if line.strip() and not line.startswith("#"))


SLOW = named_slow()


def is_slow(name: str, slow: tuple[str, ...] = SLOW) -> bool:
    """Whether the test, its file or a folder that it is in is named. `name` begins with `tests/`."""
    return any(
        name == each or name.startswith((f"{each}/", f"{each}::", f"{each}[")) for each in slow
    )


def budget_seconds() -> float | None:
    """None in a run of everything."""
    said = os.environ.get(QUICK)
    return float(said) if said else None
