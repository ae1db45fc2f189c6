"""What a run told, when its pod is gone: events and printed lines in one order, nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from launcher.services.following.delivered_log import in_order
from pod_image.contract.bodies import PhaseChange
from pod_image.contract.events import Event, stamped
from pod_image.contract.outcomes import Phase
from pod_image.contract.run_log import LoggedLine, read_lines

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def event(seq: int, after_seconds: float) -> Event:
    at = NOON + timedelta(seconds=after_seconds)
    return stamped(PhaseChange(phase=Phase.TRAIN, state="started"), at=at, run_id="run-01", seq=seq)


def line(text: str, after_seconds: float) -> LoggedLine:
    return LoggedLine(NOON + timedelta(seconds=after_seconds), text)


def texts(told: list[Event | LoggedLine]) -> list[str]:
    return [one.text if isinstance(one, LoggedLine) else f"#{one.seq}" for one in told]


def test_lines_stand_between_the_events_that_were_said_around_them() -> None:
    events = [event(1, 0.4), event(2, 5.9), event(3, 9.0)]
    lines = [line("a", 0), line("b", 5), line("c", 8)]
    assert texts(in_order(events, lines)) == ["#1", "a", "#2", "b", "c", "#3"]


def test_what_an_event_says_too_is_told_once_and_an_earlier_attempt_keeps_its_marks() -> None:
    lines = [
        line("== attempt 1, start 1 of its container", -90),
        line("== train started", -80),
        line("killed", -70),
        line("== attempt 2, start 1 of its container", -1),
        line("== train started", 0),
        line("hello", 3),
        LoggedLine(None, "== 12 lines (99 bytes) are left out here; this log keeps its first"),
        line("== warning: slow", 4),
    ]
    assert texts(in_order([event(1, 0.2)], lines)) == [
        "== attempt 1, start 1 of its container",
        "== train started",
        "killed",
        "== attempt 2, start 1 of its container",
        "#1",
        "hello",
        "== 12 lines (99 bytes) are left out here; this log keeps its first",
    ]


def test_without_events_the_whole_log_is_told() -> None:
    content = b"2026-11-22 12:00:00 == train started\n2026-11-22 12:00:01 hello\n"
    assert texts(in_order([], list(read_lines(content)))) == ["== train started", "hello"]


@given(
    st.lists(st.floats(-100, 100), max_size=20),
    st.lists(st.one_of(st.none(), st.integers(-100, 100)), max_size=20),
)
def test_whatever_the_clocks_did_each_keeps_its_own_order(
    events_at: list[float], lines_at: list[int | None]
) -> None:
    events = [event(number, at) for number, at in enumerate(events_at, 1)]
    lines = [
        LoggedLine(None, f"l{number}") if at is None else line(f"l{number}", at)
        for number, at in enumerate(lines_at)
    ]
    told = texts(in_order(events, lines))
    assert [one for one in told if one[0] == "#"] == [f"#{one.seq}" for one in events]
    assert [one for one in told if one[0] == "l"] == [one.text for one in lines]
