"""The best checkpoint of a run is known from its events, with its score and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from launcher.domain.run_picture import CHECKPOINTS, RunPicture, picture_of
from launcher.domain.scores import best_score, why_best
from pod_image.contract.bodies import CheckpointWritten, Step
from pod_image.contract.events import stamped

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DISTANCE = "mel_cepstral_distance_db"


def written(step: int, scores: Mapping[str, float], *, is_best: bool = False) -> CheckpointWritten:
    path = f"checkpoints/step-{step:08d}.ckpt"
    return CheckpointWritten(
        step=step, path=path, size_bytes=9, scores=dict(scores), is_best=is_best
    )


def told(*bodies: CheckpointWritten | Step) -> RunPicture:
    return picture_of(
        stamped(body, at=START + timedelta(seconds=60 * n), run_id="run-01", seq=n)
        for n, body in enumerate(bodies, 1)
    )


def test_the_best_score_is_that_of_the_checkpoint_that_the_training_judged_best() -> None:
    picture = told(
        written(100, {DISTANCE: 9.0, "validation_mel": 0.9}, is_best=True),
        written(200, {DISTANCE: 7.5, "validation_mel": 0.7}, is_best=True),
        written(300, {DISTANCE: 8.0, "validation_mel": 0.6}),
    )
    best = best_score(picture)
    assert best is not None
    assert (best.name, best.value, best.step, best.is_lower_better) == (DISTANCE, 7.5, 200, True)
    assert best.sentence == "Distance from the recordings: 7.5 dB at step 200"
    assert why_best(picture) == "lowest distance from the recordings"


def test_a_nearer_checkpoint_with_faults_is_told_as_the_reason() -> None:
    nearer = written(200, {DISTANCE: 6.0, "duration_ratio": 1.6})
    one_too = {DISTANCE: 8.0, "clipped_share": 0.5}
    picture = told(written(100, {DISTANCE: 8.0}, is_best=True), nearer)
    assert (
        why_best(picture)
        == "no faults, and the lowest distance from the recordings of those without"
    )
    picture = told(
        written(100, one_too, is_best=True), written(200, {**nearer.scores, "silent_share": 0.9})
    )
    assert why_best(picture) == "1 fault only, and the lowest distance from the recordings of those"


def test_without_anything_measured_there_is_no_score_and_the_newest_is_the_best() -> None:
    assert best_score(RunPicture()) is None
    assert why_best(RunPicture()) == ""
    picture = told(written(100, {}, is_best=True), written(200, {}, is_best=True))
    assert best_score(picture) is None
    assert why_best(picture) == "the newest: no checkpoint was measured"


def test_a_score_of_a_newer_image_is_shown_and_said_to_be_the_trainings_choice() -> None:
    picture = told(written(100, {"misheard": 0.1}, is_best=True))
    best = best_score(picture)
    assert best is not None
    assert (best.name, best.text, best.is_lower_better) == ("misheard", "0.1", True)
    assert why_best(picture) == "chosen by the training"


def test_the_best_is_not_forgotten_however_many_checkpoints_come_after_it() -> None:
    later = (written(step, {DISTANCE: 9.0}) for step in range(20, 30 + CHECKPOINTS))
    picture = told(written(10, {DISTANCE: 5.0}, is_best=True), *later)
    assert len(picture.checkpoints) == CHECKPOINTS
    assert picture.best is not None
    assert picture.best.step == 10


def test_scores_are_curves_and_steps_have_their_times() -> None:
    picture = told(
        Step(step=1, losses={"mel": 2.0}),
        written(1, {DISTANCE: 9.0}),
        Step(step=2, losses={"mel": 1.0}),
        written(2, {DISTANCE: 8.0}),
    )
    assert picture.scores[DISTANCE].shown() == [(1, 9.0), (2, 8.0)]
    assert list(picture.scalars) == ["mel", DISTANCE]
    began = START.timestamp() + 60
    assert picture.curves["mel"].shown_at() == [began, began + 120]
