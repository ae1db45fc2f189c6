"""`python -m tests.mutants`: plant each bug in a copy of the tree, run the tests that should notice it, list survivors.

Exit code 1 when a bug went unnoticed, or when that could not be found out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from tests.kit.checkout import ROOT
from tests.mutants.mutant import DoesNotApply, Mutant, mutants

LIMIT_SECONDS = 120.0
"""For the tests of one mutant."""
_PARTS = (
    *("launcher", "pod_image", "presets", "tests", "docs", "pyproject.toml", "Makefile"),
    *("Dockerfile", "README.md", "CHANGELOG.md", "LICENSE"),
)
_FAILED, _PASSED = 1, 0


class Outcome(StrEnum):
    """What the tests made of a mutant. Only CAUGHT is good."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    UNDECIDED = "undecided"


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    chosen = [each for each in mutants() if given.only in f"{each.area}: {each.name}"]
    began = time.monotonic()
    outcomes: dict[str, Outcome] = {}
    with copied(ROOT) as copy:
        if not given.json and (broken := broken_without(chosen, copy)):
            print(f"These tests fail without any mutant:\n{broken}")
            return 1
        for mutant, outcome, why in tried(chosen, copy, given.seconds):
            outcomes[mutant.name] = outcome
            if not given.json:
                print(f"{outcome:10} {mutant.area}: {mutant.name}{why}", flush=True)
    told = summed(outcomes)
    if given.json:
        print(json.dumps(told))
    else:
        print(f"{len(outcomes)} mutants in {time.monotonic() - began:.0f} s; survivors: ", end="")
        print(", ".join((*told["survivors"], *told["undecided"])) or "none")
    return 0 if outcomes and set(outcomes.values()) == {Outcome.CAUGHT} else 1


def summed(outcomes: dict[str, Outcome]) -> dict[str, list[str]]:
    """The names by what became of them."""
    return {
        "caught": [name for name, each in outcomes.items() if each is Outcome.CAUGHT],
        "survivors": [name for name, each in outcomes.items() if each is Outcome.SURVIVED],
        "undecided": [name for name, each in outcomes.items() if each is Outcome.UNDECIDED],
    }


@contextmanager
def copied(tree: Path) -> Iterator[Path]:
    """A copy of what the tests need, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "tree"
        copy.mkdir()
        for part in _PARTS:
            if (tree / part).is_dir():
                shutil.copytree(
                    tree / part, copy / part, ignore=shutil.ignore_patterns("node_modules")
                )
            elif (tree / part).exists():
                shutil.copy2(tree / part, copy / part)
        yield copy


def broken_without(chosen: Sequence[Mutant], copy: Path) -> str:
    """What pytest says of the tests when nothing is planted; empty when all pass."""
    names = sorted({test for mutant in chosen for test in mutant.tests})
    code, said = run_tests(names, copy, LIMIT_SECONDS * 5)
    return "" if code == _PASSED else said


def tried(
    chosen: Sequence[Mutant], copy: Path, limit_seconds: float = LIMIT_SECONDS
) -> Iterator[tuple[Mutant, Outcome, str]]:
    """Each mutant with what its tests made of it, and why that is not known."""
    for number, mutant in enumerate(chosen, 1):
        try:
            changed = mutant.applied(copy)
        except DoesNotApply as exc:
            yield mutant, Outcome.UNDECIDED, f" ({exc})"
            continue
        path = copy / mutant.file
        plain = path.read_text()
        write(path, changed, number)
        try:
            code, said = run_tests(mutant.tests, copy, limit_seconds)
        finally:
            write(path, plain, -number)
        yield mutant, *_judged(code, said)


def write(path: Path, text: str, number: int) -> None:
    """Write with a time of change of its own, so that no compiled file of an earlier text is taken for this one's."""
    path.write_text(text)
    moment = time.time() + 10 * number
    os.utime(path, (moment, moment))


def _judged(code: int | None, said: str) -> tuple[Outcome, str]:
    if code == _FAILED:
        return Outcome.CAUGHT, ""
    if code == _PASSED:
        return Outcome.SURVIVED, ""
    last = said.strip().splitlines()[-1:] or ["nothing"]
    return Outcome.UNDECIDED, " (out of time)" if code is None else f" (pytest said: {last[0]})"


def run_tests(names: Sequence[str], copy: Path, limit_seconds: float) -> tuple[int | None, str]:
    """pytest's exit code and words; None when the time was up."""
    # What is imported has to be the copy, also in processes that a test starts.
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *names]
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=limit_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout + done.stderr


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="mutants whose area and name hold these words")
    parser.add_argument(
        "--seconds", type=float, default=LIMIT_SECONDS, help="for the tests of one mutant"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
