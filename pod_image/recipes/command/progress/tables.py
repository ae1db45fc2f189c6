"""Files that a trainer adds to while it works, each read on from where it was: JSON lines, CSV, SQLite, TensorBoard."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from pod_image.recipes.command.progress.event_files import frames, scalars_in
from pod_image.recipes.command.progress.json_lines import json_row
from pod_image.recipes.command.progress.reading import Reading, number, reading_of

MOST_BYTES_A_LOOK = 1 << 20
MOST_ROWS_A_LOOK = 2_000
MOST_TABLES = 16
MOST_STATE_BYTES = 1 << 24
_KEY_NAMES = ("key", "name", "tag", "metric")
_VALUE_NAMES = ("value_real", "value", "scalar")


class Followed(Protocol):
    """One file. `read` gives what was added since the last time; it raises OSError, and nothing else."""

    path: Path

    def read(self) -> list[Reading]: ...


def followed(path: Path, *, from_its_end: bool = False) -> Followed | None:
    """How a file of this name is read on; None where the name is of no kind that we follow.

    `from_its_end` passes over what is there already: a run that goes on brings the rows of its past along.
    """
    start = path.stat().st_size if from_its_end else 0
    name = path.name.lower()
    if "tfevents" in name:
        return EventFile(path, start)
    match path.suffix.lower():
        case ".jsonl" | ".ndjson":
            return JsonLines(path, start)
        case ".csv" | ".tsv":
            return CsvFile(path, start)
        case ".db" | ".sqlite" | ".sqlite3":
            return SqliteFile(path, from_its_end=from_its_end)
    return None


class _Growing:
    """Bytes that were added to a file. One that became shorter is read anew."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self.path = path
        self._at = start

    def added(self) -> bytes:
        if self.path.stat().st_size < self._at:
            self._at = 0
        with self.path.open("rb") as file:
            file.seek(self._at)
            return file.read(MOST_BYTES_A_LOOK)

    def lines(self) -> list[str]:
        """Whole lines; one that is still being written waits, one without an end is passed over."""
        data = self.added()
        end = data.rfind(b"\n") + 1
        if not end and len(data) == MOST_BYTES_A_LOOK:
            end = len(data)
        self._at += end
        return data[:end].decode("utf-8", "replace").splitlines()


class JsonLines(_Growing):
    def read(self) -> list[Reading]:
        rows = (json_row(line.strip()) for line in self.lines())
        readings = (reading_of(row) for row in rows if row is not None)
        return [each for each in map(_counted, readings) if each is not None]


class CsvFile(_Growing):
    """The first line names the columns. It is read from the start also where the rows are not."""

    def __init__(self, path: Path, start: int = 0) -> None:
        super().__init__(path, start)
        self._columns: Sequence[str] = ()
        self._separator = "\t" if path.suffix.lower() == ".tsv" else ","

    def read(self) -> list[Reading]:
        lines = self.lines()
        if not self._columns:
            with self.path.open(encoding="utf-8", errors="replace") as file:
                first = file.readline(MOST_BYTES_A_LOOK)
            if not first.endswith("\n"):
                return []
            self._columns = [name.strip() for name in self._cells([first])[0]]
            lines = lines[1:] if lines and lines[0] == first.rstrip("\r\n") else lines
        rows = self._cells(lines)
        readings = (reading_of(dict(zip(self._columns, row, strict=False))) for row in rows)
        return [each for each in map(_counted, readings) if each is not None]

    def _cells(self, lines: Sequence[str]) -> list[list[str]]:
        rows: list[list[str]] = []
        with suppress(csv.Error):
            rows.extend(csv.reader(lines, delimiter=self._separator))
        return rows or [[]] if lines else []


class EventFile(_Growing):
    """What TensorBoard shows. Events of one step come as many: they are put together."""

    def read(self) -> list[Reading]:
        found, taken = frames(self.added())
        self._at += taken
        steps: dict[float, dict[str, float]] = {}
        for frame in found:
            event = scalars_in(frame)
            if event is not None and event.step is not None:
                steps.setdefault(event.step, {}).update(event.scalars)
        return [Reading(step=step, scalars=scalars) for step, scalars in steps.items()]


class SqliteFile:
    """Tables with a column for the step: a column a scalar, or a row a scalar with its name."""

    def __init__(self, path: Path, *, from_its_end: bool = False) -> None:
        self.path = path
        self._seen: dict[str, int] = {}
        """The last row of each table that was read."""
        if from_its_end:
            with suppress(OSError):
                self.read()

    def read(self) -> list[Reading]:
        address = f"file:{quote(str(self.path))}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=0.2)) as database:
                return [
                    reading
                    for table in _tables(database)
                    for reading in self._rows(database, table)
                ]
        except sqlite3.Error:
            return []  # being written, or none: the next look will tell

    def _rows(self, database: sqlite3.Connection, table: str) -> Iterator[Reading]:
        name = '"' + table.replace('"', '""') + '"'
        # A training that goes on deletes the rows of the steps that it takes anew: new ones get their numbers.
        (last,) = database.execute(f"select max(rowid) from {name}").fetchone()
        self._seen[table] = min(self._seen.get(table, 0), last or 0)
        found = database.execute(
            f"select rowid, * from {name} where rowid > ? order by rowid limit ?",
            (self._seen[table], MOST_ROWS_A_LOOK),
        )
        columns = [str(column[0]) for column in found.description][1:]
        steps: dict[float, dict[str, float]] = {}
        for rowid, *values in found:
            self._seen[table] = rowid
            reading = reading_of(_wide(dict(zip(columns, values, strict=True))))
            if reading is not None and reading.step is not None:
                steps.setdefault(reading.step, {}).update(reading.scalars)
        for step, scalars in steps.items():
            yield Reading(step=step, scalars=scalars)


def trainer_state(path: Path) -> Reading | None:
    """What Hugging Face's Trainer puts into each checkpoint last: how many steps its epochs have, and of how many.

    None while it is being written, and for anything else. Never raises.
    """
    try:
        if path.stat().st_size > MOST_STATE_BYTES:
            return None
        state = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(state, dict):
        return None
    step, total = number(state.get("global_step")), number(state.get("max_steps"))
    return Reading(step, total, number(state.get("epoch"))) if step else None


def _counted(reading: Reading | None) -> Reading | None:
    """Rows without a step count epochs, where they count anything."""
    if reading is None or reading.step is not None:
        return reading
    if reading.epoch is None or reading.epoch < 0:
        return None
    return Reading(reading.epoch, None, reading.epoch, scalars=reading.scalars)


def _tables(database: sqlite3.Connection) -> list[str]:
    found = database.execute("select name from sqlite_master where type = 'table' order by name")
    return [str(name) for (name,) in found.fetchmany(MOST_TABLES)]


def _wide(row: dict[str, object]) -> dict[str, object]:
    """A row of a name and its value, as a column of that name."""
    key = next((name for name in _KEY_NAMES if isinstance(row.get(name), str)), None)
    value = next((name for name in _VALUE_NAMES if number(row.get(name)) is not None), None)
    if key is None or value is None:
        return row
    others = {name: row[name] for name in row if name not in (*_KEY_NAMES, *_VALUE_NAMES)}
    return {**others, str(row[key]): row[value]}
