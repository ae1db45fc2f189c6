"""How much to record and how long that trains is one figure, wherever it is told."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from launcher.domain import advice
from launcher.domain.plan import DatasetSummary
from launcher.recipes import recipe_of
from pod_image.contract.settings import RunSettings
from tests.kit.checkout import ROOT
from tests.kit.plans import offer

_NUMBER = (
    r"(?:\d[\d,.]*|an?|one|two|three|four|five|six|eight|ten|twelve|fifteen|twenty|thirty|sixty|hundred|"
    r"some|many|several|a few|half an)"
)
LENGTH = re.compile(
    rf"\b(?:{_NUMBER}(?: (?:to|or|and) {_NUMBER})? )?(?:minutes?|hours?|days?)\b(?: (?:or more|rather))?",
    re.IGNORECASE,
)
ABOUT_RECORDINGS = re.compile(
    r"recordings?\b|of speech|from scratch|base voice|GPU time|worth hearing|fine-tun|of (?:sound|clips)|"
    r"GB (?:RTX )?card",
    re.IGNORECASE,
)
TOLD = {
    *(advice.LEAST, advice.GOOD, advice.FROM_SCRATCH, advice.FROM_SCRATCH + " or more"),
    *(advice.FINE_TUNE_TIME, advice.FROM_SCRATCH_TIME),
}
MEASURED = ("docs/performance.md", "docs/first-real-run.md")
"""What was measured or is to be: lengths of trials of ours, and no advice."""
SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\n{2,}|\|")


def texts() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in (ROOT / "launcher/ui/pages/help/texts").glob("*.md"):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in (ROOT / "presets").glob("*.toml"):
        about = tomllib.loads(path.read_text(encoding="utf-8"))
        yield path.relative_to(ROOT).as_posix(), about["description"]
    for folder in ("launcher", "pod_image"):
        for path in (ROOT / folder).rglob("*.py"):
            yield from (
                (path.relative_to(ROOT).as_posix(), words) for words in said_in(path.read_text())
            )


def said_in(code: str) -> Iterator[str]:
    """Texts of a module: docstrings left out, what an f-string fills in as `{}`, and figures of `advice` as such."""
    tree = ast.parse(code)
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if id(node) in bare | inside:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )


def other_figures() -> list[str]:
    return [
        f"{place}: {wrong} in: {sentence}"
        for place, text in texts()
        if place not in MEASURED
        for sentence, wrong in not_told_so(text)
    ]


def not_told_so(text: str) -> Iterator[tuple[str, list[str]]]:
    """Sentences about recordings or training with a length that is none of `advice`."""
    for sentence in SENTENCE.split(text):
        words = " ".join(sentence.split())
        if ABOUT_RECORDINGS.search(words):
            lengths = [length[0].strip() for length in LENGTH.finditer(words)]
            wrong = [length for length in lengths if length.lower() not in TOLD]
            if wrong:
                yield words, wrong


def test_no_text_gives_another_figure() -> None:
    assert other_figures() == []


@pytest.mark.parametrize(
    "planted",
    [
        "You need recordings of one person, five minutes at the least.",
        "Good from 15 minutes of speech.",
        "Fine-tuning takes some hours on a 24 GB card.",
        "From scratch it is a day or more of GPU time.",
        "A voice worth hearing takes hours on a GPU.",
        "Half an hour if you can; that takes some hours on a 24 GB RTX card.",
    ],
)
def test_a_second_figure_would_be_found(planted: str) -> None:
    assert list(not_told_so(planted))


def test_the_words_are_those_of_the_numbers_that_checks_go_by() -> None:
    assert (advice.LEAST_MINUTES, advice.LEAST) == (10, "ten minutes")
    assert (advice.GOOD_MINUTES, advice.GOOD) == (30, "half an hour")
    assert (advice.FROM_SCRATCH_MINUTES, advice.FROM_SCRATCH) == (600, "ten hours")
    assert (advice.FINE_TUNE_HOURS, advice.FINE_TUNE_TIME) == ((2, 4), "two to four hours")
    assert (advice.FROM_SCRATCH_DAYS, advice.FROM_SCRATCH_TIME) == (3, "three days or more")


@pytest.mark.parametrize("card", advice.RTX_CARDS)
def test_the_times_that_are_told_are_those_that_a_plan_reckons(card: str) -> None:
    least, most = advice.FINE_TUNE_HOURS
    assert least <= hours("finetune-medium", advice.GOOD_MINUTES, card) <= most
    assert (
        hours("from-scratch-medium", advice.FROM_SCRATCH_MINUTES, card)
        >= 24 * advice.FROM_SCRATCH_DAYS
    )


def hours(preset: str, minutes: float, card: str) -> float:
    """Of this preset on recordings in clips of six seconds."""
    document = tomllib.loads((ROOT / f"presets/{preset}.toml").read_text(encoding="utf-8"))
    settings = RunSettings.model_validate(document["settings"])
    dataset = DatasetSummary("me/clips", "c" * 40, clips=round(minutes * 10), minutes=minutes)
    rented = replace(offer(price=0.5), gpu_name=card)
    found = recipe_of(settings).estimate(settings, dataset, rented, [])
    assert found is not None
    return found.hours
