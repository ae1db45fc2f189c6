"""Events: one object a line; whatever else a pod prints is log and never breaks a reader."""

import json
import math
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pod_image.contract import events
from pod_image.contract.outcomes import EndReason, Phase

AT = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)

EXAMPLES: list[events.AnyEvent] = [
    events.PhaseEvent(
        at=AT, run_id="run-01", seq=1, phase=Phase.FETCH, state="progress", done=3, total=12
    ),
    events.ArmedEvent(
        at=AT,
        run_id="run-01",
        seq=2,
        works=True,
        arms=(events.BootCheck(name="delete", works=True),),
    ),
    events.StepEvent(at=AT, run_id="run-01", seq=3, step=5, losses={"mel": 1.5}),
    events.MachineEvent(at=AT, run_id="run-01", seq=4, gpus=(events.Gpu(use_percent=93.0),)),
    events.SampleEvent(
        at=AT, run_id="run-01", seq=5, step=5, path="samples/5/1.wav", text="Hello."
    ),
    events.CheckpointEvent(
        at=AT, run_id="run-01", seq=6, step=5, path="checkpoints/5.ckpt", size_bytes=9
    ),
    events.UploadEvent(at=AT, run_id="run-01", seq=7, commit="0" * 40),
    events.CommandEvent(at=AT, run_id="run-01", seq=8, id="1", command="stop", state="done"),
    events.WarningEvent(at=AT, run_id="run-01", seq=9, code="short-clip", message="Left out."),
    events.HeartbeatEvent(at=AT, run_id="run-01", seq=10, phase=Phase.TRAIN),
    events.EndedEvent(at=AT, run_id="run-01", seq=11, reason=EndReason.FINISHED),
]


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.event)
def test_every_kind_survives_its_line(event):
    line = events.to_line(event)

    assert "\n" not in line
    assert events.from_line(line) == event


def test_the_examples_cover_every_kind():
    assert {event.event for event in EXAMPLES} == events.EVENT_KINDS


def test_a_kind_of_a_newer_image_is_kept_as_unknown():
    line = '{"event":"weather","at":"2026-11-22T12:00:00Z","run_id":"run-01","seq":3,"rain":true}'

    event = events.from_line(line)
    assert isinstance(event, events.UnknownEvent)
    assert event.event == "weather"


def test_new_fields_of_a_known_kind_are_tolerated():
    line = events.to_line(EXAMPLES[0])[:-1] + ',"mood":"good"}'

    assert events.from_line(line) == EXAMPLES[0]


@pytest.mark.parametrize(
    "line", ["", "step 10 loss 2.31", "{}", '{"event":"step"}', "[" * 100_000, '{"event":3}']
)
def test_everything_else_is_log(line):
    assert events.from_line(line) is None


@given(st.text())
def test_no_line_ever_raises(text):
    events.from_line(text)
    events.from_line("{" + text)


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_reason_has_a_sentence(reason):
    assert reason.sentence.endswith(".")


def test_every_end_but_aborted_and_lost_delivers():
    assert {reason for reason in EndReason if not reason.delivers} == {
        EndReason.ABORTED,
        EndReason.LOST,
    }


def a_warning(message):
    return events.WarningEvent(at=AT, run_id="run-01", seq=1, code="x", message=message)


@given(st.text())
def test_an_event_is_one_line_for_every_reader(text):
    line = events.to_line(a_warning(text))

    assert line.splitlines() == [line]
    assert not re.search("[\x00-\x1f\x7f-\x9f]", line)
    assert events.from_line(line) == a_warning(text)


def test_numbers_that_are_none_leave_the_line_valid_json():
    step = events.StepEvent(
        at=AT,
        run_id="run-01",
        seq=1,
        step=1,
        losses={"mel": math.nan, "kl": 1.0},
        seconds_left=math.inf,
    )

    document = json.loads(events.to_line(step), parse_constant=pytest.fail)
    assert document["losses"] == {"kl": 1.0}
    assert "seconds_left" not in document


@pytest.mark.parametrize(
    "change", [{"seq": 10**30}, {"seq": 1e30}, {"at": "9999-12-31T23:59:59-14:00"}]
)
def test_numbers_and_times_that_nobody_could_hold_are_no_event(change):
    document = json.loads(events.to_line(a_warning("fine")))

    assert events.from_line(json.dumps(document)) is not None
    assert events.from_line(json.dumps(document | change)) is None
