"""Lines of a delimited table to cells: which delimiter, where quotes are CSV's and where they are the text's."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pod_image.dataset.columns import SAMPLE, Leads, from_names
from pod_image.dataset.endings import is_audio

QUOTED = re.compile(r'"(?:[^"]|"")*+"')
COMMA_OF_CELLS = re.compile(r",(?! )")
DELIMITER_NAMES = {
    "|": "'|'",
    "\t": "a tab",
    ",": "a comma",
    ";": "a semicolon",
    ":": "a colon",
    " ": "a blank",
}
QUOTING = (",", ";")
"""Tables with these quote what holds the delimiter. The others do so only where a spreadsheet wrote them."""
MARKS_BETWEEN = frozenset({"=", "-", "–", "—", "->", "=>", "→", ":", "::"})
MOST_LINES_OF_A_CELL = 20

Numbered = tuple[int, list[str]]
"""The number of the (first) line, and its cells."""


@dataclass
class Split:
    """All rows; `unquoted` columns had CSV's quotes, which are undone."""

    rows: list[Numbered]
    unquoted: frozenset[int] = frozenset()


def split_lines(lines: Sequence[tuple[int, str]], delimiter: str, leads: Leads) -> Split:
    """Rows of a table. An open quote takes the next lines in only where they cannot be rows themselves."""
    lines = [(number, _whole_unquoted(line, delimiter)) for number, line in lines]
    counts = Counter(
        len(split_line(line, delimiter)) for _, line in lines[:SAMPLE] if '"' not in line
    )
    usual = counts.most_common(1)[0][0] if counts else 0
    rows: list[Numbered] = []
    at = 0
    while at < len(lines):
        number, line = lines[at]
        taken = 1
        if '"' in line and delimiter != " " and _opens_quote(line, delimiter):
            taken = _lines_of_cell(lines, at, delimiter, usual, leads)
        if taken > 1:
            whole = "\n".join(line for _, line in lines[at : at + taken])
            cells = [" ".join(cell.split()) for cell in _csv_cells(whole, delimiter)]
        else:
            cells = split_line(line, delimiter)
        rows.append((number, cells))
        at += taken
    if delimiter == ",":
        return Split(_with_commas_of_texts(rows, dict(lines)))
    if delimiter == " ":
        return Split(_without_marks(rows))
    return Split(rows) if delimiter in QUOTING else _unquoted(rows)


def _whole_unquoted(line: str, delimiter: str) -> str:
    """A line that a spreadsheet took for one cell, and quoted for the commas in it: `"a|Well, no."`."""
    if delimiter in QUOTING or not line.startswith('"') or delimiter not in line:
        return line
    stripped = line.rstrip()
    return stripped[1:-1].replace('""', '"') if QUOTED.fullmatch(stripped) else line


def split_line(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return [cell.strip() for cell in line.strip().split(None, 1)]
    if delimiter == ":":
        return [cell.strip() for cell in line.split(":", 1)]
    if delimiter not in QUOTING:
        return [cell.strip() for cell in line.split(delimiter)]
    return [cell.strip() for cell in _csv_cells(line, delimiter)]


def find_delimiter(path: str, lines: Sequence[str], leads: Leads) -> str:
    """`|` unless most lines have none: then tab, then what a header or the names of files show it to be."""
    most = len(lines) / 2
    if sum("|" in line for line in lines) >= most:
        return "|"
    if path.lower().endswith(".tsv") or sum("\t" in line for line in lines) >= most:
        return "\t"
    for delimiter in (",", ";"):
        if from_names(split_line(lines[0], delimiter)) is not None:
            return delimiter
    sample = lines[:SAMPLE]
    for delimiter in (";", ",", ":", " "):
        split = [split_line(line, delimiter) for line in sample]
        named = sum(len(cells) > 1 and any(map(_names(leads), cells)) for cells in split)
        if named * 2 >= len(sample):
            return delimiter
    # Of an unknown header and a text in several lines, more commas or semicolons than lines speak for these.
    for delimiter in (";", ","):
        if path.lower().endswith(".csv") and sum(delimiter in line for line in lines) > most:
            return delimiter
    return "|"


def _names(leads: Leads) -> Leads:
    return lambda cell: is_audio(cell.strip('"')) or leads(cell.strip('"'))


def _csv_cells(record: str, delimiter: str) -> list[str]:
    """One record with quotes. An open quote ends with the record."""
    if '"' not in record:
        return record.split(delimiter)
    try:
        return next(iter(csv.reader([record], delimiter=delimiter)), [])
    except csv.Error:  # a cell beyond csv's own limit
        return record.split(delimiter)


def _opens_quote(record: str, delimiter: str) -> bool:
    """Whether a cell begins with a quotation mark that nothing closes."""
    start = 0
    while start <= len(record):
        if record[start : start + 1] == '"':
            closed = QUOTED.match(record, start)
            if closed is None:
                return True
            start = closed.end()
        following = record.find(delimiter, start)
        if following < 0:
            return False
        start = following + 1
    return False


def _lines_of_cell(
    lines: Sequence[tuple[int, str]], at: int, delimiter: str, usual: int, leads: Leads
) -> int:
    """How many lines from `at` make one record; 1 where the quote is one of the text."""
    record = lines[at][1]
    for following in range(at + 1, min(at + MOST_LINES_OF_A_CELL, len(lines))):
        line = lines[following][1]
        if _is_row(line, delimiter, leads):
            return 1
        record += "\n" + line
        if not _opens_quote(record, delimiter):
            count = len(_csv_cells(record, delimiter))
            return following - at + 1 if count >= 2 and count in (usual, usual or count) else 1
    return 1


def _is_row(line: str, delimiter: str, leads: Leads) -> bool:
    cells = split_line(line, delimiter)
    return len(cells) > 1 and any(map(_names(leads), cells))


def _with_commas_of_texts(rows: list[Numbered], lines: dict[int, str]) -> list[Numbered]:
    """A text that nobody quoted: a comma of its own has a blank behind it, one between cells has none."""
    if not rows:
        return rows
    whole = {
        number: [cell.strip() for cell in COMMA_OF_CELLS.split(lines[number])]
        for number, _ in rows
        if '"' not in lines[number]
    }
    counts = Counter(len(cells) for cells in whole.values())
    wanted = min(counts, default=0)
    if from_names(rows[0][1]) is not None:
        wanted = len(rows[0][1])
    return [
        (
            number,
            whole[number]
            if len(cells) > wanted > 1 and len(whole.get(number, ())) == wanted
            else cells,
        )
        for number, cells in rows
    ]


def _without_marks(rows: list[Numbered]) -> list[Numbered]:
    """`a.wav = text`, `a.wav - text`: a sign that stands before each of several texts is none of theirs."""
    marks = {cells[1].split(None, 1)[0] for _, cells in rows if len(cells) > 1 and cells[1]}
    if len(rows) < 2 or len(marks) != 1 or not marks <= MARKS_BETWEEN:
        return rows
    return [
        (number, [cells[0], *(" ".join(cell.split()[1:]) for cell in cells[1:])])
        for number, cells in rows
    ]


def _unquoted(rows: list[Numbered]) -> Split:
    """Spreadsheets quote cells also where tabs or bars part them; a text's own quotes are not doubled."""
    usual = Counter(len(cells) for _, cells in rows[:SAMPLE]).most_common(1)[0][0] if rows else 0
    undone: set[int] = set()
    for column in range(usual):
        cells = [cells[column] for _, cells in rows if len(cells) == usual]
        if _is_quoted_by_csv(cells[1:] if len(cells) > 1 else cells):
            undone.add(column)
    if not undone:
        return Split(rows)
    for _, cells in rows:
        for column in undone:
            if len(cells) == usual and QUOTED.fullmatch(cells[column]):
                cells[column] = cells[column][1:-1].replace('""', '"').strip()
    return Split(rows, frozenset(undone))


def _is_quoted_by_csv(cells: Sequence[str]) -> bool:
    quoted = [cell for cell in cells if cell.startswith('"')]
    if not quoted or not all(QUOTED.fullmatch(cell) for cell in quoted):
        return False
    is_whole = len(quoted) == sum(bool(cell) for cell in cells)
    return is_whole or any('""' in cell[1:-1] for cell in quoted)
