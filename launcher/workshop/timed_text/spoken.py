"""What of a cue is spoken. Whatever is taken out is told, and so is what stands in brackets and stays.

Out go markup, songs between notes (♪), marks and names of who speaks, and remarks in brackets: those in square
brackets, and of those in round ones what names a sound or a manner, stands in capitals, or is all there is. A remark of
a whole sentence, and anything else in round brackets, is taken for spoken and stays. Where a remark says that words are
missing ([inaudible]), the text is left to be typed: it would be wrong without them.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from launcher.workshop.timed_text.sounds import is_sound, says_words_are_missing

_TAG = re.compile(
    r"</?[A-Za-z][^<>]*>|<\d+:[\d:.]+>|\{\\[^}]*\}|\{[ybisfcp]:[^}]*\}", re.IGNORECASE
)
_RUBY = re.compile(r"<rt>.*?(?:</rt>|(?=</ruby>)|$)", re.IGNORECASE)
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SONG = re.compile(r"[♪♫♬♩][^♪♫♬♩]*[♪♫♬♩]+")
_HASH_SONG = re.compile(r"^\s*#(?!\w)(.*\S)\s*#\s*$")
_NOTES = re.compile(r"[♪♫♬♩]+")
_SQUARE = re.compile(r"\[([^\[\]]*)\]|【([^【】]*)】|［([^［］]*)］|〔([^〔〕]*)〕|\{([^{}]*)\}")
_ROUND = re.compile(r"\(([^()]*)\)|（([^（）]*)）")
_STARS = re.compile(r"\*+([^*\n]+)\*+")
_CHEVRONS = re.compile(r"(?:(?<=\s)|^)>{2,3}\s*")
_DASH = re.compile(r"^\s*[-–—‐]\s*(?!\d)")
_CAPITALS_LABEL = re.compile(r"^\s*([A-Z][A-Z0-9 .'’&/-]{0,30}(?:\s*\([^)]*\))?):\s+(?=\S)")
_NUMBERED_LABEL = re.compile(
    r"^\s*((?:speaker|sprecher(?:in)?|locuteur|orador|hablante|spk|speaker_)[ _]?\w{1,3}):\s+(?=\S)",
    re.IGNORECASE,
)
_BRACKET_LABEL = re.compile(r"^\s*\[([^\[\]]{1,40})\]\s*:\s*(?=\S)")
_MIXED_LABEL = re.compile(r"^\s*([A-ZÀ-ÖØ-Þ][\w.'’-]*(?: [A-ZÀ-ÖØ-Þ][\w.'’-]*){0,2}):\s+(?=\S)")
LEAST_TIMES_OF_A_NAME = 3
"""A name before a colon that begins so many lines is who speaks; once, it may be part of what is said."""
LEAST_SHARE_OF_LINES = 0.1
_SENTENCE_WORDS = 6
_MOST_REMARK_WORDS = 4
_MOST_EXAMPLES = 3

MARKUP, SONGS, SQUARE, ROUND = (
    "markup",
    "songs",
    "remarks in square brackets",
    "remarks in round brackets",
)
MARKS, NAMES, STARS = (
    "marks of a change of speaker",
    "names of speakers",
    "sounds between asterisks",
)


@dataclass
class TakenOut:
    """What was not spoken, by kind, how often each; and what stands in brackets and was taken for spoken."""

    by_kind: dict[str, Counter[str]] = field(default_factory=dict)
    kept: Counter[str] = field(default_factory=Counter)
    incomplete: Counter[str] = field(default_factory=Counter)

    def take(self, kind: str, what: str) -> None:
        self.by_kind.setdefault(kind, Counter())[" ".join(what.split())] += 1

    def sentence(self) -> str:
        """The kinds with their counts and examples; empty if nothing was taken out."""
        return "; ".join(
            f"{sum(found.values()):,} {kind} ({examples(found)})"
            for kind, found in self.by_kind.items()
        )


def examples(found: Counter[str]) -> str:
    named = ", ".join(each[:40] for each, _ in found.most_common(_MOST_EXAMPLES))
    return named + (", …" if len(found) > _MOST_EXAMPLES else "")


@dataclass(frozen=True)
class Spoken:
    """`text` is empty where nothing is spoken; `is_complete` False where words are missing in it."""

    text: str
    speaker: str | None
    is_complete: bool


def plain_line(line: str) -> str:
    """A line without its markup, for comparing."""
    return " ".join(_INVISIBLE.sub("", html.unescape(_TAG.sub("", _RUBY.sub("", line)))).split())


def names_before_colons(lines: Iterable[str]) -> frozenset[str]:
    """Which words before a colon are names of speakers: those that begin many lines."""
    plain = [plain_line(line) for line in lines]
    found = Counter(m.group(1) for line in plain if (m := _MIXED_LABEL.match(_DASH.sub("", line))))
    least = max(LEAST_TIMES_OF_A_NAME, LEAST_SHARE_OF_LINES * len(plain))
    return frozenset(name for name, times in found.items() if times >= least)


def spoken(lines: Sequence[str], names: frozenset[str], taken: TakenOut) -> Spoken:
    """What is said in a cue. What is not, is noted in `taken`."""
    speaker: str | None = None
    kept = []
    for line in lines:
        text = _without_markup(line, taken)
        text, who = _without_speaker(text, names, taken)
        speaker = speaker or who
        kept.append(text)
    text = _without_songs("\n".join(kept), taken)
    missing = Counter[str]()
    text = _without_remarks(text, taken, missing)
    text = _DASH.sub("", " ".join(text.replace("|", " ").split()))
    taken.incomplete.update(missing)
    return Spoken(_tidy(text), speaker, not missing)


def _without_markup(line: str, taken: TakenOut) -> str:
    for found in _TAG.findall(line):
        if not re.match(r"</|<\d|</?c[.>]", found):
            taken.take(MARKUP, found)
    return _INVISIBLE.sub("", html.unescape(_TAG.sub("", _RUBY.sub("", line))))


def _without_speaker(line: str, names: frozenset[str], taken: TakenOut) -> tuple[str, str | None]:
    if _CHEVRONS.search(line):
        taken.take(MARKS, ">>")
        line = _CHEVRONS.sub(" ", line).strip()
    if _DASH.match(line):
        taken.take(MARKS, "-")
        line = _DASH.sub("", line)
    for label in (_BRACKET_LABEL, _NUMBERED_LABEL, _CAPITALS_LABEL, _MIXED_LABEL):
        found = label.match(line)
        if found and (label is not _MIXED_LABEL or found.group(1) in names):
            taken.take(NAMES, found.group(0))
            return line[found.end() :], found.group(1).split("(")[0].strip()
    return line, None


def _without_songs(text: str, taken: TakenOut) -> str:
    def sung(found: re.Match[str]) -> str:
        taken.take(SONGS, found.group(0))
        return " "

    lines = [_HASH_SONG.sub(sung, line) for line in text.split("\n")]
    text = _SONG.sub(sung, "\n".join(lines))
    lone = _NOTES.search(text)
    if lone and _NOTES.match(text.strip()):
        # A song that goes on in the next cue has one sign only, before it.
        taken.take(SONGS, text.strip())
        return ""
    if lone:
        taken.take(SONGS, lone.group(0))
    return _NOTES.sub(" ", text)


def _without_remarks(text: str, taken: TakenOut, missing: Counter[str]) -> str:
    def square(found: re.Match[str]) -> str:
        inner = next(each for each in found.groups() if each is not None)
        if says_words_are_missing(inner):
            missing[found.group(0)] += 1
        elif _is_sentence(inner):
            taken.kept[found.group(0)] += 1
            return f" {inner} "
        else:
            taken.take(SQUARE, found.group(0))
        return " "

    def rounded(found: re.Match[str]) -> str:
        inner = next(each for each in found.groups() if each is not None)
        if says_words_are_missing(inner):
            missing[found.group(0)] += 1
            return " "
        is_alone = not _letters(text[: found.start()] + text[found.end() :])
        if _is_remark(inner, text, is_alone):
            taken.take(ROUND, found.group(0))
            return " "
        taken.kept[found.group(0)] += 1
        return found.group(0)

    def starred(found: re.Match[str]) -> str:
        if is_sound(found.group(1)):
            taken.take(STARS, found.group(0))
            return " "
        return found.group(1)

    text = _SQUARE.sub(square, text.replace("\n", " "))
    text = _ROUND.sub(rounded, text)
    return _STARS.sub(starred, text)


def _is_sentence(remark: str) -> bool:
    words = remark.split()
    return len(words) >= _SENTENCE_WORDS or (
        len(words) >= 3 and remark.rstrip().endswith((".", "!", "?"))
    )


def _is_remark(inner: str, whole: str, is_alone: bool) -> bool:
    """Whether what stands in round brackets is not spoken."""
    words = inner.split()
    if not _letters(inner):
        return not any(each.isdigit() for each in inner)
    if is_sound(inner):
        return True
    others_shout = not any(each.islower() for each in whole)
    is_short_name = len(words) == 1 and len(inner) <= 5
    if inner.isupper() and not others_shout and not is_short_name:
        return True
    is_closed = inner.rstrip().endswith((".", "!", "?", "…"))
    return is_alone and len(words) <= _MOST_REMARK_WORDS and not is_closed


def _letters(text: str) -> bool:
    return any(each.isalpha() for each in text)


def _tidy(text: str) -> str:
    """Without the blanks that a remark leaves before a comma, and without what is no word at all."""
    text = re.sub(r"\s+([,.!?;:…])", r"\1", text).strip()
    return text if any(each.isalnum() for each in text) else ""
