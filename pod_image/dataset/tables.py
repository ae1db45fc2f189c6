"""Tables of transcripts to rows: lines split on a delimiter, or JSON lines; never a quoting reader over lines."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import Said
from pod_image.dataset.columns import (
    FILE_NAMES,
    SPEAKER_NAMES,
    TEXT_NAMES,
    Columns,
    from_names,
    from_rows,
)
from pod_image.dataset.encoding import Decoded, decode
from pod_image.dataset.findings import Code

MOST_TABLE_BYTES = 256 * 2**20
MOST_LINE_CHARACTERS = 100_000


@dataclass(frozen=True)
class Row:
    """One line of a table: `file` as written there."""

    place: str
    file: str
    text: str
    speaker: str | None


@dataclass
class Table:
    """Rows of one table file, and what was odd about it."""

    path: str
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def find(self, code: Code, place: str, message: str, hint: Said) -> None:
        self.findings.append(code.finding(place, message, hint))

    def place(self, number: int) -> str:
        return f"{self.path} line {number}"


def read_table(path: str, raw: bytes) -> Table:
    """Rows of a .csv, .txt, .tsv or .jsonl table. Never raises: what cannot be read is a finding."""
    table = Table(path)
    decoded = decode(raw)
    _say_encoding(table, decoded)
    lines = [(number, line) for number, line in enumerate(decoded.lines(), 1) if line.strip()]
    too_long = [number for number, line in lines if len(line) > MOST_LINE_CHARACTERS]
    if too_long:
        table.find(
            Code.BAD_LINE, table.place(too_long[0]), "This line is far too long for a transcript.",
            "Write one clip per line.",
        )  # fmt: skip
        lines = [each for each in lines if len(each[1]) <= MOST_LINE_CHARACTERS]
    if PurePosixPath(path).suffix.lower() in (".jsonl", ".ndjson"):
        _read_json_lines(table, lines)
    else:
        _read_delimited(table, lines)
    return table


def _say_encoding(table: Table, decoded: Decoded) -> None:
    if decoded.encoding != "UTF-8":
        guess = " That is a guess: look at letters with accents." if decoded.is_guess else ""
        table.find(
            Code.ENCODING, table.path, f"The table is written in {decoded.encoding}.{guess}",
            "Save it as UTF-8.",
        )  # fmt: skip
    elif "\ufffd" in decoded.text:
        table.find(
            Code.ENCODING, table.path, "Some characters of the table are damaged (\ufffd).",
            "Save it as UTF-8 and mend the texts with \ufffd.",
        )  # fmt: skip
    habits = [
        name
        for name, there in (
            ("a byte order mark", decoded.has_mark and decoded.encoding == "UTF-8"),
            ("Windows line ends", decoded.has_windows_lines),
        )
        if there
    ]
    if habits:
        table.find(
            Code.TABLE_FORMAT, table.path, f"The table has {' and '.join(habits)}; they are ignored.",
            "Nothing to do.",
        )  # fmt: skip


# Delimited lines


def _read_delimited(table: Table, lines: list[tuple[int, str]]) -> None:
    if not lines:
        return
    delimiter = _delimiter(table.path, [line for _, line in lines])
    split = [(number, _split(line, delimiter)) for number, line in lines]
    first = from_names(split[0][1])
    body = split[1:] if first else split
    if not body:
        return
    count = first.count if first else Counter(len(cells) for _, cells in body).most_common(1)[0][0]
    good = [(number, cells) for number, cells in body if len(cells) == count]
    for number, cells in body:
        if len(cells) != count or count < 2:
            _say_bad_line(table, number, len(cells), count, delimiter)
    if count < 2 or not good:
        return
    columns = first or from_rows([cells for _, cells in good])
    _say_columns(table, columns)
    for number, cells in good:
        _add_row(table, number, cells, columns)
    _say_quotes(table, good, columns, delimiter)


def _delimiter(path: str, lines: Sequence[str]) -> str:
    """`|` unless most lines have none: then tab, then the comma of a table with a header."""
    most = len(lines) / 2
    if sum("|" in line for line in lines) >= most:
        return "|"
    if path.lower().endswith(".tsv") or sum("\t" in line for line in lines) >= most:
        return "\t"
    if from_names(_split(lines[0], ",")) is not None:
        return ","
    return "|"


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter != ",":
        return [cell.strip() for cell in line.split(delimiter)]
    # Comma tables (audiofolder) quote texts with commas. One line at a time: an open quote ends with its line.
    return [cell.strip() for cell in next(iter(csv.reader([line])), [])]


def _say_bad_line(table: Table, number: int, found: int, count: int, delimiter: str) -> None:
    name = {"|": "'|'", "\t": "a tab", ",": "a comma"}[delimiter]
    if count < 2:
        message, hint = f"No {name} on this line.", "Write file|text, one clip per line."
    elif found < count:
        message = f"{found} column{'s' * (found != 1)} where the other lines have {count}."
        hint = f"Write all {count} columns, with {name} between them."
    else:
        message = f"{found} columns where the other lines have {count}: {name} stands in the text."
        hint = f"Take {name} out of the text."
    table.find(Code.BAD_LINE, table.place(number), message, hint)


def _say_columns(table: Table, columns: Columns) -> None:
    if columns.is_unsure:
        table.find(
            Code.COLUMNS_UNSURE, table.path,
            f"Read as {columns.how}, but the rows would fit another reading.",
            "Put a header on the first line: file|speaker|text or file|raw_text|text.",
        )  # fmt: skip
    else:
        table.find(
            Code.TABLE_FORMAT,
            table.path,
            f"Read as {columns.how}.",
            "Nothing to do if that is right.",
        )


def _add_row(table: Table, number: int, cells: Sequence[str], columns: Columns) -> None:
    speaker = cells[columns.speaker] if columns.speaker is not None else None
    text = cells[columns.text]
    # An LJSpeech line whose normalised text was left out still has its raw one.
    if not text and columns.speaker is None and columns.count == 3 and not columns.has_header:
        text = cells[1]
    table.rows.append(Row(table.place(number), cells[columns.file], text, speaker or None))


def _say_quotes(
    table: Table, good: list[tuple[int, list[str]]], columns: Columns, delimiter: str
) -> None:
    opened = [n for n, cells in good if cells[columns.text].startswith('"')]
    unclosed = [n for n, cells in good if cells[columns.text].count('"') % 2]
    if delimiter == "," or not opened:
        return
    if unclosed:
        message = (
            "A text begins with a quotation mark; other trainers would swallow the lines after it."
        )
    else:
        message = "Texts are in quotation marks; they are kept as part of the text."
    table.find(
        Code.QUOTED_TEXT, table.place((unclosed or opened)[0]), message,
        "Nothing to do here; without the marks every program reads the same.",
    )  # fmt: skip


# JSON lines


def _read_json_lines(table: Table, lines: list[tuple[int, str]]) -> None:
    for number, line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            table.find(
                Code.BAD_LINE, table.place(number), "This line is not a JSON object.",
                'Write {"file_name": "…", "text": "…"}, one clip per line.',
            )  # fmt: skip
            continue
        add_record(table, table.place(number), value)


def add_record(table: Table, place: str, record: dict[str, object]) -> None:
    """One row from named values, as JSON lines and parquet have them."""
    lowered = {str(key).lower(): value for key, value in record.items()}
    file = _file_of(_value(lowered, FILE_NAMES))
    text = _value(lowered, ("normalized_text", "text_normalized", *TEXT_NAMES))
    if file is None or not isinstance(text, str):
        table.find(
            Code.BAD_LINE, place, f"No {'file' if file is None else 'text'} here.",
            f"Name the columns, for example {FILE_NAMES[0]} and {TEXT_NAMES[0]}.",
        )  # fmt: skip
        return
    speaker = _value(lowered, SPEAKER_NAMES)
    known = speaker if speaker is None or isinstance(speaker, str) else str(speaker)
    table.rows.append(Row(place, file.strip(), text.strip(), known or None))


def _value(record: dict[str, object], names: Sequence[str]) -> object:
    return next((record[name] for name in names if record.get(name) is not None), None)


def _file_of(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("path")
    return value if isinstance(value, str) and value.strip() else None
