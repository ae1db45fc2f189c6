"""Events: one object a line; whatever else a pod prints is log and never breaks a reader."""

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pod_image.contract import bodies, events
from pod_image.contract.events import stamped
from pod_image.contract.outcomes import EndReason, Phase

AT = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)

EXAMPLES: list[events.Event] = [
    stamped(
        bodies.PhaseChange(phase=Phase.FETCH, state="progress", done=3, total=12),
        at=AT,
        run_id="run-01",
        seq=1,
    ),
    stamped(
        bodies.ArmedReport(
            works=True,
            arms=(bodies.BootCheck(name="delete", works=True),),
        ),
        at=AT,
        run_id="run-01",
        seq=2,
    ),
    stamped(bodies.Step(step=5, losses={"mel": 1.5}), at=AT, run_id="run-01", seq=3),
    stamped(
        bodies.MachineReading(gpus=(bodies.Gpu(use_percent=93.0),)), at=AT, run_id="run-01", seq=4
    ),
    stamped(
        bodies.Sample(step=5, path="samples/5/1.wav", text="Hello."), at=AT, run_id="run-01", seq=5
    ),
    stamped(
        bodies.CheckpointWritten(step=5, path="checkpoints/5.ckpt", size_bytes=9),
        at=AT,
        run_id="run-01",
        seq=6,
    ),
    stamped(bodies.Upload(commit="0" * 40), at=AT, run_id="run-01", seq=7),
    stamped(
        bodies.InstructionReceipt(id="1", command="stop", state="done"),
        at=AT,
        run_id="run-01",
        seq=8,
    ),
    stamped(
        bodies.RunWarning(code="short-clip", message="Left out."), at=AT, run_id="run-01", seq=9
    ),
    stamped(bodies.Heartbeat(phase=Phase.TRAIN), at=AT, run_id="run-01", seq=10),
    stamped(bodies.Ended(reason=EndReason.FINISHED), at=AT, run_id="run-01", seq=11),
    stamped(bodies.ResultsCollected(files=3), at=AT, run_id="run-01", seq=12),
    stamped(
        bodies.Told(id="abcdefghij-armed", kind="armed", to=("a3f",), failed=("07c",)),
        at=AT,
        run_id="run-01",
        seq=13,
    ),
]


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.event)
def test_every_kind_survives_its_line(event):
    line = events.to_line(event)

    assert "\n" not in line
    assert events.from_line(line) == event


LINES_OF_AN_OLDER_IMAGE = (
    Path(__file__).with_name("older_events.jsonl").read_text("utf-8").split("\n")[:-1]
)


@pytest.mark.parametrize(
    "line", LINES_OF_AN_OLDER_IMAGE, ids=lambda line: json.loads(line)["event"]
)
def test_lines_are_read_and_written_as_older_images_and_launchers_do(line):
    event = events.from_line(line)
    assert event is not None
    assert events.to_line(event) == line
    assert events.from_document(events.to_document(event)) == event


def test_every_class_below_the_body_is_a_kind_of_its_own():
    kinds = [kind.event for kind in bodies.Body.__subclasses__() if kind is not bodies.UnknownBody]
    assert sorted(kinds) == sorted(bodies.BODIES)
    assert all(kinds)
    assert {kind for kind, body in bodies.BODIES.items() if body.is_a_recipes} == {
        "phase", "step", "sample", "checkpoint", "collected", "command", "warning",
    }  # fmt: skip


@pytest.mark.parametrize("letters", ["\ud800", '{"event":"warning","code":"\ud800"}'])
def test_halves_of_letters_are_log(letters):
    assert events.from_line(letters) is None


def test_the_examples_cover_every_kind():
    assert {event.event for event in EXAMPLES} == set(bodies.BODIES)


def test_a_kind_of_a_newer_image_is_kept_as_unknown():
    line = '{"event":"weather","at":"2026-11-22T12:00:00Z","run_id":"run-01","seq":3,"rain":true}'

    event = events.from_line(line)
    assert event is not None
    assert isinstance(event.body, bodies.UnknownBody)
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
    return stamped(bodies.RunWarning(code="x", message=message), at=AT, run_id="run-01", seq=1)


@given(st.text())
def test_an_event_is_one_line_for_every_reader(text):
    line = events.to_line(a_warning(text))

    assert line.splitlines() == [line]
    assert not re.search("[\x00-\x1f\x7f-\x9f]", line)
    assert events.from_line(line) == a_warning(text)


def test_numbers_that_are_none_leave_the_line_valid_json():
    step = stamped(
        bodies.Step(
            step=1,
            losses={"mel": math.nan, "kl": 1.0},
            seconds_left=math.inf,
        ),
        at=AT,
        run_id="run-01",
        seq=1,
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
