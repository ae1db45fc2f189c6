"""A run's state is put together from its events, in any number, without growing."""

from __future__ import annotations

import pytest

from launcher.domain.run_view import LOG_LINES, RunView
from pod_image.contract.events import from_line, to_line
from pod_image.contract.outcomes import Phase
from tests.kit.runs import event


@pytest.fixture
def view() -> RunView:
    return RunView()


def test_an_event_counts_once(view: RunView) -> None:
    step = event("step", 1, step=1, losses={"mel": 2.0})
    view.take(step)
    before = view.version
    view.take(step)
    assert view.version == before
    assert view.picture.curves["mel"].points == ((1, 2.0),)


def test_a_phase_begins_goes_on_and_ends(view: RunView) -> None:
    view.take(event("phase", 1, phase="fetch", state="started"))
    view.take(event("phase", 2, phase="fetch", state="progress", done=3, total=12, unit="clips"))
    state = view.picture.phases[Phase.FETCH]
    assert (state.state, state.done, state.total, view.picture.phase) == ("now", 3, 12, Phase.FETCH)
    view.take(event("phase", 3, 5.0, phase="fetch", state="ended", seconds=5.0))
    state = view.picture.phases[Phase.FETCH]
    assert (state.state, state.seconds) == ("done", 5.0)


def test_a_phase_whose_end_was_not_heard_is_over_when_the_next_begins(view: RunView) -> None:
    view.take(event("phase", 1, phase="fetch", state="started"))
    view.take(event("phase", 5, 30.0, phase="train", state="started"))
    assert view.picture.phases[Phase.FETCH].state == "done"
    assert view.picture.phases[Phase.FETCH].seconds == 30.0
    assert view.picture.phase is Phase.TRAIN


def test_receipts_files_and_costs_are_kept(view: RunView) -> None:
    view.take(event("command", 1, id="c1", command="save", state="received"))
    view.take(event("command", 2, id="c1", command="save", state="done", detail="step 9"))
    file = {"path": "run-01/samples/a.wav", "size_bytes": 3, "sha256": "0" * 64}
    view.take(event("upload", 3, commit="abc", files=[file]))
    view.take(event("heartbeat", 4, phase="train", cost_usd=0.12))
    assert view.picture.receipts["c1"].state == "done"
    assert "run-01/samples/a.wav" in view.picture.files
    assert view.picture.cost_usd == 0.12


def test_the_end_closes_what_was_open(view: RunView) -> None:
    view.take(event("phase", 1, phase="train", state="started"))
    view.take(
        event(
            "ended", 2, reason="finished", phases=[{"name": "train", "seconds": 60.0}], cost_usd=0.5
        )
    )
    assert view.picture.phases[Phase.TRAIN].state == "done"
    assert view.picture.phases[Phase.TRAIN].seconds == 60.0
    assert view.picture.cost_usd == 0.5


def test_an_abort_leaves_its_phase_failed(view: RunView) -> None:
    view.take(event("phase", 1, phase="train", state="started"))
    view.take(event("ended", 2, reason="aborted"))
    assert view.picture.phases[Phase.TRAIN].state == "failed"


def test_the_log_holds_as_much_as_the_provider_does(view: RunView) -> None:
    for number in range(LOG_LINES + 100):
        view.take_log(f"line {number}")
    assert len(view.log) == LOG_LINES
    assert view.log[-1].text == f"line {LOG_LINES + 99}"
    assert view.log_count == LOG_LINES + 100


def test_a_kind_of_event_nobody_knows_changes_nothing_but_the_place(view: RunView) -> None:
    view.take(event("something_new", 7))
    assert view.picture.last_seq == 7
    assert view.picture.phase is None


def test_events_survive_their_own_line() -> None:
    step = event("step", 1, step=1, losses={"mel": 2.0})
    assert from_line(to_line(step)) == step
