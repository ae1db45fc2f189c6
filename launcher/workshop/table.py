"""The table and the record of a dataset that the workshop keeps: metadata.csv and launcher.json, written whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from launcher.config import is_private
from launcher.errors import InvalidRequest
from pod_image.contract.whole_file import write_whole
from pod_image.dataset.columns import SPOKEN_NAMES, TEXT_NAMES, Columns
from pod_image.dataset.delimited import QUOTING
from pod_image.dataset.tables import Table, read_table

TABLE = "metadata.csv"
RECORD = "launcher.json"
CLIPS_FOLDER = "wavs"
FORMAT = 1


@dataclass(frozen=True)
class Line:
    """One line of the table; an empty text is still to be typed. `place` is where it was read, as findings say it."""

    file: str
    text: str
    speaker: str | None = None
    place: str = field(default="", compare=False)
    cells: tuple[str, ...] = field(default=(), compare=False)
    """All that stood on the line, in a table that says more of a clip than these."""


@dataclass(frozen=True)
class Record:
    """Where the clips came from: recordings by sha256, so that nothing is made twice. Times in unix seconds."""

    language: str
    sample_rate_hz: int
    created_at: float
    updated_at: float
    recordings: dict[str, str] = field(default_factory=dict)


def read_lines(folder: Path) -> list[Line]:
    """Lines of the table in order; none if there is no table yet."""
    path = folder / TABLE
    if not path.is_file():
        return []
    table = read_table(TABLE, path.read_bytes())
    says_more = _says_more(table)
    return [
        Line(row.file, row.text, row.speaker, row.place, row.cells if says_more else ())
        for row in table.rows
    ]


def write_lines(folder: Path, lines: Sequence[Line]) -> None:
    """Columns that the table has beside file, text and speaker stay, in the form that it has."""
    path = folder / TABLE
    there = read_table(TABLE, path.read_bytes()) if path.is_file() else Table(TABLE)
    kept = _rendered_alike(there, lines) if _says_more(there) else None
    _write(path, kept or render_lines(lines))


def render_lines(lines: Sequence[Line]) -> str:
    """The table's text; with a header and a speaker column as soon as one clip has a speaker."""
    if any(line.speaker for line in lines):
        rows = ["file|speaker|text"]
        rows += [
            f"{each.file}|{one_cell(each.speaker or '')}|{one_cell(each.text)}" for each in lines
        ]
    else:
        rows = [f"{each.file}|{one_cell(each.text)}" for each in lines]
    return "".join(f"{row}\n" for row in rows)


def _says_more(table: Table) -> bool:
    """Whether it has columns beside file, text and speaker."""
    columns = table.columns
    return columns is not None and columns.count > (2 if columns.speaker is None else 3)


def _rendered_alike(table: Table, lines: Sequence[Line]) -> str | None:
    """These lines in the form of that table; None where they would not be read as they are from it."""
    columns = table.columns
    assert columns is not None
    header, count, speaker = list(table.header), columns.count, columns.speaker
    if speaker is None and any(line.speaker for line in lines):
        header = header or _names(columns)
        header, count, speaker = [*header, "speaker"], count + 1, count
    texts = _text_columns(header, columns)
    rows = [header] if header else []
    for line in lines:
        is_whole = len(line.cells) == columns.count
        cells = [*line.cells] if is_whole else [""] * columns.count
        cells += [""] * (count - len(cells))
        if not is_whole or line.text != (cells[columns.text] or cells[texts[0]]):
            # A raw and a normalised text are of one sentence.
            for each in texts:
                cells[each] = one_cell(line.text)
        cells[columns.file] = line.file
        if speaker is not None:
            cells[speaker] = one_cell(line.speaker or "")
        rows.append(cells)
    out = io.StringIO()
    if table.delimiter in QUOTING:
        csv.writer(out, delimiter=table.delimiter, lineterminator="\n").writerows(rows)
    else:
        out.write("".join(table.delimiter.join(row) + "\n" for row in rows))
    found = read_table(TABLE, out.getvalue().encode()).rows
    is_read_alike = [(row.file, row.text, row.speaker) for row in found] == [
        (line.file, line.text, line.speaker) for line in lines
    ]
    return out.getvalue() if is_read_alike else None


def _names(columns: Columns) -> list[str]:
    """A header for a table that has none: of three columns without a speaker LJSpeech's."""
    names = ["raw_text" if columns.count == 3 else f"more_{at}" for at in range(columns.count)]
    names[columns.file], names[columns.text] = "file", "text"
    return names


def _text_columns(header: Sequence[str], columns: Columns) -> list[int]:
    """Where the text stands; in LJSpeech's form raw and normalised, by a header each column that is named so."""
    if header:
        named = (*SPOKEN_NAMES, *TEXT_NAMES)
        found = [at for at, name in enumerate(header) if name.strip().lower() in named]
    else:
        found = [1, 2] if columns.count == 3 and columns.speaker is None else []
    return found if columns.text in found else [columns.text]


def one_cell(text: str) -> str:
    """The text as it can stand in the table: on one line and without the delimiter."""
    return " ".join(text.replace("|", " ").split())


def read_record(folder: Path) -> Record | None:
    """None for a dataset that was not made here. InvalidRequest when the record is damaged."""
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Record(
            language=str(values["language"]),
            sample_rate_hz=int(values["sample_rate_hz"]),
            created_at=float(values["created_at"]),
            updated_at=float(values["updated_at"]),
            recordings={str(key): str(name) for key, name in values["recordings"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise InvalidRequest(
            f"{path} is damaged.",
            hint=f"Remove {RECORD}; the clips and the table stay as they are.",
        ) from exc


def write_record(folder: Path, record: Record) -> None:
    document = {"format": FORMAT, **asdict(record)}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    _write(folder / RECORD, text)


def _write(path: Path, text: str) -> None:
    """For its owner alone where the folder is: else others may read it as they may read the clips."""
    write_whole(path, text, is_private=is_private(path.parent), is_durable=True, is_shared=True)


def touch_record(folder: Path, at: float) -> None:
    """Note in the record, where there is one, that the dataset was changed at that moment (Unix seconds)."""
    record = read_record(folder)
    if record is not None:
        write_record(folder, replace(record, updated_at=at))
