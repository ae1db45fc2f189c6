"""Plain text in columns: tables, pairs and paragraphs that fit the terminal. Standard library only."""

from __future__ import annotations

import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence

from launcher.cli.terminal.plain_text import plain_text_line
from pod_image.contract.figures import dollars, duration

_WIDEST = 100


def width() -> int:
    """Columns to write in: the terminal's, 100 at most; COLUMNS is honoured, 80 is assumed in a pipe."""
    return max(30, min(shutil.get_terminal_size((80, 24)).columns, _WIDEST))


def table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()
) -> str:
    """Rows below headers, cut where the terminal ends; for a pipe or a file nothing is cut. `right` columns align
    right."""
    lines = [list(headers), *([plain_text_line(str(cell)) for cell in row] for row in rows)]
    widths = [max(cells(line[i]) for line in lines) for i in range(len(headers))]
    to_right = set(right)
    return "\n".join(_row(line, widths, to_right) for line in lines)


def _row(line: Sequence[str], widths: Sequence[int], to_right: set[int]) -> str:
    parts = []
    for index, text in enumerate(line):
        gap = " " * (widths[index] - cells(text))
        parts.append(gap + text if index in to_right else text + gap)
    line = "  ".join(parts).rstrip()
    return fit(line, width()) if sys.stdout.isatty() else line


def pairs(items: Iterable[tuple[str, str]], indent: int = 2) -> str:
    """Label and value, one a line, values wrapped below themselves."""
    items = list(items)
    label_width = max((cells(label) for label, _ in items), default=0)
    lines = []
    for label, value in items:
        start = " " * indent + label + " " * (label_width - cells(label) + 2)
        lines.append(_wrapped(value, start, " " * len(start)))
    return "\n".join(lines)


def paragraph(text: str, indent: int = 0, hanging: int | None = None) -> str:
    start = " " * indent
    return _wrapped(text, start, " " * (indent if hanging is None else hanging))


def _wrapped(text: str, first: str, rest: str) -> str:
    blocks = text.split("\n")
    room = max(width(), len(first) + 20)
    lines: list[str] = []
    for block in blocks:
        lines += textwrap.wrap(
            block,
            room,
            initial_indent=rest if lines else first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [(rest if lines else first).rstrip()]
    return "\n".join(lines)


def cells(text: str) -> int:
    """How many columns the text takes: wide letters take two, accents none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def fit(text: str, columns: int) -> str:
    if cells(text) <= columns:
        return text
    while text and cells(text) > columns - 1:
        text = text[:-1]
    return text + "…"


def either(names: Sequence[str]) -> str:
    """Such as "RunPod, Hugging Face Jobs or this computer"."""
    return " or ".join([*filter(None, [", ".join(names[:-1])]), *names[-1:]])


def usd(amount_usd: float | None) -> str:
    """Dollars with as many digits as tell something; a dash for what is not known."""
    return dollars(amount_usd, finest_usd=0.0001, unknown="-")


def lasted(seconds: float | None) -> str:
    """A length of time; a dash for what is not known."""
    return duration(seconds, unknown="-")
