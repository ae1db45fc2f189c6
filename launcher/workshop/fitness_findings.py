"""Which clips training takes, by the very rules of its preparation, and what is said of those that it leaves out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from launcher.workshop.audio_headers import Heard
from launcher.workshop.listening import sound_of
from pod_image.contract.figures import duration
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import Code, FileSource, Utterance
from pod_image.dataset.fitness import (
    HOP_SAMPLES,
    LONGEST_SECONDS,
    WHOLE_RECORDING_SECONDS,
    Fault,
    Unfit,
    has_words,
    samples_at,
    shortest_seconds,
    unfit,
)
from pod_image.dataset.headers import HeaderError
from pod_image.dataset.sound import fitted
from pod_image.dataset.trimming import SpeechSpan
from pod_image.phonemes import PhonemesError
from pod_image.phonemes.phonemizer import Phonemizer

COMFORTABLE_SECONDS = 15.0
"""Memory of a step grows with its longest clip, faster than linearly."""
SHORT_SECONDS = 0.5
"""Training takes a little less, and learns little from it."""
_IDS_OF_A_LETTER, _IDS_OF_A_SPELT_LETTER, _IDS_OF_A_SIGN = 4, 24, 40
"""At most: most letters are one sound or two; a digit, a sign or a letter that stands alone is read as words."""
_WORD = re.compile(r"[a-z']*[aeiouy][a-z']*|[\s.,;:!?()-]+")
IDS_OF_ANY_TEXT = 6
FEWEST_TO_GIVE_UP = 20


class Reading:
    """How many phoneme ids a text becomes, asked once for each text; who is asked is loaded for the first."""

    def __init__(
        self, load: Callable[[], Phonemizer], reader: str = "espeak-ng", *, reads_ascii: bool = True
    ) -> None:
        """`reader` is the name of who is asked."""
        self._load, self._known = load, dict[str, int | None]()
        self.reader, self.reads_ascii = reader, reads_ascii
        self._phonemize: Phonemizer | None = None
        self._is_absent = False

    def ids(self, text: str) -> int | None:
        """0 for a text in which there is nothing to say; None where phonemes cannot be had here."""
        if text not in self._known:
            self._known[text] = self._asked(text)
        return self._known[text]

    def _asked(self, text: str) -> int | None:
        if self._phonemize is None and not self._is_absent:
            try:
                self._phonemize = self._load()
            except (ImportError, PhonemesError):  # the check says so itself
                self._is_absent = True
        if self._phonemize is None:
            return None
        phonemes = self._phonemize(text)
        return 0 if phonemes.is_silent else len(phonemes.ids)


@dataclass
class Judged:
    """`taken` are the clips that training takes, `unknown` those of which only the pod can tell.

    `sound_seconds` are of all whose sound is usable: a text can be mended.
    """

    taken: list[Heard] = field(default_factory=list)
    unknown: int = 0
    sound_seconds: float = 0.0
    maybe: int = 0
    """Of the unknown ones, those that may be taken once their silence is trimmed."""
    left_out: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Judge:
    """What decides. `find_speech` gives None where nothing is listened to, or the detector is not installed."""

    source: FileSource
    rate_hz: int
    reading: Reading
    find_speech: Callable[[], SpeechSpan | None]
    is_for_sure: bool
    """Every text is read; else only those that may be too much for their sound."""

    def judge(
        self, utterances: Sequence[Utterance], heard: Sequence[Heard], refused: Collection[Finding]
    ) -> Judged:
        """Sort the clips. `refused` are findings of clips that cannot be used: each at the clip's place."""
        judged = Judged()
        codes = {each.place: str(each.code) for each in refused}
        by_place = {each.utterance.place: each for each in heard}
        for each in utterances:
            clip = by_place.get(each.place)
            if clip is not None and clip.seconds is not None:
                self._sort(clip, clip.seconds, codes.get(each.place), judged)
            elif each.place in codes:
                judged.left_out[codes[each.place]] += 1
            else:
                judged.unknown += 1
        if utterances and not any(each.path is None for each in utterances):
            judged.findings += _nothing_left(judged)
        return judged

    def _sort(self, clip: Heard, seconds: float, refused_for: str | None, judged: Judged) -> None:
        problem, is_sure = self._problem(clip, seconds)
        said = list(_said(clip.utterance, seconds, problem, self.rate_hz, is_sure=is_sure))
        judged.findings.extend(said)
        is_of_text = problem is not None and problem.fault is Fault.TOO_MUCH_TEXT
        if refused_for not in _OF_SOUND and (problem is None or is_of_text):
            judged.sound_seconds += seconds
        if problem is None and refused_for is None:
            judged.taken.append(clip)
        elif problem is not None and is_sure:
            judged.left_out[str(said[0].code)] += 1
        elif refused_for is not None:  # trimming makes no damaged clip one that can be used
            judged.left_out[refused_for] += 1
        else:
            judged.unknown += 1
            judged.maybe += 1

    def _problem(self, clip: Heard, seconds: float) -> tuple[Unfit | None, bool]:
        """What keeps the clip from being taken, and whether that is sure: silence that is trimmed may be in it."""
        samples = samples_at(seconds, self.rate_hz)
        problem = unfit(samples, self.rate_hz, None)
        if problem is not None and problem.fault is Fault.TOO_LONG:
            if seconds > WHOLE_RECORDING_SECONDS:
                return problem, True
            return self._once_trimmed(clip, problem)
        if problem is not None or clip.header is None:
            return problem, True
        return self._of_text(clip.utterance.text, samples), True

    def _of_text(self, text: str, samples: int) -> Unfit | None:
        if not self.is_for_sure and most_ids(text) <= samples // HOP_SAMPLES:
            return None
        return unfit(samples, self.rate_hz, self.reading.ids(text))

    def _once_trimmed(self, clip: Heard, problem: Unfit) -> tuple[Unfit | None, bool]:
        speech_span = self.find_speech()
        if speech_span is None:
            return problem, False
        try:
            wave, source_hz = sound_of(self.source, clip)
        except (HeaderError, OSError, ImportError):
            return problem, False
        ids = self.reading.ids(clip.utterance.text)
        return fitted(wave, source_hz, self.rate_hz, ids, speech_span)[1], True


def most_ids(text: str) -> int:
    """More phoneme ids than `text` can have; espeak-ng is asked only where that would be too many."""
    words = sum(_IDS_OF_A_LETTER * len(found.group()) for found in _WORD.finditer(text))
    rest = _WORD.sub("", text)
    spelt = sum(_IDS_OF_A_SPELT_LETTER if char.isalpha() else _IDS_OF_A_SIGN for char in rest)
    return words + spelt + IDS_OF_ANY_TEXT


def unspeakable(
    utterances: Sequence[Utterance], reading: Reading, scripts: Collection[str]
) -> Iterator[Finding]:
    """Texts that have letters, of which nothing is said; those in the language's own letters are not asked."""
    for each in utterances:
        if not has_words(each.text) or _is_plain(
            each.text, scripts, reads_ascii=reading.reads_ascii
        ):
            continue
        if reading.ids(each.text) == 0:
            yield Code.TEXT_UNSPEAKABLE.finding(
                each.place, f"{reading.reader} says nothing of “{each.text[:60]}”.",
                "Write the words that are spoken, in the letters of the language.",
            )  # fmt: skip


def _is_plain(text: str, scripts: Collection[str], *, reads_ascii: bool) -> bool:
    return (reads_ascii and any(char.isascii() and char.isalnum() for char in text)) or any(
        char.isalpha() and unicodedata.name(char, "").startswith(tuple(scripts)) for char in text
    )


def _said(
    where: Utterance, seconds: float, problem: Unfit | None, rate_hz: int, *, is_sure: bool
) -> Iterator[Finding]:
    fault = problem.fault if problem else None
    if fault is Fault.TOO_SHORT or (fault is None and seconds < SHORT_SECONDS):
        least = shortest_seconds(rate_hz)
        rest = f"is left out; the minimum is {least:.2f} s" if fault else "teaches hardly anything"
        yield Code.CLIP_SHORT.finding(
            where.place, f"{where.path} lasts {seconds:.2f} s and {rest}.",
            "Remove the line, or join it with its neighbour.",
        )  # fmt: skip
    elif seconds > WHOLE_RECORDING_SECONDS:
        yield Code.CLIP_FAR_TOO_LONG.finding(
            where.place, f"{where.path} lasts {duration(seconds)}: a recording, not a clip.",
            Sentence(NextStep.MAKE_DATASET, " cuts it at its pauses."),
        )  # fmt: skip
    elif fault is Fault.TOO_LONG or (fault is None and seconds > COMFORTABLE_SECONDS):
        yield Code.CLIP_LONG.finding(
            where.place, f"{where.path} lasts {seconds:.1f} s{_too_long(fault, is_sure)}.",
            f"Cut it at a pause; clips of 2 to {COMFORTABLE_SECONDS:.0f} s train best.",
        )  # fmt: skip
    elif fault is Fault.TOO_MUCH_TEXT:
        yield Code.TEXT_TOO_MUCH.finding(
            where.place, f"{where.path} is left out: nobody can say this much in {seconds:.1f} s: “{where.text[:60]}”.",
            "Listen to the clip and correct the text.",
        )  # fmt: skip
    elif fault is Fault.SILENT:
        yield Code.SILENT.finding(
            where.place, f"{where.path} holds silence.", "Record it again, or remove the line."
        )


def _too_long(fault: Fault | None, is_sure: bool) -> str:
    if fault is None:
        return ""
    unless = "" if is_sure else ", unless silence at its ends makes it long"
    return f" and is left out{unless}; the maximum is {LONGEST_SECONDS:.0f} s"


_OF_SOUND = frozenset({Code.SILENT, Code.FILE_UNREADABLE, Code.FILE_TRUNCATED})
_REASONS = {
    Code.CLIP_SHORT: "too short",
    Code.CLIP_LONG: "too long",
    Code.CLIP_FAR_TOO_LONG: "whole recordings",
    Code.TEXT_TOO_MUCH: "with more text than sound",
    Code.TEXT_UNSPEAKABLE: "without words",
    Code.SILENT: "silent",
    Code.FILE_UNREADABLE: "not to be read",
    Code.FILE_TRUNCATED: "cut off",
}


def _nothing_left(judged: Judged) -> list[Finding]:
    """Of a large repo only some are read; where none of those could be taken, the others are no better."""
    count = sum(judged.left_out.values())
    is_all = not judged.taken and not judged.unknown
    is_sample = not any(each.header for each in judged.taken) and count >= FEWEST_TO_GIVE_UP
    if judged.maybe or not (is_all or is_sample):
        return []
    words = {str(code): reason for code, reason in _REASONS.items()}
    reasons = ", ".join(f"{n:,} {words[code]}" for code, n in judged.left_out.most_common())
    which = "" if is_all else " that were looked at"
    none = (
        "The only clip cannot be used"
        if count == 1
        else f"None of the {count:,} clips{which} can be used"
    )
    return [
        Code.NOTHING_LEFT.finding(
            "", f"{none}: {reasons}.",
            "The other findings say why for each; nothing would be left to train on.",
        )
    ]  # fmt: skip
