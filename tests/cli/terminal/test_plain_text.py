"""What others wrote (log lines, names, texts) can neither command a terminal nor end a command."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from launcher.api.log_lines import LogLine
from launcher.cli.commands import logs
from launcher.cli.terminal.layout import lasted, pairs, table
from launcher.cli.terminal.live import Live, frame
from launcher.cli.terminal.output import (
    Output,
    print_error,
    printable_json,
    speaking_json,
    style,
)
from launcher.cli.terminal.picture import Picture
from launcher.cli.terminal.plain_text import (
    PlainTextStream,
    guard_terminal,
    guarded,
    plain_json,
    plain_text,
    plain_text_line,
    with_looks,
)
from launcher.cli.terminal.progress_line import ProgressLine
from launcher.cli.terminal.sparkline import sparkline
from launcher.errors import LauncherError
from launcher.services.common.observations import EventSeen
from pod_image.contract.bodies import PhaseChange, RunWarning, Step
from pod_image.contract.events import stamped
from pod_image.contract.outcomes import Phase

AT = datetime(2026, 11, 22, tzinfo=UTC)
TITLE = "\x1b]0;owned\x07"
CLEAR = "\x1b[2J\x1b[H"
HOSTILE = f"{TITLE}{CLEAR}\x9b31m[red]\u202egnp.exe[/]\r:bomb:"
SHOWN = r"\x1b]0;owned\x07\x1b[2J\x1b[H\x9b31m[red]\u202egnp.exe[/]\x0d:bomb:"


def commands_in(text: str) -> set[str]:
    """Letters that a terminal obeys instead of showing."""
    return {letter for letter in text if not letter.isprintable() and letter not in "\n\t"}


COMMANDS = [
    *(chr(code) for code in range(0x20) if chr(code) not in "\n\t"),
    *(chr(code) for code in range(0x7F, 0xA0)),
    *"\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff",
    *("\U000e0041", "\U000e007f"),
    "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",  # a link that shows another text
    "\x1b]52;c;cm0gLXJmIH4=\x07",  # the clipboard
    "\x1b]0;title\x07",
    "\x1bP+q544e\x1b\\",  # a question that the terminal answers as if it was typed
    "\x1b[2J\x1b[H",
    "\x1b[1;31merror: all is lost\x1b[0m",
    "\x9b2J",
    "one\rtwo",
    "one\b\b\btwo",
    "a\x0bb\x0cc\x85d",
]
"""All of C0 and C1 but line feed and tab, what turns or hides text, and what people were attacked with."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert plain_text(HOSTILE) == SHOWN
    assert (
        plain_text("tab\tand\nline, ä ß 日本 🎉 👩\u200d🚀")
        == "tab\tand\nline, ä ß 日本 🎉 👩\u200d🚀"
    )
    assert plain_text_line("one\narmed: two") == r"one\narmed: two"


def test_our_own_colours_stay_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for look in ("bold", "dim", "bold red", "green", "yellow", "cyan", "bold yellow"):
        ours = style("text", look, Terminal())
        assert ours != "text"
        assert plain_text(ours) == ours
        assert re.fullmatch(r"\x1b\[[0-9;]+mtext\x1b\[0m", with_looks(ours))
    for theirs in (
        "\x1b[31mred",
        "\x1b[1;31merror:\x1b[0m",
        "\x1b[8mhidden",
        "\ufdd0abc\ufdd031mred",
    ):
        assert "\x1b" not in with_looks(plain_text(theirs))


@given(st.text())
def test_json_keeps_its_value_and_loses_what_a_terminal_obeys(text: str) -> None:
    safe = plain_json(json.dumps({"text": text}, ensure_ascii=False))
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
    event = stamped(
        RunWarning(code="x", message=f"{HOSTILE}\nagain"), at=AT, run_id="run-01", seq=1
    )
    logs._print_line(LogLine(f"| {HOSTILE}", "container", AT), Picture(), output)
    logs._print_event(event, Picture(), output)
    said = capsys.readouterr().out
    assert commands_in(said) == set()
    assert len(said.splitlines()) == 2
    if not as_json:
        assert said.count(SHOWN) == 2


def test_every_way_out_writes_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.answer({}, lambda: HOSTILE)
    output.event({}, HOSTILE)
    output.talk(HOSTILE)
    Output(quiet=True).answer({}, str, quiet=HOSTILE)
    Output(as_json=True).answer({"text": HOSTILE}, str)
    print_error(LauncherError, HOSTILE, HOSTILE)
    with speaking_json(True):
        print_error(LauncherError, HOSTILE, HOSTILE)
    with Live(output) as live:
        live.say(HOSTILE)
    said = capsys.readouterr()
    assert commands_in(said.out + said.err) == set()
    assert said.out.count(SHOWN) == 3
    assert said.err.count(SHOWN) == 4


@pytest.mark.parametrize("text", COMMANDS, ids=ascii)
def test_no_command_to_a_terminal_comes_through_by_any_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(sys, "stdout", guarded(sys.stdout))
    monkeypatch.setattr(sys, "stderr", guarded(sys.stderr))
    output = Output()
    output.answer({}, lambda: f"{table(('FILE',), [(text,)])}\n{pairs([(text, text)])}{text}")
    output.event({}, text)
    output.talk(text)
    Output(as_json=True).answer({text: text}, str)
    print_error(LauncherError, text, text)
    with Live(output) as live:
        live.say(text)
    with ProgressLine(output) as line:
        line.tell(text, text)
    print(text)
    print(text, file=sys.stderr)
    typer.echo(text, err=True)
    said = capsys.readouterr()
    assert commands_in(said.out + said.err) == set()


@pytest.mark.parametrize("is_guarded", [False, True])
def test_a_display_that_redraws_itself_draws_no_command_either(
    monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", guarded(terminal) if is_guarded else terminal)
    monkeypatch.setattr(sys, "stdout", guarded(terminal) if is_guarded else terminal)
    monkeypatch.setenv("TERM", "xterm")
    harmful = [one for one in COMMANDS if len(one) > 1]
    with Live(Output()) as live:
        for text in harmful:
            live.say(text)
            live.picture.pod_status = text
            print(text, file=sys.stderr)  # as a library does while the display is up
    with ProgressLine(Output()) as line:
        for text in harmful:
            line.tell(text, text)
    assert "\x1b[?25h" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    ours = r"\x1b\[(?:\?25[lh]|2K|1A|K)|\r"
    assert commands_in(re.sub(ours, "", terminal.getvalue())) == set()


DRIVER = r"""
import logging, sys, threading, warnings
from launcher.cli import app
hostile = "file\x1b]52;c;eA==\x07\x9b2J\r\u202egnp.exe"
def thread(): raise OSError(hostile)
def fail(words):
    logging.getLogger("huggingface_hub").warning("fetching %s", hostile)
    warnings.warn(hostile)
    one = threading.Thread(target=thread); one.start(); one.join()
    print(hostile)
    raise ValueError(hostile)
app._invoke = fail
app.main(["plan"])
"""


def test_a_warning_a_log_line_and_a_traceback_are_shown_and_not_obeyed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DRIVER], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert commands_in(done.stdout + done.stderr) == set()
    assert done.stderr.count(r"file\x1b]52;c;eA==\x07\x9b2J\x0d\u202egnp.exe") >= 4
    assert "Traceback" in done.stderr


def test_the_guard_is_put_once_and_is_otherwise_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, terminal)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    guard_terminal()
    guard_terminal()
    assert isinstance(sys.stdout, PlainTextStream)
    assert sys.stdout.unguarded is terminal
    assert sys.stdout.isatty()
    logging.StreamHandler(sys.stdout).handle(logging.makeLogRecord({"msg": "\x1b[2J"}))
    sys.stdout.writelines(["a\x07", "b"])
    assert terminal.getvalue() == "\\x1b[2J\na\\x07b"


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
        live.see(
            EventSeen(stamped(RunWarning(code="x", message=HOSTILE), at=AT, run_id="r", seq=1))
        )
        live.picture.pod_status = HOSTILE
        live.say(HOSTILE)
    text = terminal.getvalue()
    assert text.count(SHOWN) >= 2
    assert TITLE not in text
    assert CLEAR not in text


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_do_not_end_the_display(odd: float) -> None:
    picture = Picture()
    picture.see(
        EventSeen(
            stamped(PhaseChange(phase=Phase.TRAIN, state="started"), at=AT, run_id="r", seq=1)
        )
    )
    for number, loss in enumerate([3.0, odd, 2.0, 1.0], 2):
        fields: dict[str, Any] = {"step": number, "total_steps": 2**53, "losses": {"mel": loss}}
        step = Step(
            seconds_left=odd, steps_per_second=odd, cost_usd=odd, cost_at_end_usd=odd, **fields
        )
        assert picture.see(EventSeen(stamped(step, at=AT, run_id="r", seq=number)))
        assert len(frame(picture)) >= 4
    assert lasted(odd) == "unknown"
    assert len(sparkline([1.0, odd, 2.0])) in (0, 2)


LACKING = r"""
from launcher.cli import app
from launcher.errors import LauncherError
def fail(words):
    raise LauncherError("\xc4rger\u2026 \ud800", hint="\u65e5\u672c")
app._invoke = fail
app.main(["plan"])
"""


def test_a_letter_that_the_terminal_lacks_does_not_end_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LACKING],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == LauncherError.exit_code
    assert rb"\xc4rger\u2026 \ud800" in done.stderr
