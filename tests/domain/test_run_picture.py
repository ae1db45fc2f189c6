"""The picture of a run is the same whichever way its events came, and nothing that a pod says ends it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.cli.terminal.picture import Picture
from launcher.domain.run_picture import CURVES, RunPicture, after, picture_of
from launcher.domain.run_view import RunView
from launcher.domain.written_picture import as_json, from_json, shape
from launcher.services.common.observations import EventSeen
from pod_image.contract.bodies import (
    BODIES,
    ArmedReport,
    Body,
    CheckpointWritten,
    Ended,
    Gpu,
    Heartbeat,
    InstructionReceipt,
    MachineReading,
    PhaseChange,
    PhaseSeconds,
    ResultsCollected,
    RunWarning,
    Sample,
    Step,
    Told,
    Upload,
    UploadedFile,
)
from pod_image.contract.events import Event, from_line, stamped, to_line
from pod_image.contract.outcomes import EndReason, Phase

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
few = settings(max_examples=25, deadline=None)
numbers = st.floats(0, 1e6) | st.none()
words = st.text(max_size=5)
names = st.sampled_from(["mel", "kl", "loss"])
counts = st.integers(0, 1_000)
phases = st.sampled_from(list(Phase))
files = st.builds(UploadedFile, path=words, size_bytes=counts, sha256=words)
said: dict[str, st.SearchStrategy[Body]] = {
    "phase": st.builds(
        PhaseChange, phase=phases, seconds=numbers, done=numbers, total=numbers, unit=words,
        state=st.sampled_from(["started", "progress", "ended"]),
    ),
    "armed": st.builds(ArmedReport, works=st.booleans()),
    "step": st.builds(
        Step, step=counts, losses=st.dictionaries(names, st.floats(-9, 9)), cost_usd=numbers,
        steps_per_second=numbers,
    ),
    "machine": st.builds(MachineReading, gpus=st.tuples(st.builds(Gpu, use_percent=numbers))),
    "sample": st.builds(Sample, step=counts, path=words, text=words),
    "checkpoint": st.builds(CheckpointWritten, step=counts, path=words, size_bytes=counts),
    "upload": st.builds(Upload, commit=words, files=st.lists(files, max_size=3).map(tuple)),
    "command": st.builds(
        InstructionReceipt, id=words, command=words, state=st.sampled_from(["received", "done"])
    ),
    "collected": st.builds(ResultsCollected, files=st.integers(0, 99)),
    "warning": st.builds(RunWarning, code=words, message=words),
    "told": st.builds(Told, id=words, kind=words, to=st.lists(words, max_size=2).map(tuple)),
    "heartbeat": st.builds(Heartbeat, phase=phases, cost_usd=numbers),
    "ended": st.builds(
        Ended, reason=st.sampled_from(list(EndReason)), cost_usd=numbers,
        delivered=st.lists(files, max_size=2).map(tuple),
        phases=st.lists(st.builds(PhaseSeconds, name=phases, seconds=st.floats(0, 9))).map(tuple),
    ),
}  # fmt: skip
bodies = st.one_of(list(said.values()))
NOISE = ("step 1 loss 2", "", "{", '{"event":"step"}', '{"event":7}', "[[[", '{"event":"\ud800"}')


def in_sequence(told: list[Body]) -> list[Event]:
    return [
        stamped(body, at=START + timedelta(seconds=number), run_id="run-01", seq=number)
        for number, body in enumerate(told, 1)
    ]


runs = st.lists(bodies, max_size=12).map(in_sequence)


def test_every_kind_is_drawn() -> None:
    assert said.keys() == BODIES.keys()


@few
@given(runs, st.data())
def test_log_stream_file_and_both_mixed_make_the_same_picture(
    events: list[Event], data: st.DataObject
) -> None:
    newest = events[data.draw(st.integers(0, len(events)), "the log begins here") :]
    mixed = data.draw(st.permutations([*newest, *events]))
    expected = reduce(after, events, RunPicture())
    assert picture_of(events) == expected
    assert picture_of([*newest, *events]) == expected
    assert picture_of(mixed) == expected


@few
@given(runs, st.data())
def test_an_event_that_comes_again_changes_nothing_however_late(
    events: list[Event], data: st.DataObject
) -> None:
    picture = RunPicture()
    for number, event in enumerate(events):
        picture = after(picture, event)
        again = data.draw(st.sampled_from(events[: number + 1]))
        assert after(picture, again) is picture
    assert picture == picture_of(events)


@few
@given(runs)
def test_a_picture_that_was_written_down_is_the_picture(events: list[Event]) -> None:
    picture = picture_of(events)
    assert from_json(json.loads(json.dumps(as_json(picture)))) == picture


def test_a_picture_of_another_release_is_none() -> None:
    with pytest.raises(ValueError, match="no picture of a run"):
        from_json({"last_seq": 3})
    assert len(shape()) == 16


@few
@given(runs, st.lists(st.sampled_from(NOISE)), st.randoms(use_true_random=False))
def test_a_picture_survives_the_lines_of_its_events_among_others_that_are_log(
    events: list[Event], noise: list[str], random: Any
) -> None:
    lines = [*map(to_line, events), *noise]
    random.shuffle(lines)
    read = [event for line in lines if (event := from_line(line)) is not None]
    assert sorted(read, key=lambda event: event.seq) == events
    assert picture_of(read) == picture_of(events)


@few
@given(runs)
def test_terminal_and_page_have_the_same_picture(events: list[Event]) -> None:
    terminal, page = Picture(), RunView()
    for event in events:
        terminal.see(EventSeen(event))
        page.take(event)
    assert terminal.told == page.picture == picture_of(events)


values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | words
    | st.dictionaries(words, st.floats() | st.integers(), max_size=2)
)
FIELDS = ("phase", "state", "step", "losses", "seconds", "done", "path", "files", "gpus", "reason")


@few
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(BODIES)), st.dictionaries(st.sampled_from(FIELDS), values))
    )
)
def test_whatever_a_pod_says_is_log_or_has_its_place(told: list[tuple[str, Any]]) -> None:
    picture = RunPicture()
    for seq, (kind, fields) in enumerate(told, 1):
        stamp = {"event": kind, "at": START.isoformat(), "run_id": "run-01", "seq": seq}
        event = from_line(json.dumps({**fields, **stamp}))
        if event is not None:
            picture = after(picture, event)
            assert picture.last_seq == seq


def test_no_state_is_changed_that_somebody_holds() -> None:
    events = in_sequence([Step(step=1, losses={"mel": 2.0}), Step(step=2, losses={"mel": 1.0})])
    first = after(RunPicture(), events[0])
    after(first, events[1])
    assert first.curves["mel"].points == ((1, 2.0),)
    assert RunPicture() == RunPicture(last_seq=0)
    assert not RunPicture().curves


def test_a_phase_that_begins_anew_begins_at_nothing() -> None:
    began = PhaseChange(phase=Phase.FETCH, state="started")
    half = PhaseChange(phase=Phase.FETCH, state="progress", done=6, total=12, unit="bytes")
    picture = picture_of(in_sequence([began, half, began]))
    state = picture.phases[Phase.FETCH]
    assert (picture.phase, state.state, state.done, state.total) == (Phase.FETCH, "now", None, None)


def test_a_heartbeat_tells_the_phase_where_its_beginning_is_not_in_the_log_any_more() -> None:
    picture = picture_of(in_sequence([Heartbeat(phase=Phase.TRAIN, cost_usd=0.2)]))
    assert (picture.phase, picture.cost_usd) == (Phase.TRAIN, 0.2)


def test_a_pod_that_names_ever_new_losses_does_not_fill_the_memory() -> None:
    told: list[Body] = [Step(step=n, losses={f"loss-{n}": 1.0}) for n in range(3 * CURVES)]
    assert len(picture_of(in_sequence(told)).curves) == CURVES


def end_of(reason: EndReason, **rest: Any) -> Ended:
    return Ended(reason=reason, **rest)


def test_a_phase_that_did_not_go_well_has_failed_and_one_of_an_older_image_is_over() -> None:
    began = PhaseChange(phase=Phase.TRAIN, state="started")
    for went_well, state in ((True, "done"), (False, "failed"), (None, "done")):
        over = PhaseChange(phase=Phase.TRAIN, state="ended", seconds=9.0, went_well=went_well)
        assert picture_of(in_sequence([began, over])).phases[Phase.TRAIN].state == state


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"delivered_count": 3}, "done"),
        ({"delivered_count": 3, "not_delivered_count": 1}, "failed"),
        ({}, "waiting"),  # there was nothing to deliver
    ],
)
def test_delivery_is_done_where_something_arrived_and_all_of_it(
    said: dict[str, int], state: str
) -> None:
    parts = (PhaseSeconds(name=Phase.DELIVER, seconds=2.0),)
    told: list[Body] = [
        PhaseChange(phase=Phase.DELIVER, state="started"),
        end_of(EndReason.FAILED, phases=parts, **said),
    ]
    assert picture_of(in_sequence(told)).phases[Phase.DELIVER].state == state
