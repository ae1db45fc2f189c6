"""Whether a text is what is said in its clip: by how likely its words are there, and by the last word; pure.

The thresholds were measured with Whisper base on easy speech: docs/performance.md has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pod_image.hearing.recogniser import HeardText, HeardWord, Score
from pod_image.hearing.spoken_text import words_of

NOT_THERE = 0.01
"""A word less likely than this was not heard. Of 50 right texts none had one, of 50 with a fault 46 to 50."""
DOUBTFUL = 0.05
ANOTHER_TEXT = -2.5
"""Mean log-probability below which nothing of the text is there."""
BELONGS = -0.6
"""And above which a text is that of the clip."""
LAST_WORD_SECONDS = 0.25
"""Speech that goes on so long after the text's last word is a reason to hear what is said."""
HEARS_WELL = 0.75
"""Confidence in what it hears itself, above which a recogniser may say that a text is wrong."""
WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})


class Verdict(StrEnum):
    """How a text fits its clip, the best first."""

    RIGHT = "right"
    DOUBTFUL = "doubtful"
    ENDS_EARLY = "ends-early"
    WORD_NOT_HEARD = "word-not-heard"
    ANOTHER_TEXT = "another-text"

    @property
    def is_wrong(self) -> bool:
        return self in (Verdict.ENDS_EARLY, Verdict.WORD_NOT_HEARD, Verdict.ANOTHER_TEXT)


@dataclass(frozen=True)
class Judgement:
    """`word` is the one that fits least; `heard` is what is said instead, where that was asked for."""

    verdict: Verdict
    score: Score
    heard: HeardText | None = None
    missing_end: str = ""

    @property
    def word(self) -> HeardWord | None:
        return self.score.least

    @property
    def hears_well(self) -> bool:
        """Whether what was heard is itself so sure that the text can be called wrong."""
        return self.heard is not None and self.heard.confidence >= HEARS_WELL


def judge(
    score: Score, speech_end: float, language: str, hear: Callable[[], HeardText]
) -> Judgement:
    """`hear` is called only where there is a reason; `speech_end` in seconds, 0 where that is not known."""
    least = score.least
    if least is None:
        return Judgement(Verdict.RIGHT, score)
    is_there = least.probability >= NOT_THERE
    goes_on = speech_end - score.words[-1].end > LAST_WORD_SECONDS
    if is_there and not goes_on:
        doubtful = least.probability < DOUBTFUL
        return Judgement(Verdict.DOUBTFUL if doubtful else Verdict.RIGHT, score)
    heard = hear()
    if not is_there:
        another = score.mean_log_probability < ANOTHER_TEXT
        return Judgement(
            Verdict.ANOTHER_TEXT if another else Verdict.WORD_NOT_HEARD,
            score,
            heard,
            "" if another else said_after(score, heard, language),
        )
    after = said_after(score, heard, language)
    if after:
        return Judgement(Verdict.ENDS_EARLY, score, heard, after)
    doubtful = least.probability < DOUBTFUL
    return Judgement(Verdict.DOUBTFUL if doubtful else Verdict.RIGHT, score, heard)


def said_after(score: Score, heard: HeardText, language: str) -> str:
    """The words that are heard after the text's last one; empty where the text ends with what is said.

    Compared by the words' order alone: a last word that is merely heard otherwise is none too many.
    """
    if language.split("_")[0].lower() in WITHOUT_SPACES:
        return ""
    said = words_of(" ".join(each.text for each in score.words), language)
    told = words_of(heard.text, language)
    if not said or not told or said[-1] == told[-1]:
        return ""
    after = _inserted_at_end(said, told)
    return " ".join(told[-after:]) if after else ""


def _inserted_at_end(said: Sequence[str], told: Sequence[str]) -> int:
    """How many words of `told` stand after all of `said`, where the two are laid side by side at least cost."""
    rows, columns = len(said), len(told)
    cost = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows + 1):
        for column in range(columns + 1):
            if row == 0 or column == 0:
                cost[row][column] = row + column
                continue
            cost[row][column] = min(
                cost[row - 1][column - 1] + (said[row - 1] != told[column - 1]),
                cost[row - 1][column] + 1,
                cost[row][column - 1] + 1,
            )
    best = min(cost[rows][column] + columns - column for column in range(columns + 1))
    least = [c for c in range(columns + 1) if cost[rows][c] + columns - c == best]
    return columns - min(least)
