"""Events of a run, one file each on this machine: charts and receipts stay when the pod and its log are gone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from launcher.domain.run import Run
from pod_image.contract.events import Event, from_line, to_line
from pod_image.contract.whole_file import write_whole

MAX_BYTES = 512_000_000
"""At about one event a second and 450 bytes each, some thirteen days; what is later is in the results repo."""
_SEQ = re.compile(rb'"seq":\s*(\d{1,18})')
_STAMP_BYTES = 400
"""Within these an event of ours has its number; a run's id stands before it."""


class Journal:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, run: Run, event: Event) -> None:
        """Append the event. A disk that is full costs the record, not the watching."""
        path = self._path(run)
        try:
            descriptor = self._appending(path)
            try:
                if os.fstat(descriptor).st_size < MAX_BYTES:
                    _write_all(descriptor, f"{to_line(event)}\n".encode())
            finally:
                os.close(descriptor)
        except OSError:
            return

    def _appending(self, path: Path) -> int:
        flags = os.O_APPEND | os.O_CREAT | os.O_WRONLY
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(path, flags, 0o600)

    def replace(self, run: Run, events: Iterable[Event]) -> None:
        """Keep these, in their order, in place of what is kept; the same of a full disk."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            text = "".join(to_line(event) + "\n" for event in events)
            write_whole(self._path(run), text, is_private=True)
        except OSError:
            return

    def has(self, run: Run) -> bool:
        return self._path(run).is_file()

    def read(self, run: Run, kinds: Sequence[str] = ()) -> Iterator[Event]:
        """The run's events in the order they came; lines that cannot be read are passed over. With `kinds` those that
        may be of them, which is many times as quick: the others are not parsed."""
        marks = [f'"{kind}"' for kind in kinds]
        try:
            with self._path(run).open(encoding="utf-8", errors="replace") as file:
                for line in file:
                    if marks and not any(mark in line for mark in marks):
                        continue
                    event = from_line(line.rstrip("\n"))
                    if event is not None:
                        yield event
        except OSError:
            return

    def read_from(self, run: Run, bytes_read: int) -> Iterator[tuple[Event, int]]:
        """The events behind so many bytes, each with the bytes up to its end: where the next reading may begin. What is
        being written at this moment is left to that."""
        try:
            with self._path(run).open("rb") as file:
                file.seek(bytes_read)
                for line in file:
                    if not line.endswith(b"\n"):
                        return
                    bytes_read += len(line)
                    event = from_line(line.decode("utf-8", "replace").rstrip("\n"))
                    if event is not None:
                        yield event, bytes_read
        except OSError:
            return

    def identity(self, run: Run) -> int:
        """Another one once the events were replaced; 0 where there are none."""
        try:
            return self._path(run).stat().st_ino
        except OSError:
            return 0

    def read_after(self, run: Run, seq: int) -> Iterator[Event]:
        """The same as `read` without those up to number `seq`, of which little more is looked at than the number."""
        for line in self._lines(run):
            number = _number_of(line)
            if number is None or number > seq:
                event = from_line(line.decode("utf-8", "replace").rstrip("\n"))
                if event is not None and event.seq > seq:
                    yield event

    def numbers(self, run: Run) -> frozenset[int]:
        """The numbers of the events, without reading what they say."""
        return frozenset(n for line in self._lines(run) if (n := _number_of(line)) is not None)

    def _lines(self, run: Run) -> Iterator[bytes]:
        try:
            with self._path(run).open("rb") as file:
                yield from file
        except OSError:
            return

    def remove(self, run: Run) -> None:
        self._path(run).unlink(missing_ok=True)

    def _path(self, run: Run) -> Path:
        return self._folder / f"{run.nonce}.jsonl"


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


def _number_of(line: bytes) -> int | None:
    found = _SEQ.search(line, 0, _STAMP_BYTES)
    return int(found[1]) if found else None
