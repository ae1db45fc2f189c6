"""Rows of annotation programs (Praat's tiers, ELAN's): which of them are what is said, and who says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from launcher.workshop.timed_text.cue import Piece, Tier, TimedTextFault, Word
from launcher.workshop.timed_text.timed_words import cues_of_words

SAID = (
    "utterance", "utterances", "sentence", "sentences", "transcription", "transcript", "text", "ort",
    "orthography", "phrase", "phrases", "tx", "speech", "segments", "segment", "default", "ipu", "turns",
)  # fmt: skip
WORDS = ("word", "words", "ort-mau", "tokens", "token", "wrd", "mots")
NOT_SAID = (
    "phone", "phones", "phoneme", "phonemes", "phn", "mau", "kan", "kan-mau", "mas", "syllable", "syllables",
    "syll", "pos", "gloss", "glosses", "ge", "gls", "translation", "ft", "free translation", "notes", "note",
    "comment", "comments", "tones", "breaks", "misc", "events", "morph", "morphemes", "mb", "ps", "ref",
    "noise", "gesture", "gestures", "ipa", "pitch", "intensity", "silences",
)  # fmt: skip
SILENCES = (
    "",
    "sil",
    "sp",
    "spn",
    "#",
    "<sil>",
    "<p:>",
    "<p>",
    "_",
    "-",
    "silent",
    "sounding",
    "<eps>",
    "pause",
)


@dataclass(frozen=True)
class Chosen:
    """What is read, and the names of the rows that are not."""

    pieces: list[Piece]
    read: tuple[str, ...]
    left_aside: tuple[str, ...]


def said_in(tiers: Sequence[Tier]) -> Chosen:
    """Of rows with known names the ones for sentences, else those for words, else those that depend on no other.

    TimedTextFault where several are left that say different things at the same times.
    """
    filled = [tier for tier in (_without_silences(each) for each in tiers) if tier.pieces]
    if not filled:
        raise TimedTextFault("has no row with text")
    chosen = _named(filled, SAID)
    are_words = not chosen and bool(_named(filled, WORDS))
    if are_words:
        chosen = _named(filled, WORDS)
    if not chosen:
        others = [tier for tier in filled if not _named([tier], NOT_SAID)]
        chosen = [tier for tier in others if tier.parent is None] or others or filled
    _refuse_rivals(chosen)
    several = len(chosen) > 1
    pieces = []
    for tier in chosen:
        who = tier.speaker or (_who(tier.name) if several else None)
        own = [replace(each, speaker=each.speaker or who) for each in tier.pieces]
        pieces += _of_words(own) if are_words else own
    names = tuple(tier.name for tier in chosen)
    aside = tuple(tier.name for tier in filled if tier.name not in names)
    return Chosen(sorted(pieces, key=lambda each: each.start), names, aside)


def _without_silences(tier: Tier) -> Tier:
    spoken = [each for each in tier.pieces if " ".join(each.lines).strip().lower() not in SILENCES]
    return replace(tier, pieces=spoken)


def _named(tiers: Sequence[Tier], names: Sequence[str]) -> list[Tier]:
    return [tier for tier in tiers if any(part in names for part in _parts(tier.name))]


def _parts(name: str) -> list[str]:
    """ "ann - words", "tx@ann" and "words_ann" are rows of words or texts, of Ann."""
    whole = name.strip().lower()
    return [whole, *(part.strip() for part in re.split(r"@|\s-\s|[_:/]", whole))]


def _who(name: str) -> str:
    known = {*SAID, *WORDS}
    parts = [part.strip() for part in re.split(r"@|\s-\s|[_:/]", name)]
    return " ".join(part for part in parts if part.lower() not in known) or name


def _refuse_rivals(tiers: Sequence[Tier]) -> None:
    """Two rows with the same times are two readings of one speech, such as a translation: nobody can choose for you."""
    for number, one in enumerate(tiers):
        times = {(round(each.start, 2), round(each.end, 2)) for each in one.pieces}
        for other in tiers[number + 1 :]:
            same = sum((round(e.start, 2), round(e.end, 2)) in times for e in other.pieces)
            if same * 2 > len(other.pieces):
                raise TimedTextFault(
                    f"has two rows for the same times, {one.name!r} and {other.name!r}: "
                    "name the one with what is said 'text', or remove the other"
                )


def _of_words(pieces: Sequence[Piece]) -> list[Piece]:
    return cues_of_words(
        [Word(each.start, each.end, " ".join(each.lines), each.speaker) for each in pieces]
    )
