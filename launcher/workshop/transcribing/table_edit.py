"""Texts put into a table that is somebody's own: its other cells, lines and habits stay, and the edit proves itself.

After the change the table is read again as any dataset's: unless exactly the wanted texts changed, nothing is written.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.config import is_private
from launcher.errors import InvalidRequest
from launcher.workshop.table import TABLE, one_cell
from pod_image.contract.whole_file import write_whole
from pod_image.dataset.tables import Row, read_table

_JSON_LINES = (".jsonl", ".ndjson")
_LINES = (".csv", ".tsv", ".txt", *_JSON_LINES)
_TEXT_KEYS = ("text", "transcription", "transcript", "sentence", "normalized_text", "raw_text")


@dataclass(frozen=True)
class NewLine:
    """A line of a clip that was cut out of a recording."""

    file: str
    text: str


@dataclass(frozen=True)
class EditableTable:
    """A table in `folder`, as it was when it was opened; empty where there is none yet."""

    folder: Path
    path: str
    raw: bytes
    rows: Sequence[Row]

    def changed(
        self,
        texts: Mapping[str, str],
        replaced: Mapping[str, Sequence[NewLine]] | None = None,
        added: Sequence[NewLine] = (),
    ) -> bytes:
        """Its bytes with new texts by place, lines replaced by others by place, and lines added at the end.

        InvalidRequest where that cannot be done without touching more.
        """
        lines = _lines(self.raw)
        rows = {row.place: row for row in self.rows}
        for place, text in texts.items():
            at = self._index(place, lines)
            lines[at] = self._with_text(lines[at], rows[place], text)
        for place, new in (replaced or {}).items():
            at = self._index(place, lines)
            old = lines[at]
            lines[at] = "".join(self._copy(old, rows[place], each) for each in new)
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        lines += [self._new(each) for each in added]
        raw = "".join(lines).encode()
        self._prove(raw, texts, replaced or {}, added)
        return raw

    def _index(self, place: str, lines: Sequence[str]) -> int:
        found = re.fullmatch(re.escape(self.path) + r" line (\d+)", place)
        if found is None or int(found[1]) > len(lines):
            raise self._uneditable()
        return int(found[1]) - 1

    def _with_text(self, line: str, row: Row, text: str) -> str:
        body, end = _body_and_end(line)
        if self._is_json:
            values = json.loads(body)
            keys = [key for key, value in values.items() if value == row.text and row.text]
            keys = keys or [key for key in values if key.lower() in _TEXT_KEYS]
            return json.dumps({**values, **dict.fromkeys(keys, text)}, ensure_ascii=False) + end
        cells, delimiter = _cells(body)
        for each in _text_cells(cells, row):
            cells[each] = one_cell(text)
        return _joined(cells, delimiter) + end

    def _copy(self, line: str, row: Row, new: NewLine) -> str:
        """The line with another file and text; whatever else stands in it is said of each of its clips."""
        body, end = _body_and_end(self._with_text(line, row, new.text))
        if self._is_json:
            values = json.loads(body)
            moved = {key: new.file if value == row.file else value for key, value in values.items()}
            return json.dumps(moved, ensure_ascii=False) + (end or "\n")
        cells, delimiter = _cells(body)
        moved_cells = [new.file if cell.strip() == row.file else cell for cell in cells]
        return _joined(moved_cells, delimiter) + (end or "\n")

    def _new(self, new: NewLine) -> str:
        """A line in the manner of the last one: its speaker too where all have the same."""
        if not self.rows:
            return f"{new.file}|{one_cell(new.text)}\n"
        row = self.rows[-1]
        pattern = _lines(self.raw)[self._index(row.place, _lines(self.raw))]
        if self._is_json or len({each.speaker for each in self.rows}) == 1:
            return self._copy(pattern, row, new)
        raise self._uneditable()

    def _prove(
        self,
        raw: bytes,
        texts: Mapping[str, str],
        replaced: Mapping[str, Sequence[NewLine]],
        added: Sequence[NewLine],
    ) -> None:
        wanted: list[tuple[str, str, str | None]] = []
        for row in self.rows:
            text = one_cell(texts[row.place]) if row.place in texts else row.text
            if row.place in replaced:
                wanted += [(n.file, one_cell(n.text), row.speaker) for n in replaced[row.place]]
            else:
                wanted.append((row.file, text, row.speaker))
        speaker = self.rows[-1].speaker if self.rows else None
        wanted += [(each.file, one_cell(each.text), speaker) for each in added]
        found = [(row.file, row.text, row.speaker) for row in read_table(self.path, raw).rows]
        if found != wanted:
            raise self._uneditable()

    @property
    def _is_json(self) -> bool:
        return self.path.lower().endswith(_JSON_LINES)

    def _uneditable(self) -> InvalidRequest:
        return InvalidRequest(
            f"{self.path} has a layout that cannot be edited here; it is left unchanged.",
            hint="Put the texts in by hand; this list of them stays.",
        )


def open_table(folder: Path, tables: Sequence[str]) -> EditableTable:
    """The one table that a folder's texts are in; metadata.csv where there is none. InvalidRequest for other kinds."""
    there = [each for each in tables if (folder / each).is_file()]
    if not there and not (folder / TABLE).is_file():
        return EditableTable(folder, TABLE, b"", ())
    path = there[0] if there else TABLE
    if len(there) > 1 or not path.lower().endswith(_LINES):
        raise InvalidRequest(
            f"The texts are in {', '.join(there)}, which cannot be edited line by line.",
            hint="Put the texts in by hand; this list of them stays.",
        )
    raw = (folder / path).read_bytes()
    return EditableTable(folder, path, raw, read_table(path, raw).rows)


def write_table(table: EditableTable, raw: bytes) -> None:
    """Write it, unless somebody changed it meanwhile."""
    path = table.folder / table.path
    if (path.read_bytes() if path.is_file() else b"") != table.raw:
        raise InvalidRequest(
            f"{table.path} was changed by another program meanwhile; nothing was written.",
            hint="Try again: the newer table is then used.",
        )
    write_whole(path, raw, is_private=is_private(table.folder), is_durable=True, is_shared=True)


def _lines(raw: bytes) -> list[str]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise InvalidRequest(
            "The table is not written in UTF-8, so it is not changed here.",
            hint="Save it as UTF-8 in your editor or spreadsheet, and ask again.",
        ) from exc
    return [each for each in re.split(r"(?<=\n)", text) if each]


def _body_and_end(line: str) -> tuple[str, str]:
    body = line.rstrip("\r\n")
    return body, line[len(body) :]


def _cells(body: str) -> tuple[list[str], str]:
    for delimiter in ("|", "\t"):
        if delimiter in body:
            return body.split(delimiter), delimiter
    return next(csv.reader([body]), []), ","


def _joined(cells: Sequence[str], delimiter: str) -> str:
    if delimiter != ",":
        return delimiter.join(cells)
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def _text_cells(cells: Sequence[str], row: Row) -> list[int]:
    """Where the text stands; of LJSpeech's three columns both, for a raw and a normalised one are of one sentence."""
    others = [each for each, cell in enumerate(cells) if cell.strip() != row.file]
    if len(cells) == 3 and len(others) == 2 and not row.speaker:
        return others
    same = [each for each in others if cells[each].strip() == row.text]
    return same if row.text else same[-1:]
