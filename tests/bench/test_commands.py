"""The times of commands are held against their limits where that is asked for. Nothing is timed here."""

from __future__ import annotations

import json

import pytest

from tests.bench import commands
from tests.bench.startup import Timing


def timings(plan_seconds: float) -> list[Timing]:
    return [Timing("runs", 9.0, 9.0, 7), Timing("plan", plan_seconds, 9.0, 7)]


@pytest.mark.parametrize(
    ("plan_seconds", "words", "code", "over"),
    [
        (0.49, ["--check"], 0, []),
        (0.51, ["--check"], 1, ["plan"]),
        (0.51, [], 0, ["plan"]),
    ],
)
def test_a_command_over_its_limit_is_in_the_document_and_in_the_exit_code_of_a_check(
    plan_seconds: float,
    words: list[str],
    code: int,
    over: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(commands, "measure", lambda runs: timings(plan_seconds))
    assert commands.main(["--json", *words]) == code
    printed = json.loads(capsys.readouterr().out)
    assert printed["over_limit"] == over
    assert printed["limits_cpu_seconds"]["plan"] == 0.5
    assert commands.main(words) == code
    assert ("plan: over 0.5 s" in capsys.readouterr().out) == bool(over)
