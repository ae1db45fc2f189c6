"""The bar of a run is one of its steps and its time; money has a bar of its own."""

from __future__ import annotations

from datetime import UTC, datetime

from launcher.domain.run_picture import RunPicture, picture_of
from launcher.ui.pages.run.how_far import progress
from pod_image.contract.bodies import Body, PhaseChange, Step
from pod_image.contract.events import stamped
from pod_image.contract.outcomes import Phase

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def told(*bodies: Body) -> RunPicture:
    numbered = enumerate(bodies, start=1)
    return picture_of(stamped(one, at=NOON, run_id="run-01", seq=seq) for seq, one in numbered)


def started(phase: Phase) -> PhaseChange:
    return PhaseChange(phase=phase, state="started")


def test_a_training_is_as_far_as_its_steps_and_says_how_long_it_still_takes() -> None:
    found = progress(told(started(Phase.TRAIN), Step(step=30, total_steps=120, seconds_left=600.0)))
    assert found is not None
    assert found.share == 0.25
    assert found.words == "25%, 10 min left"


def test_another_phase_is_as_far_as_it_says() -> None:
    half = PhaseChange(phase=Phase.PREPARE, state="progress", done=20, total=40, unit="clips")
    found = progress(told(started(Phase.PREPARE), half))
    assert found is not None
    assert (found.share, found.words) == (0.5, "50%")


def test_nothing_is_drawn_where_nobody_knows_how_long_it_is_or_where_it_is_over() -> None:
    assert progress(told()) is None
    assert progress(told(started(Phase.TRAIN), Step(step=30))) is None
    over = PhaseChange(phase=Phase.TRAIN, state="ended", seconds=3.0)
    assert progress(told(started(Phase.TRAIN), Step(step=120, total_steps=120), over)) is None
