"""Which text belongs to a clip whose own is another: its neighbours' first, then those of other such clips; pure.

The same number of lines away for three clips on end is one slip of the whole table, with one repair.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pod_image.hearing.judging import BELONGS
from pod_image.hearing.recogniser import Score

MOST_LINES_AWAY = 3
MOST_OTHERS = 100
"""Each costs a score; of a hundred texts that were mixed up, the nearest in the table are tried."""
FEWEST_IN_A_SHIFT = 3
ScoreTexts = Callable[[int, Sequence[str]], list[Score]]
"""How well the texts fit the clip of that row."""


@dataclass(frozen=True)
class Shift:
    """From row `first` to row `last`, each clip's text stands `offset` rows further on (before it if negative)."""

    first: int
    last: int
    offset: int


def row_of_text(
    row: int, texts: Sequence[str], others: Sequence[int], score: ScoreTexts
) -> int | None:
    """The row whose text is what is said in the clip of `row`; None if none of those tried."""
    near = [
        row + step * sign
        for step in range(1, MOST_LINES_AWAY + 1)
        for sign in (1, -1)
        if 0 <= row + step * sign < len(texts)
    ]
    found = _best(row, near, texts, score)
    if found is not None:
        return found
    rest = sorted(
        (each for each in others if each != row and each not in near),
        key=lambda each: abs(each - row),
    )
    return _best(row, rest[:MOST_OTHERS], texts, score)


def _best(row: int, rows: Sequence[int], texts: Sequence[str], score: ScoreTexts) -> int | None:
    tried = [each for each in rows if texts[each].strip() and texts[each] != texts[row]]
    if not tried:
        return None
    scores = score(row, [texts[each] for each in tried])
    best = max(range(len(tried)), key=lambda each: scores[each].mean_log_probability, default=None)
    if best is None or scores[best].mean_log_probability < BELONGS or not scores[best].words:
        return None
    return tried[best]


def shifts(sources: Mapping[int, int], wrong: Sequence[int]) -> list[Shift]:
    """Slips of the table among `sources`, which says for a row where its text stands.

    `wrong` rows whose text was not found lie within a slip too where those around them do.
    """
    found: list[Shift] = []
    for offset in sorted({source - row for row, source in sources.items()}, key=abs):
        moved = sorted(row for row, source in sources.items() if source - row == offset)
        found += [
            Shift(run[0], run[-1], offset)
            for run in _runs(moved, set(wrong))
            if len(set(moved) & set(run)) >= FEWEST_IN_A_SHIFT
        ]
    return sorted(found, key=lambda each: each.first)


def _runs(rows: Sequence[int], wrong: set[int]) -> list[list[int]]:
    """Stretches of `rows`; a row between two of them that is wrong, too, does not end one."""
    runs: list[list[int]] = []
    for row in rows:
        between = range(runs[-1][-1] + 1, row) if runs else range(0)
        if runs and all(each in wrong for each in between):
            runs[-1] += [*between, row]
        else:
            runs.append([row])
    return runs


def moves(
    sources: Mapping[int, int], slips: Sequence[Shift], wrong: Sequence[int], rows: int
) -> dict[int, int | None]:
    """What the repair writes: for each row that changes, the row whose text it gets; None for none at all.

    A text that is moved leaves its row, which is empty then unless another one moves there; a text that is right where
    it stands stays there too.
    """
    taken: dict[int, int] = dict(sources)
    for slip in slips:
        for row in range(slip.first, slip.last + 1):
            if 0 <= row + slip.offset < rows:
                taken[row] = row + slip.offset
    emptied = (set(taken.values()) - set(taken)) & set(wrong)
    return {**dict.fromkeys(emptied), **taken}
