"""What a recogniser heard in a sample beside what the sample should say: which words differ, and how many. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from launcher.domain.run_picture import RunPicture
from pod_image.contract.bodies import Sample
from pod_image.contract.curve import Curve
from pod_image.contract.events import Stamped
from pod_image.contract.scores import WORD_ERROR_RATE
from pod_image.hearing.judging import WITHOUT_SPACES
from pod_image.hearing.spoken_text import words_of

MOST_WORDS = 400
"""Of one sample that are compared: no sentence has as many, and the work grows with their square."""


@dataclass(frozen=True)
class Slip:
    """Words beside each other that were heard differently: without `said` too many, without `heard` missing."""

    said: str
    heard: str

    @property
    def sentence(self) -> str:
        if not self.heard:
            return f"“{self.said}” not heard"
        if not self.said:
            return f"“{self.heard}” heard in addition"
        return f"“{self.said}” heard as “{self.heard}”"


@dataclass(frozen=True)
class Misheard:
    """`errors` of `words`: words put in, left out or replaced. In languages without spaces a word is a character."""

    errors: int
    words: int
    slips: tuple[Slip, ...] = ()

    @property
    def share(self) -> float:
        """May be above 1: more can be heard than was said."""
        return self.errors / self.words if self.words else 0.0


@lru_cache(maxsize=4_096)
def compare(text: str, heard: str, language: str) -> Misheard:
    """`language` as settings have it, such as "en_US"."""
    said, told = (_units(each, language) for each in (text, heard))
    pairs = _side_by_side(said, told)
    between = "" if _is_without_spaces(language) else " "
    slips = tuple(
        Slip(between.join(a for a, _ in run if a), between.join(b for _, b in run if b))
        for is_right, run in _runs(pairs)
        if not is_right
    )
    return Misheard(sum(a != b for a, b in pairs), len(said), slips)


def misheard_by_step(
    samples: Iterable[Stamped[Sample]], heard: Mapping[int, Misheard]
) -> dict[int, Misheard]:
    """All sentences of a step together, by the samples that were heard; `heard` by a sample's `seq`."""
    found: dict[int, dict[str, Misheard]] = {}
    for sample in samples:
        if sample.seq in heard:
            found.setdefault(sample.body.step, {})[sample.body.text] = heard[sample.seq]
    return {step: _together(found[step].values()) for step in sorted(found)}


def clearest_step(
    samples: Sequence[Stamped[Sample]], heard: Mapping[int, Misheard], kept: Iterable[int]
) -> int | None:
    """The step with the fewest misheard words, the newest of equals. None where there are no two to compare.

    Only steps in `kept` count, and only the sentences that each of these said: a longer text has more to mishear.
    """
    steps = set(kept)
    said: dict[int, dict[str, Misheard]] = {}
    for sample in samples:
        if sample.seq in heard and sample.body.step in steps:
            said.setdefault(sample.body.step, {})[sample.body.text] = heard[sample.seq]
    if len(said) < 2:
        return None
    common = set.intersection(*(set(texts) for texts in said.values()))
    shares = {step: _together(texts[text] for text in common).share for step, texts in said.items()}
    if not common or len(set(shares.values())) < 2:
        return None
    return min(shares, key=lambda step: (shares[step], -step))


def with_misheard(picture: RunPicture, heard: Mapping[int, Misheard]) -> RunPicture:
    """The picture with one score more, that of the samples that were heard on this computer."""
    if not heard:
        return picture
    when = {sample.body.step: sample.at.timestamp() for sample in picture.samples}
    curve = Curve()
    for step, misheard in misheard_by_step(picture.samples, heard).items():
        curve = curve.with_point(step, misheard.share, when[step])
    return replace(picture, scores={**picture.scores, WORD_ERROR_RATE: curve})


def _together(every: Iterable[Misheard]) -> Misheard:
    found = list(every)
    return Misheard(sum(one.errors for one in found), sum(one.words for one in found))


def _units(text: str, language: str) -> list[str]:
    words = words_of(text, language)
    units = [letter for word in words for letter in word] if _is_without_spaces(language) else words
    return units[:MOST_WORDS]


def _is_without_spaces(language: str) -> bool:
    return language.replace("-", "_").split("_")[0].lower() in WITHOUT_SPACES


def _runs(pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[bool, list[tuple[str, str]]]]:
    """Pairs beside each other that are all right, or all wrong."""
    for is_right, run in groupby(pairs, key=lambda pair: pair[0] == pair[1]):
        yield is_right, list(run)


def _side_by_side(said: Sequence[str], heard: Sequence[str]) -> list[tuple[str, str]]:
    """Each word with what was heard for it, at the fewest changes; an empty one where it has no partner."""
    cost = [list(range(len(heard) + 1))]
    for row, word in enumerate(said, 1):
        above, here = cost[-1], [row]
        for column, other in enumerate(heard, 1):
            here.append(min(above[column - 1] + (word != other), above[column] + 1, here[-1] + 1))
        cost.append(here)
    pairs: list[tuple[str, str]] = []
    row, column = len(said), len(heard)
    while row or column:
        a, b = (said[row - 1] if row else ""), (heard[column - 1] if column else "")
        if row and column and cost[row][column] == cost[row - 1][column - 1] + (a != b):
            pairs.append((a, b))
            row, column = row - 1, column - 1
        elif row and cost[row][column] == cost[row - 1][column] + 1:
            pairs.append((a, ""))
            row -= 1
        else:
            pairs.append(("", b))
            column -= 1
    return pairs[::-1]
