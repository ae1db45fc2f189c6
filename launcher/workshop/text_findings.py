"""What the transcripts say about the dataset; pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from launcher.workshop.audio_headers import Heard
from pod_image.contract.findings import Finding
from pod_image.dataset import Code, Utterance
from pod_image.dataset.fitness import has_words
from pod_image.dataset.languages import scripts_of
from pod_image.phonemes.folding import folded, unseen

NUMBERS = re.compile(r"\d")
ABBREVIATION = re.compile(
    r"(?<!\w)(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|etc|vs|No|Nr|bzw|z\.B|d\.h|usw|ca|Mme|Mlle|Sra?)\."
)
READ_IN_MANY_WAYS = set("%€$£¥&@#+=/*<>^~_|\\{}[]°§×÷")
_WORD = re.compile(r"[^\W\d_]+")
_ALPHABETS = frozenset(
    {"LATIN", "CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "GEORGIAN", "HEBREW", "ARABIC", "ETHIOPIC"}
    | {"DEVANAGARI", "BENGALI", "TAMIL", "TELUGU"}
)
"""Of languages with spaces between their words: elsewhere another script's word stands right beside."""
MOST_FOREIGN_SHARE = 0.3
"""A name in other letters is no fault; a third of the text is another language."""
FEWEST_FOR_PACE = 20
MOST_PACE_DEVIATIONS = 6.0
"""In robust standard deviations; real speakers stay within four."""
LEAST_PACE_FACTOR = 1.8
"""However regular the speaker, less than this factor is no wrong transcript."""
SHORTEST_PACE_CHARACTERS = 8
_MAD_TO_DEVIATION = 1.4826


def text_findings(utterances: Sequence[Utterance], language: str) -> list[Finding]:
    found: list[Finding] = []
    for each in utterances:
        found.extend(_of_one(each, language))
    found.extend(_repeated(utterances))
    return found


def _of_one(each: Utterance, language: str) -> Iterator[Finding]:
    text = each.text
    if not has_words(text):
        yield Code.TEXT_UNSPEAKABLE.finding(
            each.place, f"There are no words in {_quoted(text)}.",
            "Write the words that are spoken.",
        )  # fmt: skip
        return
    if NUMBERS.search(text) or ABBREVIATION.search(text):
        yield Code.TEXT_NUMBERS.finding(
            each.place,
            f"Numbers, dates or abbreviations may be read differently from how they were spoken: {_quoted(text)}.",
            "Write them in words, as they were spoken.",
        )  # fmt: skip
    odd = sorted({char for char in text if _is_odd(char)})
    if odd:
        yield Code.TEXT_CHARACTERS.finding(
            each.place, f"Characters that are not spoken: {' '.join(map(_named, odd))}.",
            "Write them in words, or remove them.",
        )  # fmt: skip
    if hidden := unseen(text):
        yield _of_unseen(each, hidden)
    if mixed := mixed_words(folded(text), scripts_of(language)):
        yield _of_mixed(each, mixed)
    foreign = _foreign_share(text, scripts_of(language))
    if foreign > MOST_FOREIGN_SHARE:
        yield Code.TEXT_SCRIPT.finding(
            each.place,
            f"{foreign:.0%} of the letters are not of {language}: {_quoted(text)}.",
            "Correct the text, or set the language that is spoken.",
        )  # fmt: skip


def _is_odd(char: str) -> bool:
    category = unicodedata.category(char)
    return char in READ_IN_MANY_WAYS or category in ("So", "Cn", "Co", "Cs") or char == "\ufffd"


def mixed_words(text: str, scripts: tuple[str, ...]) -> dict[str, str]:
    """Words whose letters are of two alphabets, each with those letters that its language is not written in."""
    found = {}
    for word in _WORD.findall(text):
        if word.isascii():
            continue
        alphabets = {char: alphabet for char in word if (alphabet := _alphabet(char))}
        if len(set(alphabets.values())) > 1:
            own = [char for char, alphabet in alphabets.items() if alphabet in scripts]
            strange = [char for char in alphabets if char not in own]
            found[word] = " ".join(f"{char} ({_plain_name(char)})" for char in strange or own)
    return found


def _alphabet(char: str) -> str:
    first = unicodedata.name(char, "").partition(" ")[0]
    return first if first in _ALPHABETS else ""


def _plain_name(char: str) -> str:
    return f"{unicodedata.name(char, 'unnamed').lower()}, U+{ord(char):04X}"


def _of_mixed(each: Utterance, mixed: dict[str, str]) -> Finding:
    word, letters = next(iter(mixed.items()))
    more = f", and {len(mixed) - 1} more words like it" if len(mixed) > 1 else ""
    return Code.TEXT_MIXED.finding(
        each.place, f"Letters of two alphabets are in “{word}”: {letters}{more}. They look alike "
        f"but are read differently.",
        "Type the word again.",
    )  # fmt: skip


def _of_unseen(each: Utterance, places: Sequence[int]) -> Finding:
    text = each.text
    named = dict.fromkeys(_plain_name(text[i]) for i in places)
    is_inside = any(
        0 < i < len(text) - 1 and text[i - 1].isalnum() and text[i + 1].isalnum() for i in places
    )
    where = "inside a word" if is_inside else "in the text"
    return Code.TEXT_UNSEEN.finding(
        each.place,
        f"Invisible characters are {where}: {'; '.join(named)}. They are left out of what is read.",
        "Remove them from the text: other programs read one word as two because of them.",
    )  # fmt: skip


def _named(char: str) -> str:
    return char if char.isprintable() else f"U+{ord(char):04X}"


def _quoted(text: str) -> str:
    return f"“{text[:60]}{'…' * (len(text) > 60)}”"


def _foreign_share(text: str, scripts: tuple[str, ...]) -> float:
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return 0.0
    foreign = sum(not unicodedata.name(char, "").startswith(scripts) for char in letters)
    return foreign / len(letters)


def _repeated(utterances: Sequence[Utterance]) -> Iterator[Finding]:
    same: dict[tuple[str | None, str], list[Utterance]] = defaultdict(list)
    for each in utterances:
        same[each.speaker, " ".join(each.text.casefold().split())].append(each)
    for group in same.values():
        for twin in group[1:]:
            yield Code.TEXT_TWICE.finding(
                twin.place, f"The same text as {group[0].place}: {_quoted(twin.text)}.",
                "Fine if it was recorded twice; otherwise one of the transcripts is wrong.",
            )  # fmt: skip


def pace_findings(heard: Sequence[Heard]) -> list[Finding]:
    """Clips whose seconds per character are far from their speaker's: the transcript is probably another clip's."""
    by_speaker: dict[str | None, list[tuple[Heard, float]]] = defaultdict(list)
    for each in heard:
        spoken = sum(char.isalnum() for char in each.utterance.text)
        if each.seconds and spoken >= SHORTEST_PACE_CHARACTERS:
            by_speaker[each.utterance.speaker].append((each, each.seconds / spoken))
    return [finding for clips in by_speaker.values() for finding in _out_of_line(clips)]


def _out_of_line(clips: Sequence[tuple[Heard, float]]) -> Iterator[Finding]:
    if len(clips) < FEWEST_FOR_PACE:
        return
    middle = median(pace for _, pace in clips)
    deviation = _MAD_TO_DEVIATION * median(abs(pace - middle) for _, pace in clips)
    for each, pace in clips:
        factor = max(pace / middle, middle / pace)
        if factor < LEAST_PACE_FACTOR or abs(pace - middle) < MOST_PACE_DEVIATIONS * deviation:
            continue
        slower = "slower" if pace > middle else "faster"
        yield Code.TEXT_PACE.finding(
            each.utterance.place,
            f"{factor:.1f} times {slower} than the rest ({each.seconds:.1f} s for "
            f"{len(each.utterance.text)} characters): is this the right transcript?",
            "Listen to the clip and correct the text.",
        )  # fmt: skip
