"""Rows of a table to the files they mean: by path first, by name only where it is the only one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pod_image.contract.findings import Finding
from pod_image.contract.paths import safe_path
from pod_image.dataset.columns import Leads
from pod_image.dataset.endings import is_audio
from pod_image.dataset.findings import Code
from pod_image.dataset.names import FileNames, PathEnds, folder_of, foreign_parts, inside
from pod_image.dataset.parquet import is_embedded
from pod_image.dataset.source import Entry
from pod_image.dataset.tables import Row, Table

LONGEST_NAME_CHARACTERS = 500
MOST_NAMED = 3


class How(Enum):
    """How a row leads to its file."""

    EXACTLY = "as written"
    IN_OTHER_CASE = "in another case"
    BY_ITS_END = "by the end of its path"
    HIDDEN = "not visible yet"
    NOWHERE = "nowhere"
    OUTSIDE = "out of the dataset"
    UNSURE = "to several files"


@dataclass(frozen=True)
class Match:
    row: Row
    how: How
    path: str | None = None
    others: tuple[str, ...] = ()

    @property
    def leads(self) -> bool:
        return self.path is not None or self.how is How.HIDDEN


@dataclass(frozen=True)
class Matched:
    """A table with the file of each of its rows."""

    table: Table
    matches: list[Match]

    @property
    def path(self) -> str:
        return self.table.path

    @property
    def leading(self) -> int:
        return sum(match.leads for match in self.matches)


class Files:
    """All files of a dataset, as tables name them."""

    def __init__(self, entries: Sequence[Entry], *, may_hide: bool) -> None:
        """`may_hide`: archives that could not be listed may hold what is not here."""
        self.names = FileNames(entries)
        self.audio = [entry.path for entry in entries if is_audio(entry.path)]
        self._may_hide = may_hide
        self._ends: PathEnds | None = None

    def match(self, table: Table) -> Matched:
        """Each row to its file. A file that one row names whole is no other row's by the end of its path."""
        first = [self._as_written(row, table) for row in table.rows]
        taken = {match.path for match in first}
        found = [self._by_end(match) if match.how is How.NOWHERE else match for match in first]
        claims = Counter(match.path for match in found if match.how is How.BY_ITS_END)
        return Matched(
            table, [_if_alone(match, taken, claims) if match.path else match for match in found]
        )

    def leads_from(self, table_path: str) -> Leads:
        """Whether a cell of this table leads to a file of sound, or might."""
        folder = folder_of(table_path)

        def leads(cell: str) -> bool:
            if not 0 < len(cell) <= LONGEST_NAME_CHARACTERS:
                return False
            if self._may_hide and is_audio(cell):
                return True
            path = inside(folder, cell) if ".." in cell else safe_path(cell)
            at = path and (self.names.exact(path, folder) or self.names.folded(path, folder))
            return is_audio(at) if at else bool(self.ends.best(foreign_parts(cell))[1])

        return leads

    @property
    def ends(self) -> PathEnds:
        if self._ends is None:
            self._ends = PathEnds(self.audio)
        return self._ends

    def _as_written(self, row: Row, table: Table) -> Match:
        if row.at is not None:
            return Match(row, How.EXACTLY, row.at)
        folder = folder_of(table.path)
        path = safe_path(row.file)
        if path is None:
            path = inside(folder, row.file) if ".." in row.file else None
            if path is not None and self.names.is_there(path):
                return Match(row, How.EXACTLY, path)
            return Match(row, How.NOWHERE if foreign_parts(row.file) else How.OUTSIDE)
        at = self.names.exact(path, folder)
        if at is not None:
            return Match(row, How.EXACTLY, at)
        at = self.names.folded(path, folder)
        return Match(row, How.IN_OTHER_CASE, at) if at else Match(row, How.NOWHERE)

    def _by_end(self, match: Match) -> Match:
        parts = foreign_parts(match.row.file)
        found = self.ends.best(parts)[1] or self.ends.otherwise(parts)
        if len(found) == 1:
            return Match(match.row, How.BY_ITS_END, found[0])
        if found:
            return Match(match.row, How.UNSURE, others=tuple(found))
        if self._may_hide or is_embedded(match.row.file):
            return Match(match.row, How.HIDDEN)
        return match if safe_path(match.row.file) else Match(match.row, How.OUTSIDE)


def _if_alone(match: Match, taken: set[str | None], claims: Counter[str | None]) -> Match:
    if match.how is not How.BY_ITS_END or (match.path not in taken and claims[match.path] == 1):
        return match
    outside = safe_path(match.row.file) is None
    return Match(match.row, How.OUTSIDE if outside else How.NOWHERE)


def say_match(match: Match) -> Finding | None:
    """What is wrong with where a row leads, if anything."""
    row = match.row
    if match.how is How.OUTSIDE:
        return Code.PATH_OUTSIDE.finding(
            row.place,
            f"The path {row.file!r} leads out of the dataset, or is not valid on every system.",
            "Write paths relative to the table, without '..', without ':' and without a leading '/'.",
        )
    if match.how is How.NOWHERE:
        return Code.FILE_ABSENT.finding(
            row.place, f"There is no file {row.file}.",
            "Add the file, correct its name, or remove the line.",
        )  # fmt: skip
    if match.how is How.UNSURE:
        more = " or others" if len(match.others) > MOST_NAMED else ""
        return Code.FILE_ABSENT.finding(
            row.place, f"{row.file} may be {' or '.join(match.others[:MOST_NAMED])}{more}.",
            "Write the path as it is in the dataset.",
        )  # fmt: skip
    if match.how is How.IN_OTHER_CASE:
        return Code.NAME_CASE.finding(
            row.place, f"The table says {row.file}, the file is {match.path}; it is used.",
            "Write the name as the file has it: other programs will not find it.",
        )  # fmt: skip
    return None


def say_found_by_end(matched: Matched) -> None:
    """One note for all names of a table that lead nowhere as they are written."""
    by_end = [match for match in matched.matches if match.how is How.BY_ITS_END]
    if by_end:
        first = by_end[0]
        lines = "1 line names" if len(by_end) == 1 else f"{len(by_end):,} lines name"
        matched.table.find(
            Code.NAME_ELSEWHERE, matched.path,
            f"{lines} a file that is not there, and the only one of its name is used, "
            f"such as {first.path} for {first.row.file}.",
            "Nothing to do if that is right.",
        )  # fmt: skip
