"""What lists show beside a run: of the best checkpoint and of the newest sample, from events in any order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.services.common.highlights import highlights_of, keep_highlights
from launcher.stores.runs import RecordKind, RunHistory
from tests.kit.runs import event, run

SCORE, SAMPLE = RecordKind.SCORE, RecordKind.SAMPLE
DISTANCE = "mel_cepstral_distance_db"
EVENTS = (
    event("checkpoint", 1, step=5, path="a", size_bytes=1, scores={DISTANCE: 7.0}, is_best=True),
    event("sample", 2, step=5, path="samples/5/1.wav", text="First."),
    event("sample", 3, step=5, path="samples/5/2.wav", text="Second."),
    event(
        "checkpoint",
        4,
        step=9,
        path="b",
        size_bytes=1,
        scores={"validation_mel": 1.0, DISTANCE: 6.4},
        is_best=True,
    ),
    event("checkpoint", 5, step=12, path="c", size_bytes=1, scores={DISTANCE: 8.0}),
    event("sample", 6, step=9, path="samples/9/1.wav", text="First.", seconds=2.5),
    event("sample", 7, step=9, path="samples/reference.wav", kind="reference"),
    event("sample", 8, step=99, path="samples/99.png", media="image"),
    event("sample", 9, step=99, path="../../etc/passwd"),
)
NEWEST = {"path": "samples/9/1.wav", "step": 9, "text": "First.", "seconds": 2.5}
BEST = {"name": DISTANCE, "value": 6.4, "step": 9, "is_lower_better": True}


@pytest.fixture
def history(tmp_path: Path) -> Iterator[RunHistory]:
    opened = RunHistory(tmp_path / "runs.sqlite")
    opened.add(run())
    yield opened
    opened.close()


def test_the_best_score_and_the_first_sentence_of_the_newest_step_are_kept() -> None:
    assert highlights_of(EVENTS) == {SCORE: BEST, SAMPLE: NEWEST}
    assert highlights_of(()) == {SCORE: {}, SAMPLE: {}}


@pytest.mark.parametrize("times", [1, 2])
def test_they_are_kept_as_events_come_and_a_log_that_is_read_again_changes_nothing(
    history: RunHistory, times: int
) -> None:
    for _ in range(times):
        for each in EVENTS:
            keep_highlights(history, run(), each)
    assert (history.kept(run(), SCORE), history.kept(run(), SAMPLE)) == (BEST, NEWEST)


def test_a_score_that_is_no_number_is_none() -> None:
    """JSON has no such numbers, and one in the history would keep every list from being read."""
    made = event(
        "checkpoint", 1, step=5, path="a", size_bytes=1, scores={"x": float("inf")}, is_best=True
    )
    assert highlights_of([made])[SCORE] == {}
