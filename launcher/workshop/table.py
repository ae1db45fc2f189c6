"""The table and the record of a dataset that the workshop keeps: metadata.csv and launcher.json, written whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from launcher.config import is_private
from launcher.errors import InvalidRequest
from pod_image.contract.whole_file import write_whole
from pod_image.dataset.tables import read_table

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
    rows = read_table(TABLE, path.read_bytes()).rows
    return [Line(row.file, row.text, row.speaker, row.place) for row in rows]


def write_lines(folder: Path, lines: Sequence[Line]) -> None:
    _write(folder / TABLE, render_lines(lines))


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
