"""Where words go: answers to stdout, talk to stderr; for people, as JSON, or quiet.

What others wrote is in them, so nothing reaches a terminal but through `launcher.cli.terminal.plain_text`.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from launcher.cli.documents.said import Notice, error_document
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.plain_text import marked, plain_json, write_line
from launcher.cli.terminal.streams import READER_LEFT, drop_stdout
from launcher.errors import LauncherError
from pod_image.contract.findings import Severity
from pod_image.contract.next_steps import Sentence


@dataclass
class _Speech:
    """How what is outside of an answer is said, by this process: threads and tasks included."""

    as_json: bool = False


_SPEECH = _Speech()


@contextmanager
def speaking_json(is_asked_for: bool) -> Iterator[None]:
    """Inside, errors, warnings and notices are documents too."""
    before, _SPEECH.as_json = _SPEECH.as_json, is_asked_for
    try:
        yield
    finally:
        _SPEECH.as_json = before


class Output:
    """The sink of one command. `--json` wins over `--quiet`, which silences talk and shortens answers.

    Documents are declared in `launcher.cli.documents`. A command that `streams` prints each on one line.
    """

    def __init__(
        self, *, as_json: bool = False, quiet: bool = False, streams: bool = False
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet and not as_json
        self.streams = streams and as_json

    @property
    def is_live(self) -> bool:
        """Whether a display that redraws itself makes sense: a person is looking at a terminal."""
        return not (self.as_json or self.quiet) and sys.stderr.isatty() and not _is_dumb()

    def answer(
        self, document: Mapping[str, object], human: Callable[[], str], quiet: str | None = None
    ) -> None:
        """The result of a command: JSON of `document`, the words of `human`, or one short line.

        A reader that left is no error: how the command ended is told by its exit code all the same. Raises
        LauncherError when the answer could not be written, to a full disk for instance.
        """
        if self.as_json:
            text = json_text(document, indent=None if self.streams else 2)
        elif self.quiet and quiet is not None:
            text = quiet
        else:
            text = human()
        try:
            if text or not self.quiet:
                write_line(text)
        except OSError as exc:
            drop_stdout()
            if exc.errno not in READER_LEFT:
                raise LauncherError(
                    f"The answer could not be written: {exc.strerror or exc}.",
                    hint="What was done stays done; see `launcher runs` and `launcher show`.",
                ) from exc

    def event(self, document: Mapping[str, object], human: str = "") -> None:
        """One event of a stream, at once: a line of JSON, or a line of words."""
        text = json_text(document) if self.as_json else human
        if text:
            write_line(text)
            sys.stdout.flush()

    def talk(self, text: str) -> None:
        """Something said on the way; never an answer."""
        if not (self.as_json or self.quiet):
            write_line(text, sys.stderr)


def print_error(
    kind: type[LauncherError], message: str, hint: str, facts_of: LauncherError | None = None
) -> None:
    """One error on stderr: two lines for people, one line of JSON for programs."""
    if _SPEECH.as_json:
        document = error_document(kind, message, hint, facts_of)
        write_line(json_text(document, stream=sys.stderr), sys.stderr)
        return
    head = style("error:", "bold red", sys.stderr)
    write_line(f"{head} {_below_itself(message)}", sys.stderr)
    if hint:
        write_line(f"{style('hint:', 'bold', sys.stderr)}  {_below_itself(hint)}", sys.stderr)


def print_warning(text: str) -> None:
    """Something that went wrong and stops nothing, on stderr: also for programs, and whoever asked for quiet."""
    if _SPEECH.as_json:
        _print_notice_document(Severity.WARNING, text)
        return
    head = style("warning:", "bold yellow", sys.stderr)
    write_line(f"{head} {text}", sys.stderr)


def print_notice(text: str) -> None:
    """What a person must know now, on stderr, whatever was asked for."""
    if _SPEECH.as_json:
        _print_notice_document(Severity.NOTE, text)
        return
    write_line(text, sys.stderr)


def _print_notice_document(severity: Severity, text: str) -> None:
    message = " ".join(text.split())  # lines were broken for a terminal
    notice: Notice = {"schema": "notice", "version": 1, "severity": severity, "message": message}
    write_line(json_text(notice, stream=sys.stderr), sys.stderr)


def json_text(document: Any, *, indent: int | None = None, stream: TextIO | None = None) -> str:
    """The document as JSON for that stream, which is stdout unless it is said."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(to_plain(document), ensure_ascii=False, indent=indent, separators=separators)
    return printable_json(text, stream)


def printable_json(text: str, stream: TextIO | None = None) -> str:
    """The same JSON for a stream that may be a terminal, and may be unable to write every letter."""
    text = plain_json(text)
    encoding = getattr(stream or sys.stdout, "encoding", None) or "utf-8"
    if encoding.lower().startswith("utf"):
        return text
    return "".join(each if each.isascii() else json.dumps(each)[1:-1] for each in text)


def write_what_cannot_be_shown_as_escapes() -> None:
    """A letter that this terminal's encoding lacks must not end a command in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _below_itself(text: str) -> str:
    return text.replace("\n", "\n" + " " * len("error: "))


_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


LOOKS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "dim"}
"""Of the word that says how grave a finding is."""


def style(text: str, look: str, stream: TextIO | None = None) -> str:
    """The text, marked for a colour where the stream is a terminal and nobody asked for plain text."""
    if not uses_colour(stream or sys.stdout):
        return text
    return marked(text, ";".join(_CODES[word] for word in look.split()))


def uses_colour(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and not _is_dumb()


def _is_dumb() -> bool:
    return os.environ.get("TERM", "") == "dumb"


def to_plain(value: Any) -> Any:
    """The value as JSON types: dataclasses, pydantic models, enums, times and paths included.

    JSON knows no NaN and no infinity: they are null.
    """
    if isinstance(value, Sentence):
        return in_terminal(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(item) for item in value]
    return value
