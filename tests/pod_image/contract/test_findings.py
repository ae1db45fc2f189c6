"""How grave a finding is, and what that says of its place in a list."""

from __future__ import annotations

from launcher.cli.terminal.output import LOOKS
from pod_image.contract.findings import Severity


def test_the_gravest_stands_first_whichever_way_it_came() -> None:
    mixed = [Severity.NOTE, Severity.ERROR, Severity.WARNING]
    assert sorted(mixed, key=lambda each: each.rank) == ["error", "warning", "note"]


def test_a_terminal_has_a_look_for_each() -> None:
    assert set(LOOKS) == set(Severity)
