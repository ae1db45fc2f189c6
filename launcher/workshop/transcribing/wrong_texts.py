"""What is said of texts that do not fit their clips: each with what was heard instead, and what mends it; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import Code, Utterance
from pod_image.hearing.displaced_texts import Shift
from pod_image.hearing.judging import NOT_THERE, Judgement, Verdict

WORST_SHARE = 0.05
FEWEST_WORST = 3
LONGEST_QUOTE = 120


@dataclass(frozen=True)
class Judged:
    """A row by its number among those with a clip."""

    row: int
    judgement: Judgement

    @property
    def verdict(self) -> Verdict:
        return self.judgement.verdict

    @property
    def least_probability(self) -> float:
        word = self.judgement.word
        return word.probability if word else 1.0


def findings_of(
    rows: Sequence[Utterance],
    judged: Mapping[int, Judged],
    sources: Mapping[int, int],
    slips: Sequence[Shift],
    hears_well: bool,
) -> Iterator[Finding]:
    """A slip of many lines is one finding; where the recogniser does not hear the voice, no row is called wrong."""
    if not hears_well:
        yield _not_heard_well(rows, judged)
        return
    slipped: set[int] = set()
    for each in slips:
        slipped |= set(range(each.first, each.last + 1))
        yield _slip(rows, each)
    for row, one in sorted(judged.items()):
        if row in slipped:
            continue
        if row in sources:
            yield _elsewhere(rows[row], rows[sources[row]])
        elif one.verdict is Verdict.ANOTHER_TEXT:
            yield Code.TEXT_OTHER.finding(
                rows[row].place,
                f"The text is not what is said in {rows[row].path}.{_heard(one.judgement)}",
                "Write what is said, or leave the clip out.",
            )
        elif one.verdict is Verdict.WORD_NOT_HEARD:
            yield _word(rows[row], one.judgement)
        elif one.verdict is Verdict.ENDS_EARLY:
            yield Code.TEXT_ENDS_EARLY.finding(
                rows[row].place,
                f"More is said in {rows[row].path} than the text has: “{one.judgement.missing_end}” at its end.",
                "Add the missing words, or cut the sound.",
            )
        elif one.verdict is Verdict.DOUBTFUL:
            yield _doubtful(rows[row], one.judgement)


def _slip(rows: Sequence[Utterance], slip: Shift) -> Finding:
    first, last = rows[slip.first], rows[slip.last]
    lines = "1 line" if abs(slip.offset) == 1 else f"{abs(slip.offset)} lines"
    where = "later" if slip.offset > 0 else "earlier"
    return Code.TEXT_SHIFTED.finding(
        first.place,
        f"The texts are shifted from here to {last.place}: each clip's own text is {lines} {where}.",
        Sentence(NextStep.REPAIR_TEXTS, " moves them all; it can be undone."),
    )


def _elsewhere(row: Utterance, source: Utterance) -> Finding:
    return Code.TEXT_SWAPPED.finding(
        row.place,
        f"What is said in {row.path} is at {source.place}: “{_short(source.text)}”",
        Sentence(NextStep.REPAIR_TEXTS, " moves it here; it can be undone."),
    )


def _word(row: Utterance, judgement: Judgement) -> Finding:
    word = judgement.word
    assert word is not None
    return Code.TEXT_WORDS.finding(
        row.place,
        f"“{word.text}” is not heard in {row.path} at {word.start:.1f} s.{_heard(judgement)}",
        "Listen there: a word is missing, extra or different, or the sound is cut.",
    )


def _doubtful(row: Utterance, judgement: Judgement) -> Finding:
    word = judgement.word
    assert word is not None
    return Code.TEXT_DOUBTFUL.finding(
        row.place,
        f"“{word.text}” is hardly heard in {row.path} at {word.start:.1f} s.",
        "Listen to it if you have time; most of these texts are right.",
    )


def _not_heard_well(rows: Sequence[Utterance], judged: Mapping[int, Judged]) -> Finding:
    bad = sum(each.least_probability < NOT_THERE for each in judged.values())
    worst = sorted(judged.values(), key=lambda each: each.least_probability)
    count = max(FEWEST_WORST, round(WORST_SHARE * len(judged)))
    named = ", ".join(rows[each.row].place for each in worst[:count])
    return Code.VOICE_UNHEARD.finding(
        "",
        f"This recogniser does not hear this voice well: {bad:,} of {len(judged):,} texts seem not to be what is "
        f"said, so none is reported as wrong. The worst are {named}.",
        "Check the language, and try a larger model: small, medium or turbo.",
    )


def _heard(judgement: Judgement) -> str:
    if judgement.heard is None or not judgement.heard.text:
        return " Nothing was understood there."
    return f" Heard was: “{_short(judgement.heard.text)}”"


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST_QUOTE else f"{plain[: LONGEST_QUOTE - 1]}…"
