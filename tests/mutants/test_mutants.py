"""The list of planted bugs does not rot: each still applies to the code, and its tests are there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.kit.checkout import ROOT
from tests.mutants.__main__ import Outcome, copied, summed, tried
from tests.mutants.mutant import DoesNotApply, Mutant, mutants

ALL = mutants()


@pytest.mark.parametrize("mutant", ALL, ids=lambda each: each.name.replace(" ", "-"))
def test_the_mutant_applies_and_its_tests_are_there(mutant: Mutant) -> None:
    assert mutant.applied(ROOT) != (ROOT / mutant.file).read_text()
    for test in mutant.tests:
        path, _, name = test.partition("::")
        text = (ROOT / path).read_text()
        assert f"def {name.partition('[')[0]}(" in text if name else "def test_" in text


def test_every_part_that_keeps_a_promise_has_its_mutants() -> None:
    counts = Counter(mutant.area for mutant in ALL)
    assert set(counts) >= {"agent", "hub", "launch", "results", "secrets", "sweep", "watch"}
    assert sum(counts.values()) >= 40
    assert len({mutant.name for mutant in ALL}) == len(ALL)


def test_a_mutant_whose_text_is_gone_or_twice_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("a = 1\nb = 2\nb = 2\n")
    gone = Mutant("hub", "gone", "code.py", "c = 3", "c = 4", ())
    with pytest.raises(DoesNotApply, match="0 times in code"):
        gone.applied(tmp_path)
    with pytest.raises(DoesNotApply, match="2 times"):
        Mutant("hub", "twice", "code.py", "b = 2", "b = 3", ()).applied(tmp_path)


def test_survivors_are_told_from_what_was_caught_and_the_copy_stays_whole(tmp_path: Path) -> None:
    tree = tmp_path / "here"
    (tree / "tests").mkdir(parents=True)
    (tree / "tests" / "__init__.py").touch()
    code = "def double(x):\n    return 2 * x\n\n\ndef half(x):\n    return x / 2\n"
    (tree / "tests" / "code.py").write_text(code)
    test = "from tests.code import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
    (tree / "tests" / "test_code.py").write_text(test)
    tests = ("tests/test_code.py",)
    given = [
        Mutant("hub", "held", "tests/code.py", "return 2 * x", "return 3 * x", tests),
        Mutant("hub", "not held", "tests/code.py", "return x / 2", "return x / 3", tests),
        Mutant("hub", "rotten", "tests/code.py", "return x / 5", "return x / 6", tests),
        Mutant(
            "hub", "no test", "tests/code.py", "return x / 2", "return x / 3", ("tests/gone.py",)
        ),
    ]
    with copied(tree) as copy:
        outcomes = {mutant.name: outcome for mutant, outcome, _ in tried(given, copy)}
        assert (copy / "tests" / "code.py").read_text() == code
    assert outcomes == {
        "held": Outcome.CAUGHT,
        "not held": Outcome.SURVIVED,
        "rotten": Outcome.UNDECIDED,
        "no test": Outcome.UNDECIDED,
    }
    assert summed(outcomes)["survivors"] == ["not held"]
