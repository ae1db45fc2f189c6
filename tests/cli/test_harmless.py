"""What others wrote (log lines, names, texts) can neither command a terminal nor end a command."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.cli import app
from launcher.cli.commands import logs
from launcher.cli.harmless import harmless, harmless_json, harmless_line
from launcher.cli.layout import duration, table
from launcher.cli.live import Live, frame, sparkline
from launcher.cli.output import Output, print_error, printable_json, style
from launcher.cli.picture import Picture
from launcher.errors import LauncherError
from launcher.providers.base import LogLine
from launcher.services.sightings import EventSeen
from pod_image.contract.events import PhaseEvent, StepEvent, WarningEvent
from pod_image.contract.outcomes import Phase

AT = datetime(2026, 11, 22, tzinfo=UTC)
TITLE = "\x1b]0;owned\x07"
CLEAR = "\x1b[2J\x1b[H"
HOSTILE = f"{TITLE}{CLEAR}\x9b31m[red]\u202egnp.exe[/]\r:bomb:"
SHOWN = r"\x1b]0;owned\x07\x1b[2J\x1b[H\x9b31m[red]\u202egnp.exe[/]\x0d:bomb:"


def commands_in(text: str) -> set[str]:
    """Letters that a terminal obeys instead of showing."""
    return {letter for letter in text if not letter.isprintable() and letter not in "\n\t"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert harmless(HOSTILE) == SHOWN
    assert (
        harmless("tab\tand\nline, ä ß 日本 🎉 👩\u200d🚀")
        == "tab\tand\nline, ä ß 日本 🎉 👩\u200d🚀"
    )
    assert harmless_line("one\narmed: two") == r"one\narmed: two"


def test_our_own_colours_stay_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for look in ("bold", "dim", "bold red", "green", "yellow", "cyan", "bold yellow"):
        ours = style("text", look, Terminal())
        assert ours != "text"
        assert harmless(ours) == ours
    assert harmless("\x1b[8mhidden") == r"\x1b[8mhidden"


@given(st.text())
def test_json_keeps_its_value_and_loses_what_a_terminal_obeys(text: str) -> None:
    safe = harmless_json(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(safe) == {"text": text}
    assert not any("\x7f" <= letter <= "\x9f" for letter in safe)


def test_json_on_a_terminal_of_few_letters_is_still_json() -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    safe = printable_json(json.dumps({"text": "ä 🎉"}, ensure_ascii=False), narrow)
    assert safe.isascii()
    assert json.loads(safe) == {"text": "ä 🎉"}


@pytest.mark.parametrize("as_json", [False, True])
def test_log_lines_of_a_pod_are_shown_and_not_obeyed(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    output = Output(as_json=as_json)
    event = WarningEvent(at=AT, run_id="run-01", seq=1, code="x", message=f"{HOSTILE}\nagain")
    logs._print_line(LogLine("1", "container", f"| {HOSTILE}", AT), Picture(), output)
    logs._print_event(event, Picture(), output)
    said = capsys.readouterr().out
    assert commands_in(said) == set()
    assert len(said.splitlines()) == 2
    if not as_json:
        assert said.count(SHOWN) == 2


def test_every_way_out_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.answer({}, lambda: HOSTILE)
    output.event({}, HOSTILE)
    output.talk(HOSTILE)
    Output(quiet=True).answer({}, str, quiet=HOSTILE)
    Output(as_json=True).answer({"text": HOSTILE}, str)
    print_error("Kind", HOSTILE, HOSTILE, as_json=False)
    print_error("Kind", HOSTILE, HOSTILE, as_json=True)
    with Live(output) as live:
        live.say(HOSTILE)
    said = capsys.readouterr()
    assert commands_in(said.out + said.err) == set()
    assert said.out.count(SHOWN) == 3
    assert said.err.count(SHOWN) == 4


def test_a_cell_of_a_table_stays_one_line() -> None:
    text = table(("NAME",), [("one\ntwo \x1b[2J",)])
    assert text.splitlines() == ["NAME", r"one\ntwo \x1b[2J"]


def test_the_live_display_shows_markup_and_codes_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with Live(Output()) as live:
        live.see(EventSeen(WarningEvent(at=AT, run_id="r", seq=1, code="x", message=HOSTILE)))
        live.picture.pod_status = HOSTILE
        live.say(HOSTILE)
    text = terminal.getvalue()
    assert text.count(SHOWN) >= 2
    assert TITLE not in text
    assert CLEAR not in text


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_do_not_end_the_display(odd: float) -> None:
    picture = Picture()
    picture.see(EventSeen(PhaseEvent(at=AT, run_id="r", seq=1, phase=Phase.TRAIN, state="started")))
    for number, loss in enumerate([3.0, odd, 2.0, 1.0], 1):
        fields: dict[str, Any] = {"step": number, "total_steps": 2**53, "losses": {"mel": loss}}
        step = StepEvent(
            at=AT, run_id="r", seq=number, seconds_left=odd, steps_per_second=odd,
            cost_usd=odd, cost_at_end_usd=odd, **fields,
        )  # fmt: skip
        assert picture.see(EventSeen(step))
        assert len(frame(picture)) >= 4
    assert duration(odd) == "unknown"
    assert len(sparkline([1.0, odd, 2.0])) in (0, 2)


def test_a_letter_that_the_terminal_lacks_does_not_end_a_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))

    def fail(words: list[str]) -> int:
        raise LauncherError("Ärger… \ud800", hint="日本")

    monkeypatch.setattr(app, "_invoke", fail)
    with pytest.raises(SystemExit) as left:
        app.main(["plan"])
    sys.stderr.flush()
    assert left.value.code == LauncherError.exit_code
    assert rb"\xc4rger\u2026 \ud800" in raw.getvalue()
