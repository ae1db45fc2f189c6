"""Which line of a person's table tells what is said in which recording: by path first, by name only where it is one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import InvalidRequest
from pod_image.dataset.names import PathEnds, foreign_parts
from pod_image.dataset.tables import Row, read_table

MOST_NAMED = 3


@dataclass(frozen=True)
class TableTexts:
    """Rows by the path of their recording, and what of the table led nowhere, as sentences."""

    rows: dict[str, Row]
    left: tuple[str, ...] = ()


def texts_of(table: Path, recordings: Sequence[str]) -> TableTexts:
    """The row for each recording that has one. InvalidRequest when no line of the table can be used."""
    if not table.is_file():
        raise InvalidRequest(
            f"There is no table {table}.",
            hint="Give a table with one line per recording: file|text.",
        )
    ends = PathEnds(recordings)
    read = read_table(
        table.name, table.read_bytes(), lambda cell: bool(ends.best(foreign_parts(cell))[1])
    )
    if not read.rows:
        first = read.findings[0] if read.findings else None
        raise InvalidRequest(
            f"No line of {table} can be used{f': {first.message}' if first else '.'} {read.lacks}".strip(),
            hint=first.hint if first else "Write file|text, one recording per line.",
        )
    return match_rows(read.rows, recordings)


def match_rows(rows: Sequence[Row], recordings: Sequence[str]) -> TableTexts:
    """Rows to recordings, each named by its whole path: the more of the path agrees, the better the match."""
    ends = PathEnds(recordings)
    claims: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    nowhere: list[Row] = []
    unsure: list[Row] = []
    for row in rows:
        agreeing, found = ends.best(foreign_parts(row.file))
        if len(found) == 1:
            claims[found[0]].append((agreeing, row))
        else:
            (unsure if found else nowhere).append(row)
    taken: dict[str, Row] = {}
    for path, claimed in claims.items():
        best = max(agreeing for agreeing, _ in claimed)
        first, *others = [row for agreeing, row in claimed if agreeing == best]
        if any(other.text != first.text for other in others):
            unsure += [first, *others]
        else:
            taken[path] = first
        nowhere += [row for agreeing, row in claimed if agreeing < best]
    # A table may be longer than what was named of its recordings; it is of interest where one has no text.
    is_short = len(taken) < len(recordings)
    return TableTexts(taken, _left(nowhere if is_short else [], unsure))


def _left(nowhere: Sequence[Row], unsure: Sequence[Row]) -> tuple[str, ...]:
    said = []
    if nowhere:
        said.append(f"{_lines(nowhere)} no recording that was named.")
    if unsure:
        said.append(
            f"{_lines(unsure)} several recordings, or one that other lines mean too: "
            "give more of the path."
        )
    return tuple(said)


def _lines(rows: Sequence[Row]) -> str:
    named = ", ".join(f"{row.place} ({row.file})" for row in rows[:MOST_NAMED])
    more = f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
    return f"{named}{more} lead{'s' if len(rows) == 1 else ''} to"
