"""What espeak-ng would say of the texts that nobody said: names of letters, words of another language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import Said
from pod_image.dataset import Code, Utterance
from pod_image.phonemes.spelling import Reading

MOST_SPELT_SHARE = 0.1
"""A name in other letters is spelt here and there; one text in ten is a language that espeak-ng does not read."""
_NAMED = 5


@dataclass
class ReadingFindings:
    """Takes the texts one after another; `found` when all were seen."""

    remedy: Said
    _found: list[Finding] = field(default_factory=list)
    _texts: int = 0
    _spelt: int = 0
    _foreign: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of each word: its language, and where it came first."""
    _folded: list[str] = field(default_factory=list)

    def add(self, each: Utterance, reading: Reading, *, is_folded: bool) -> None:
        """`is_folded`: piper-tts alone would say something else of this text."""
        self._texts += 1
        if is_folded:
            self._folded.append(each.place)
        if reading.spelt:
            self._spelt += 1
            self._found.append(self._of_spelt(each, reading))
        for word, language in reading.foreign:
            self._foreign.setdefault(word, (language, each.place))
        if reading.foreign_signs:
            self._found.append(_of_signs(each, reading.foreign_signs))

    def found(self) -> list[Finding]:
        return [*self._of_language(), *self._found, *self._of_words(), *self._of_folded()]

    def _of_spelt(self, each: Utterance, reading: Reading) -> Finding:
        letters = (
            f" It does not know {' '.join(map(_shown, reading.unread[:10]))}."
            if reading.unread
            else ""
        )
        return Code.TEXT_SPELT.finding(
            each.place,
            f"espeak-ng spells, or leaves out, {_listed(reading.spelt)}.{letters}",
            self.remedy,
        )

    def _of_language(self) -> Iterator[Finding]:
        if self._spelt > MOST_SPELT_SHARE * self._texts:
            yield Code.LANGUAGE_UNREAD.finding(
                "",
                f"espeak-ng spells {self._spelt:,} of the {self._texts:,} texts that were looked at: the "
                f"voice would learn the names of letters.",
                self.remedy,
            )

    def _of_words(self) -> Iterator[Finding]:
        if not self._foreign:
            return
        words = [f"{word} ({language})" for word, (language, _) in self._foreign.items()]
        more = f" and {len(words) - _NAMED:,} more" if len(words) > _NAMED else ""
        yield Code.WORDS_FOREIGN.finding(
            next(iter(self._foreign.values()))[1],
            f"espeak-ng reads some words by the rules of another language: {', '.join(words[:_NAMED])}{more}.",
            "Fine if they are spoken that way; otherwise write them as they are spoken.",
        )

    def _of_folded(self) -> Iterator[Finding]:
        if self._folded:
            yield Code.TEXT_FOLDED.finding(
                self._folded[0],
                f"Ligatures, loose accents or the like are read as plain letters, in {_texts(len(self._folded))}; "
                "piper-tts alone would say something else there.",
                "Nothing to do here. Write plain, composed letters if another program uses the voice.",
            )


def _texts(count: int) -> str:
    return f"{count:,} text{'s' * (count != 1)}"


def _shown(char: str) -> str:
    return f"◌{char}" if unicodedata.category(char).startswith("M") else char


def _of_signs(each: Utterance, signs: Sequence[tuple[str, str]]) -> Finding:
    named = ", ".join(f"{sign} ({language})" for sign, language in signs[:_NAMED])
    return Code.SIGNS_FOREIGN.finding(
        each.place,
        f"espeak-ng has these words only in another language: {named}.",
        "Write them in words, as they were spoken.",
    )


def _listed(words: Sequence[str]) -> str:
    named = ", ".join(f"“{word[:20]}{'…' * (len(word) > 20)}”" for word in words[:_NAMED])
    return f"{named} and {len(words) - _NAMED} more" if len(words) > _NAMED else named
