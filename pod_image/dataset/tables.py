"""Tables of transcripts to rows: lines split on a delimiter, JSON lines or a JSON document."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import Said
from pod_image.dataset.columns import (
    FILE_NAMES,
    NUMERIC,
    SAMPLE,
    SPEAKER_NAMES,
    SPOKEN_NAMES,
    TEXT_NAMES,
    Columns,
    Lacking,
    Leads,
    find_header,
    from_content,
)
from pod_image.dataset.delimited import (
    DELIMITER_NAMES,
    QUOTING,
    Numbered,
    Split,
    find_delimiter,
    split_lines,
)
from pod_image.dataset.encoding import Decoded, decode, in_whole_letters
from pod_image.dataset.endings import is_audio, without_ending
from pod_image.dataset.findings import Code
from pod_image.dataset.json_records import records_of

MOST_TABLE_BYTES = 256 * 2**20
MOST_LINE_CHARACTERS = 100_000
DECLARED_DELIMITER = re.compile(r"sep=([;,|\t])", re.IGNORECASE)
"""What Excel writes, and reads, on the first line."""
FEWEST_COLUMNS_TO_DROP = 3
"""Fewer may be empty for want of their texts."""


@dataclass(frozen=True)
class Row:
    """One line of a table: `file` as written there. `at` is its path in the dataset, where a corpus knows it."""

    place: str
    file: str
    text: str
    speaker: str | None
    at: str | None = None
    cells: tuple[str, ...] = field(default=(), compare=False, repr=False)
    """All of the line, where the table has columns."""


@dataclass
class Table:
    """Rows of one table file, and what was odd about it. `lacks` says why it can be none of transcripts."""

    path: str
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    has_header: bool = False
    """Something in it says by name which is the file and which the text."""
    lacks: str = ""
    columns: Columns | None = None
    """Which of the cells are what, of lines split on `delimiter`; `header` is the line that names them, if one does."""
    delimiter: str = ""
    header: tuple[str, ...] = ()

    def find(self, code: Code, place: str, message: str, hint: Said) -> None:
        self.findings.append(code.finding(place, message, hint))

    def place(self, number: int) -> str:
        return f"{self.path} line {number}"


def read_table(
    path: str, raw: bytes, leads: Leads = is_audio, like: Columns | None = None
) -> Table:
    """Rows of a .csv, .txt, .tsv, .list, .json or .jsonl table. Never raises: what cannot be read is a finding.

    `leads` says whether a cell leads to a file of sound: then the columns are known without a header too. `like`
    are the columns of a table of the same kind, for one that has no header of its own.
    """
    table = Table(path)
    decoded = decode(raw)
    _say_encoding(table, decoded)
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".json":
        records = records_of(decoded.text)
        if records is not None:
            for name, record in records:
                add_record(table, f"{path} {name}", record)
            return table
    lines = [(number, line) for number, line in enumerate(decoded.lines(), 1) if line.strip()]
    too_long = [number for number, line in lines if len(line) > MOST_LINE_CHARACTERS]
    if too_long:
        table.find(
            Code.BAD_LINE, table.place(too_long[0]), "This line is far too long for a transcript.",
            "Write one clip per line.",
        )  # fmt: skip
        lines = [each for each in lines if len(each[1]) <= MOST_LINE_CHARACTERS]
    if suffix in (".jsonl", ".ndjson", ".json"):
        _read_json_lines(table, lines)
    else:
        _read_delimited(table, lines, leads, like)
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


def _read_delimited(
    table: Table, lines: list[tuple[int, str]], leads: Leads, like: Columns | None
) -> None:
    if not lines:
        return
    declared = DECLARED_DELIMITER.fullmatch(lines[0][1].strip(" "))
    if declared is not None:
        lines = lines[1:]
    delimiter = (
        declared[1] if declared else find_delimiter(table.path, [line for _, line in lines], leads)
    )
    split = split_lines(lines, delimiter, leads)
    _drop_empty_columns(split)
    if not split.rows:
        return
    first, *others = split.rows
    sample = [cells for _, cells in others[:SAMPLE] if len(cells) == len(first[1])]
    header = find_header(first[1], sample, leads) if len(first[1]) > 1 else None
    if isinstance(header, Lacking):
        table.lacks = header.what
        return
    table.has_header = header is not None
    body = others if header else split.rows
    if not body:
        return
    usual = Counter(len(cells) for _, cells in body).most_common(1)[0][0]
    count = header.count if header else usual
    good = [(number, cells) for number, cells in body if len(cells) == count]
    for number, cells in body:
        if len(cells) != count or count < 2:
            _say_bad_line(table, number, len(cells), count, delimiter)
    if count < 2 or not good:
        return
    columns = header or like or from_content([cells for _, cells in good], leads)
    if isinstance(columns, Lacking):
        table.lacks = columns.what
        return
    table.columns, table.delimiter = columns, delimiter
    table.header = tuple(first[1]) if header else ()
    _say_columns(table, columns)
    for number, cells in good:
        _add_row(table, number, cells, columns)
    _say_quotes(table, split, good, columns, delimiter)


def _drop_empty_columns(split: Split) -> None:
    """Columns after the last that a spreadsheet exports because somebody once clicked there."""
    usual = Counter(len(cells) for _, cells in split.rows).most_common(1)[0][0] if split.rows else 0
    used = max(
        (at + 1 for _, cells in split.rows for at, cell in enumerate(cells) if cell), default=0
    )
    if usual > FEWEST_COLUMNS_TO_DROP and used < usual:
        kept = max(used, 2)
        split.rows = [(number, cells[:kept]) for number, cells in split.rows]


def _say_bad_line(table: Table, number: int, found: int, count: int, delimiter: str) -> None:
    name = DELIMITER_NAMES[delimiter]
    if count < 2:
        message, hint = f"No {name} on this line.", "Write file|text, one clip per line."
    elif found < count:
        message = f"{found} column{'s' * (found != 1)} where the other lines have {count}."
        hint = f"Write all {count} columns, with {name} between them."
    else:
        message = f"{found} columns where the other lines have {count}: {name} is in the text."
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
    table.rows.append(
        Row(table.place(number), cells[columns.file], text, speaker or None, cells=tuple(cells))
    )


def _say_quotes(
    table: Table, split: Split, good: list[Numbered], columns: Columns, delimiter: str
) -> None:
    if columns.text in split.unquoted:
        table.find(
            Code.TABLE_FORMAT, table.path, "Its texts are quoted as CSV has it; the quotes are undone.",
            "Nothing to do.",
        )  # fmt: skip
        return
    opened = [n for n, cells in good if cells[columns.text].startswith('"')]
    unclosed = [n for n, cells in good if cells[columns.text].count('"') % 2]
    if delimiter in QUOTING or not opened:
        return
    if unclosed:
        message = "A text begins with a quotation mark; other trainers would read the lines after it as part of it."
    else:
        message = "Texts are in quotation marks; they are kept as part of the text."
    table.find(
        Code.QUOTED_TEXT, table.place((unclosed or opened)[0]), message,
        "Nothing to do here; without the marks every program reads the same.",
    )  # fmt: skip


# JSON


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
    """One row from named values, as JSON and parquet have them."""
    lowered = {str(key).lower(): in_whole_letters(value) for key, value in record.items()}
    file = next((named for name in FILE_NAMES if (named := _file_of(lowered.get(name)))), None)
    text = _text_of(lowered, file)
    if file is None or text is None:
        table.find(
            Code.BAD_LINE, place, f"No {'file' if file is None else 'text'} here.",
            f"Name the columns, for example {FILE_NAMES[0]} and {TEXT_NAMES[0]}.",
        )  # fmt: skip
        return
    table.has_header = True
    if _is_piece(lowered):
        table.find(
            Code.BAD_LINE, place, f"This is a part of {file}, from {lowered['offset']} s on.",
            "Cut the recording there, and name the part: a clip is always read from start to end.",
        )  # fmt: skip
        return
    speaker = _value(lowered, SPEAKER_NAMES)
    known = speaker if speaker is None or isinstance(speaker, str) else str(speaker)
    table.rows.append(Row(place, file.strip(), text.strip(), known or None))


def _text_of(record: dict[str, object], file: str | None) -> str | None:
    """The first that holds words; digits alone or the file's own name, as Prodigy has it, only as the last resort."""
    names = dict.fromkeys((*SPOKEN_NAMES, *TEXT_NAMES))
    texts = [text for name in names if isinstance(text := record.get(name), str)]
    own = set(_names_of(file)) if file else set()
    # Named and left empty is a line without its text; not named is a table that is none.
    empty = "" if any(name in record and record[name] is None for name in names) else None
    return next(
        (text for text in texts if not NUMERIC.fullmatch(text) and text.strip() not in own),
        next(iter(texts), empty),
    )


def _names_of(file: str) -> tuple[str, ...]:
    name = file.strip().replace("\\", "/").rsplit("/", 1)[-1]
    return file.strip(), name, without_ending(name)


def _is_piece(record: dict[str, object]) -> bool:
    offset = record.get("offset")
    return isinstance(offset, int | float) and offset > 0


def _value(record: dict[str, object], names: Sequence[str]) -> object:
    return next((record[name] for name in names if record.get(name) is not None), None)


def _file_of(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("path")
    return value if isinstance(value, str) and value.strip() else None
