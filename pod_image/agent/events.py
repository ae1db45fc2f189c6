"""The pod's voice: events and log lines, stamped, thinned, masked, on standard output and in events.jsonl."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pod_image.agent.clock import AnchoredClock
from pod_image.agent.ports import Line
from pod_image.agent.run_log import RunLog
from pod_image.contract.bodies import Body, CheckpointWritten, Ended, PhaseChange, RunWarning, Step
from pod_image.contract.events import MAX_LINE_BYTES, Event, from_line, stamped, to_line
from pod_image.contract.plain import plain_line
from pod_image.contract.run_log import AGENT

MASK = "***"
LOG_PREFIX = "| "
"""Before every line of a recipe's own output: a line that begins so is never an event."""
CUT = " [cut]"
_MAX_TEXT = 1_500
_SHORT_TEXT = 100
"""Texts of this length all fit into a line together."""
_FREE_TEXT = ("detail", "message", "hint", "text")
_LOG_BURST_LINES = 200
_LOG_LINES_PER_SECOND = 2.0
_STEP_MARK_SECONDS = 10.0


class Masking:
    """Replaces the exact values of secrets, wherever they stand."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # Shorter values are no secrets but accidents, and masking them would tear words apart.
        self._secrets = sorted({value for value in secrets if len(value) >= 6}, key=len)[::-1]

    def __repr__(self) -> str:
        return f"Masking({len(self._secrets)} values)"

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


class EventLog:
    """Writes events in one sequence; `seq` goes on where an earlier life of this attempt left off.

    `skipped` numbers are left free after it, for events that were said and lost with the disk.

    `step`, `machine` and the progress of a phase come at most once in `gap_seconds`: what comes sooner is
    merged or replaced. All other kinds are written at once and never dropped.
    """

    def __init__(
        self,
        path: Path,
        run_id: str,
        clock: AnchoredClock,
        write_line: Line,
        masking: Masking,
        *,
        gap_seconds: float = 1.0,
        skipped: int = 0,
        run_log: RunLog | None = None,
    ) -> None:
        self._path = path
        self._run_id = run_id
        self._clock = clock
        self._write_line = write_line
        self.mask = masking
        self._gap_seconds = gap_seconds
        last = last_seq(path)
        self._seq = last + skipped if last else 0
        self._waiting: dict[str, Merged] = {}
        self._last_thinned_at = -1e18
        self._log = LogThinning(clock.now)
        self._run_log = run_log
        self._step_marked_at = -math.inf
        self.last_word = ""
        """The composed `ended`; after it nothing is said any more."""
        self.hear: Callable[[Body], None] = lambda body: None
        """Told each event but the last, once it is out."""

    @property
    def path(self) -> Path:
        return self._path

    @property
    def seq(self) -> int:
        return self._seq

    def emit(self, body: Body) -> None:
        """Say one event."""
        if self.last_word:
            return
        self.flush_waiting()
        self._write(body)

    def thinned(self, body: Body) -> None:
        """Say one event of many, merged with those that came within the gap."""
        if self.last_word:
            return
        self._waiting[body.event] = merged(self._waiting.get(body.event), body)
        self.flush_due()

    def flush_due(self) -> None:
        """Write what waits, when the gap has passed."""
        if self._run_log is not None:
            self._run_log.save_due()
        if self._waiting and self._clock.now() - self._last_thinned_at >= self._gap_seconds:
            self.flush_waiting()

    def flush_waiting(self) -> None:
        """Write what waits now, so that nothing overtakes it."""
        waiting, self._waiting = self._waiting, {}
        for one in waiting.values():
            self._write(one.body)
            self._last_thinned_at = self._clock.now()

    def log(self, text: str) -> None:
        """One line of a recipe's own output: all of them into the log that is delivered, printed as many as fit."""
        self._log_whole(text)
        for line in self._log.lines(text):
            self._write_line(cut(self.mask(LOG_PREFIX + line)))

    def say(self, text: str) -> None:
        """One line of the agent's own log."""
        self._log_whole(AGENT + text)
        self._write_line(cut(self.mask(AGENT + text)))

    def _log_whole(self, text: str) -> None:
        # Masked when it is plain: a colour in the middle of a secret does not hide it.
        if self._run_log is not None:
            self._run_log.line(self.mask(plain_line(text)))

    def _mark(self, body: Body) -> None:
        """What makes a log easier to read: a program that prints nothing itself has a log all the same."""
        text = mark_of(body)
        if self._run_log is None or not text:
            return
        if isinstance(body, Step):
            now = self._clock.now()
            if abs(now - self._step_marked_at) < _STEP_MARK_SECONDS:
                return
            self._step_marked_at = now
        self._run_log.mark(self.mask(plain_line(text)))

    def last_log_lines(self) -> list[str]:
        return self._log.last_lines()

    def newest_log_lines(self) -> list[str]:
        """The last lines of the recipe, whether they were printed or left out."""
        return self._log.newest()

    def close(self, ended: Ended) -> None:
        """Compose the last word and keep it in events.jsonl; it is put out by `say_last_word`."""
        self.flush_waiting()
        self._mark(ended)
        self.last_word = self._compose(ended)
        self._keep(self.last_word)

    def correct(self, ended: Ended) -> None:
        """Compose the last word anew, with what became known since; its number stays."""
        self._seq -= 1
        self.last_word = self._compose(ended)

    def content(self) -> bytes:
        """events.jsonl as it goes up: with the last word also where a full disk did not take it."""
        try:
            kept = self._path.read_bytes()
        except OSError:
            kept = b""
        last = self.last_word.encode()
        if not last or last in kept:
            return kept
        return kept + (b"" if kept[-1:] in (b"", b"\n") else b"\n") + last + b"\n"

    def say_last_word(self) -> None:
        self._write_line(self.last_word)

    def _compose(self, body: Body) -> str:
        self._seq += 1
        at = self._clock.moment()
        event = stamped(_clipped(self._masked(body)), at=at, run_id=self._run_id, seq=self._seq)
        return self.mask(fitted(event))

    def _masked(self, body: Body) -> Body:
        """Texts are masked before they are cut: half a secret would be known by nobody."""
        texts = {
            name: self.mask(text)
            for name in _FREE_TEXT
            if isinstance(text := getattr(body, name, None), str)
        }
        return body.model_copy(update=texts) if texts else body

    def _keep(self, line: str) -> None:
        """Add a composed line to events.jsonl. A full disk silences the file, not the run."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as exc:
            self.say(f"events.jsonl cannot be written: {exc.strerror}")

    def _write(self, body: Body) -> None:
        line = self._compose(body)
        self._mark(body)
        self._keep(line)
        self._write_line(line)
        self.hear(body)


def mark_of(body: Body) -> str:
    """The event in a few words, for those that make a log easier to read; else nothing."""
    match body:
        case PhaseChange(state="started" | "ended"):
            return f"{body.phase} {body.state}"
        case Step():
            losses = (f"{name} {value:.4g}" for name, value in body.losses.items())
            return ", ".join([f"step {body.step}", *losses])
        case CheckpointWritten():
            return f"checkpoint {body.path}"
        case RunWarning():
            return _sentence(body.event, body.message, body.hint)
        case Ended():
            return _sentence(body.event, body.reason, body.detail, body.hint)
    return ""


def _sentence(kind: str, *said: str) -> str:
    return f"{kind}: " + " ".join(part for part in said if part)


@dataclass(frozen=True)
class Merged:
    """What waits to be said, and how many readings it stands for."""

    body: Body
    readings: int = 1


def merged(waiting: Merged | None, body: Body) -> Merged:
    """Two readings as one: the later one, its losses the mean over both, weighted by how many steps each covers."""
    if waiting is None or not isinstance(body, Step) or not isinstance(waiting.body, Step):
        return Merged(body)
    weight, earlier = waiting.readings, waiting.body.losses
    losses = {
        name: (earlier[name] * weight + value) / (weight + 1) if name in earlier else value
        for name, value in body.losses.items()
    }
    return Merged(body.model_copy(update={"losses": losses or dict(earlier)}), weight + 1)


def cut(line: str) -> str:
    """The line, at most MAX_LINE_BYTES long, without breaking a character."""
    data = line.encode("utf-8", "replace")
    if len(data) <= MAX_LINE_BYTES:
        return line
    return data[: MAX_LINE_BYTES - len(CUT)].decode("utf-8", "ignore") + CUT


def fitted(event: Event) -> str:
    """The event as a line of at most MAX_LINE_BYTES: a cut event would be no event at all.

    Lists of files and tables of numbers lose their tail, texts only when that is not enough;
    run.json holds the lists whole.
    """
    line = to_line(event)
    while len(line.encode()) > MAX_LINE_BYTES:
        event = replace(event, body=_shortened(event.body))
        line = to_line(event)
    return line


def _shortened(body: Body) -> Body:
    values = {name: getattr(body, name) for name in type(body).model_fields}
    many = [name for name, value in values.items() if _is_many(value)]
    longest = max(many, key=lambda name: len(values[name]), default="")
    lists = {longest: _half(values[longest])} if longest else {}
    texts = {
        name: value[: len(value) // 2]
        for name, value in values.items()
        if isinstance(value, str) and len(value) > _SHORT_TEXT
    }
    return body.model_copy(update=lists or texts)


def _is_many(value: object) -> bool:
    return isinstance(value, tuple | dict) and len(value) > 0


def _half(value: Any) -> Any:
    kept = list(value.items() if isinstance(value, dict) else value)[: len(value) // 2]
    return type(value)(kept)


def last_seq(path: Path) -> int:
    """Number of the last event in the file, 0 without one. A torn last line does not count."""
    last = 0
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                last = max(last, _seq(line))
    except OSError:
        return 0
    return last


def last_moment(path: Path) -> float:
    """When the last event in the file was said, unix seconds; 0 without one."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return 0.0
    for line in reversed(lines):
        event = from_line(line)
        if event is not None:
            return event.at.timestamp()
    return 0.0


def _seq(line: str) -> int:
    try:
        seq = json.loads(line)["seq"]
    except (ValueError, KeyError, TypeError):
        return 0
    return seq if isinstance(seq, int) else 0


def _clipped(body: Body) -> Body:
    texts = {name: getattr(body, name, "") for name in _FREE_TEXT}
    long = {name: text[:_MAX_TEXT] for name, text in texts.items() if len(text) > _MAX_TEXT}
    return body.model_copy(update=long) if long else body


class LogThinning:
    """Lets a burst of log lines pass, then a trickle: the platform keeps 5,000 lines, events among them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tokens = float(_LOG_BURST_LINES)
        self._at = now()
        self._left_out = 0
        self._last: deque[str] = deque(maxlen=20)

    def lines(self, text: str) -> list[str]:
        """What to print for this line: itself, or nothing, or first how many were left out."""
        self._last.append(text)
        now = self._now()
        # A clock that was set back must not stop the log.
        self._tokens += max(0.0, now - self._at) * _LOG_LINES_PER_SECOND
        self._tokens = min(self._tokens, float(_LOG_BURST_LINES))
        self._at = now
        if self._tokens < 1:
            self._left_out += 1
            return []
        self._tokens -= 1
        left_out, self._left_out = self._left_out, 0
        return [f"({left_out} lines left out)", text] if left_out else [text]

    def last_lines(self) -> list[str]:
        """The last lines, when some of them were left out: what a crash says stands at the end."""
        left_out, self._left_out = self._left_out, 0
        return self.newest() if left_out else []

    def newest(self) -> list[str]:
        return list(self._last)
