"""Events of a run, one file each on this machine: charts and receipts stay when the pod and its log are gone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from launcher.domain.run import Run
from pod_image.contract.events import Event, from_line, to_line
from pod_image.contract.whole_file import write_whole

MAX_BYTES = 64_000_000
"""At about one event a second and 300 bytes each, some sixty hours; what is later is in the results repo."""


class Journal:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, run: Run, event: Event) -> None:
        """Append the event. A disk that is full costs the record, not the watching."""
        path = self._path(run)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                if file.tell() < MAX_BYTES:
                    file.write(to_line(event) + "\n")
        except OSError:
            return

    def replace(self, run: Run, events: Iterable[Event]) -> None:
        """Keep these, in their order, in place of what is kept; the same of a full disk."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            text = "".join(to_line(event) + "\n" for event in events)
            write_whole(self._path(run), text, is_private=True)
        except OSError:
            return

    def read(self, run: Run) -> Iterator[Event]:
        """The run's events in the order they came; lines that cannot be read are passed over."""
        try:
            with self._path(run).open(encoding="utf-8", errors="replace") as file:
                for line in file:
                    event = from_line(line.rstrip("\n"))
                    if event is not None:
                        yield event
        except OSError:
            return

    def remove(self, run: Run) -> None:
        self._path(run).unlink(missing_ok=True)

    def _path(self, run: Run) -> Path:
        return self._folder / f"{run.nonce}.jsonl"
