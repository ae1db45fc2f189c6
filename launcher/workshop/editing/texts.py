"""Texts of many clips at once, replaced or pasted: each way is first a list of changes to look at. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from launcher.workshop.table import Line, one_cell

NAMED = 10
"""So many names are said of what could not be matched; the rest is counted."""


@dataclass(frozen=True)
class TextChange:
    file: str
    before: str
    after: str


@dataclass(frozen=True)
class TextPlan:
    """What would change. `problems` say what was left aside, for people to read before they agree."""

    changes: tuple[TextChange, ...]
    same: int = 0
    problems: tuple[str, ...] = ()
    hits: int = 0
    """Of a search: how often the words were found, several times in one text too."""

    @property
    def texts(self) -> dict[str, str]:
        return {change.file: change.after for change in self.changes}


# Search and replace


def replaced(
    lines: Sequence[Line],
    words: str,
    by: str,
    *,
    whole_words: bool = False,
    any_case: bool = False,
) -> TextPlan:
    """Every text that holds `words`, with `by` in their place; found however its accents are stored.

    `whole_words`: "is" is not found in "this".
    """
    sought = unicodedata.normalize("NFC", words)
    if not sought.strip():
        return TextPlan(())
    pattern = re.compile(
        rf"(?<!\w){re.escape(sought)}(?!\w)" if whole_words else re.escape(sought),
        re.IGNORECASE if any_case else 0,
    )
    changes, hits = [], 0
    for line in lines:
        text, found = pattern.subn(lambda _: by, unicodedata.normalize("NFC", line.text))
        hits += found
        if found and one_cell(text) != line.text:
            changes.append(TextChange(line.file, line.text, one_cell(text)))
    return TextPlan(tuple(changes), hits=hits)


# Paste


def pasted(lines: Sequence[Line], typed: str, *, keeps_texts: bool = True) -> TextPlan:
    """Pasted transcripts matched to clips: by name where the lines begin with names of clips, else in order.

    `keeps_texts`: clips that have a text keep it; in order, only those without one are counted.
    """
    rows = [row.strip() for row in typed.splitlines() if row.strip()]
    named = _by_name(lines, rows)
    if named is not None:
        return _plan_by_name(lines, named, keeps_texts=keeps_texts)
    return _plan_in_order(lines, rows, keeps_texts=keeps_texts)


def is_by_name(lines: Sequence[Line], typed: str) -> bool:
    return _by_name(lines, [row.strip() for row in typed.splitlines() if row.strip()]) is not None


def _by_name(lines: Sequence[Line], rows: Sequence[str]) -> list[tuple[str, str]] | None:
    """(name, text) of every row, if at least half of them begin with a clip's name and one of these delimiters."""
    known = _Names(lines)
    for delimiter in ("|", "\t", ";", ","):
        cells = [row.split(delimiter) for row in rows]
        hits = sum(len(each) > 1 and known.knows(each[0].strip()) for each in cells)
        if hits and 2 * hits >= len(rows):
            return [(each[0].strip(), _text_of(each, delimiter)) for each in cells if len(each) > 1]
    return None


def _text_of(cells: Sequence[str], delimiter: str) -> str:
    """Of `name|speaker|text` or `name|text|normalised`, the text; commas may stand in a text."""
    rest = delimiter.join(cells[1:]) if delimiter in (";", ",") else cells[-1]
    text = rest.strip()
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1].replace('""', '"') if quoted else text


def _plan_by_name(
    lines: Sequence[Line], named: Sequence[tuple[str, str]], *, keeps_texts: bool
) -> TextPlan:
    known = _Names(lines)
    wanted: dict[str, str] = {}
    unknown: list[str] = []
    doubtful: list[str] = []
    twice: list[str] = []
    for name, text in named:
        files = known.files(name)
        if not files:
            unknown.append(name)
        elif len(files) > 1:
            doubtful.append(name)
        elif files[0] in wanted and wanted[files[0]] != text:
            twice.append(name)
        else:
            wanted[files[0]] = text
    for name in twice:
        wanted.pop(known.files(name)[0], None)
    return _planned(
        lines,
        wanted,
        keeps_texts=keeps_texts,
        problems=(
            _said(unknown, "is not a clip of this dataset", "are not clips of this dataset"),
            _said(doubtful, "means several clips", "mean several clips"),
            _said(twice, "has two texts", "have two texts each"),
        ),
    )


def _plan_in_order(lines: Sequence[Line], rows: Sequence[str], *, keeps_texts: bool) -> TextPlan:
    clips = [line for line in lines if not (keeps_texts and line.text)]
    wanted = {line.file: row for line, row in zip(clips, rows, strict=False)}
    problems = []
    without = "clips without a text" if keeps_texts else "clips"
    if len(rows) != len(clips):
        problems.append(
            f"{len(rows):,} lines were pasted for {len(clips):,} {without}: "
            "check that each belongs to its clip."
        )
    return _planned(lines, wanted, keeps_texts=keeps_texts, problems=problems)


def _planned(
    lines: Sequence[Line],
    wanted: dict[str, str],
    *,
    keeps_texts: bool,
    problems: Sequence[str],
) -> TextPlan:
    changes, same, kept = [], 0, []
    for line in lines:
        if line.file not in wanted:
            continue
        text = one_cell(wanted[line.file])
        if text == line.text:
            same += 1
        elif line.text and keeps_texts:
            kept.append(line.file)
        elif not text:
            continue  # an empty cell takes nobody's text away
        else:
            changes.append(TextChange(line.file, line.text, text))
    said = [*problems, _said(kept, "keeps the text it has", "keep the texts they have")]
    return TextPlan(tuple(changes), same, tuple(one for one in said if one))


def _said(names: Sequence[str], one: str, many: str) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:NAMED])
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{shown}{more} {one if len(names) == 1 else many}."


class _Names:
    """Clips by every name that people give them: whole path, file name, both without their ending; case aside."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._files: dict[str, Counter[str]] = defaultdict(Counter)
        for line in lines:
            for name in _names_of(line.file):
                self._files[name][line.file] += 1

    def knows(self, name: str) -> bool:
        return bool(self.files(name))

    def files(self, name: str) -> list[str]:
        """The clip of exactly that path, else all that may be meant."""
        slashed = unicodedata.normalize("NFC", name.replace("\\", "/")).casefold()
        for one in (slashed, slashed.rsplit("/", 1)[-1]):
            if one in self._files:
                return list(self._files[one])
        return []


def _names_of(file: str) -> set[str]:
    whole = unicodedata.normalize("NFC", file.replace("\\", "/")).casefold()
    path = PurePosixPath(whole)
    without = whole[: -len(path.suffix)] if path.suffix else whole
    return {whole, without, path.name, path.stem}
