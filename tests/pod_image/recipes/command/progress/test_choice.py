"""What a person may name for the progress, and their own pattern, which must not stop the training."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.contract.progress_choice import ProgressWay, progress_choice
from pod_image.recipes.command.progress.pattern import MOST_OVERRUNS, Pattern
from tests.pod_image.recipes.command.progress.listened import Hand, listened, recorded

NEVER_ENDS = r"(?P<step>(a|a)*)$b"


@pytest.mark.parametrize("way", ["auto", "none", "json", "bar", "trainer"])
def test_a_way_is_a_word(way: str) -> None:
    assert progress_choice(way).way is ProgressWay(way)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("magic", "not a way"),
        ("bar:x", "nothing after a colon"),
        ("bar:", "nothing after a colon"),
        ("file", "something after a colon"),
        ("file:/etc/*", "inside the command's folder"),
        ("file:../x", "must stay inside the command's folder"),
        ("regex:(", "is not valid"),
        ("regex:step [0-9]+", "a group named step or epoch"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        progress_choice(text)


def test_a_pattern_names_its_numbers(tmp_path: Path) -> None:
    way = r"regex:it (?P<step>\d+) of (?P<total>\d+), err (?P<error>[\d.]+)"
    heard = listened(b"it 3 of 9, err 0.25\nnothing\n", tmp_path, way)
    (step,) = heard.steps
    assert (step.step, step.total_steps, step.losses) == (3, 9, {"error": 0.25})
    assert heard.source == "lines that match your pattern"


def test_a_pattern_that_comes_to_no_end_is_given_up_and_said(tmp_path: Path) -> None:
    hand = Hand(tmp_path, f"regex:{NEVER_ENDS}")
    for _ in range(MOST_OVERRUNS + 2):
        hand.feed(b"a" * 40 + b"c\n")
    log = hand.finish().log
    assert sum("takes too long" in line for line in log) == 1
    pattern = Pattern(NEVER_ENDS)
    assert [pattern.read("a" * 40 + "c") for _ in range(MOST_OVERRUNS)] == [None] * MOST_OVERRUNS
    assert pattern.is_given_up


def test_none_reads_nothing(tmp_path: Path) -> None:
    heard = listened(recorded("trl-sft.merged.bin") + b'\n{"step": 3}\n', tmp_path, "none")
    assert (heard.steps, heard.source) == ([], "")


def test_our_own_line_is_believed_before_a_bar(tmp_path: Path) -> None:
    bar = b"\r 10%|#| 9/90 [00:10<1:00:00, 2it/s]"
    heard = listened(
        [(0.0, bar), (1.0, b'\n{"step": 2, "total_steps": 4}\n'), (2.0, bar)], tmp_path
    )
    assert heard.counts == [9, 2]
