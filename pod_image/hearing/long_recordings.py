"""Long recordings: fed in pieces of minutes, and cut where the sound is quietest near the ends of sentences.

A recogniser's own times lie inside words: its words say which gap to cut in, the sound says where.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pod_image.hearing.recogniser import RATE_HZ, HeardText, HeardWord, Sound
from pod_image.hearing.speech import CHUNK_SECONDS, SPEECH_PROBABILITY

SHORTEST_PIECE_SECONDS = 300.0
LONGEST_PIECE_SECONDS = 600.0
"""A recogniser's memory grows by 50 MB a minute; this is also what a killed run has to hear again."""
NEAR_SECONDS = 0.4
"""How far around a gap the quietest point is looked for: with 0.25 s eight times as many cuts lay inside words."""
FRAME_SECONDS = 0.01
PAUSE_SECONDS = 0.2
WANTED_SECONDS = 4.0
LONGEST_SECONDS = 14.0
PADDING_SECONDS = 0.25
SHORTEST_SECONDS = 0.5
_SENTENCE_END = re.compile(r"[.?!…。？！][\"'”’»)\]]*$")


@dataclass(frozen=True)
class CutClip:
    """A part of a recording in seconds, with what is said in it."""

    start: float
    end: float
    heard: HeardText


def next_piece(probabilities: Sequence[float], start: float) -> float:
    """Where the piece from `start` on ends: in the longest pause of its sixth to tenth minute, or at the end."""
    length = len(probabilities) * CHUNK_SECONDS
    if length - start <= LONGEST_PIECE_SECONDS:
        return length
    first = int((start + SHORTEST_PIECE_SECONDS) / CHUNK_SECONDS)
    last = int((start + LONGEST_PIECE_SECONDS) / CHUNK_SECONDS)
    pauses = _pauses(probabilities, first, last)
    if not pauses:
        quietest = min(range(first, last), key=lambda each: probabilities[each])
        return (quietest + 0.5) * CHUNK_SECONDS
    begin, end = max(pauses, key=lambda each: each[1] - each[0])
    return (begin + end) / 2 * CHUNK_SECONDS


def _pauses(probabilities: Sequence[float], first: int, last: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    begin: int | None = None
    for index in range(first, last + 1):
        is_speech = index == last or probabilities[index] >= SPEECH_PROBABILITY
        if not is_speech and begin is None:
            begin = index
        elif is_speech and begin is not None:
            found.append((begin, index))
            begin = None
    return found


def cut_clips(
    sound: Sound, probabilities: Sequence[float], words: Sequence[HeardWord]
) -> list[CutClip]:
    """Clips of a piece, each of whole sentences where it can be; times count from the piece's start.

    `probabilities` of speech are of the same sound.
    """
    spoken = [each for each in words if each.text]
    if not spoken:
        return []
    ear = _Ear(sound, probabilities)
    groups = _groups(spoken, ear)
    edges = [0.0, *(ear.cut_between(a[-1], b[0]) or b[0].start for a, b in pairwise(groups))]
    edges.append(len(sound) / RATE_HZ)
    clips = []
    for group, start, end in zip(groups, edges[:-1], edges[1:], strict=True):
        first, last = ear.trimmed(start, end)
        if last - first >= SHORTEST_SECONDS:
            text = " ".join(each.text for each in group)
            moved = tuple(
                HeardWord(w.text, max(0.0, w.start - first), max(0.0, w.end - first), w.probability)
                for w in group
            )
            clips.append(CutClip(first, last, HeardText(text, moved)))
    return clips


def _groups(words: Sequence[HeardWord], ear: _Ear) -> list[list[HeardWord]]:
    """Words by clip: sentences joined until they are long enough, too long ones parted at their longest pauses."""
    sentences: list[list[HeardWord]] = [[]]
    for index, word in enumerate(words):
        sentences[-1].append(word)
        following = words[index + 1] if index + 1 < len(words) else None
        ends = _SENTENCE_END.search(word.text) is not None
        if following is not None and ends and ear.cut_between(word, following) is not None:
            sentences.append([])
    parts = [part for sentence in sentences for part in _parted(sentence, ear)]
    groups: list[list[HeardWord]] = []
    for part in parts:
        last = groups[-1] if groups else None
        if (
            last is not None
            and last[-1].end - last[0].start < WANTED_SECONDS
            and part[-1].end - last[0].start <= LONGEST_SECONDS - 2 * PADDING_SECONDS
        ):
            last.extend(part)
        else:
            groups.append(list(part))
    return groups


def _parted(sentence: list[HeardWord], ear: _Ear) -> list[list[HeardWord]]:
    """At the longest gap that the sound has, as often as it takes."""
    if sentence[-1].end - sentence[0].start <= LONGEST_SECONDS - 2 * PADDING_SECONDS:
        return [sentence]
    places = [
        at
        for at in range(1, len(sentence))
        if ear.cut_between(sentence[at - 1], sentence[at]) is not None
    ]
    if not places:
        return [sentence]
    middle = (sentence[0].start + sentence[-1].end) / 2
    half = (sentence[-1].end - sentence[0].start) / 2

    def worth(at: int) -> float:
        pause = ear.pause_between(sentence[at - 1], sentence[at])
        return pause - PAUSE_SECONDS * abs(sentence[at].start - middle) / half

    best = max(places, key=worth)
    return [*_parted(sentence[:best], ear), *_parted(sentence[best:], ear)]


class _Ear:
    """Levels of the sound and where speech is."""

    def __init__(self, sound: Sound, probabilities: Sequence[float]) -> None:
        numpy: Any = importlib.import_module("numpy")
        self._probabilities = probabilities
        self._length = len(sound) / RATE_HZ
        frame = round(FRAME_SECONDS * RATE_HZ)
        whole = len(sound) // frame * frame
        frames = numpy.asarray(sound[:whole], dtype="float64").reshape(-1, frame)
        self._levels = (frames**2).mean(axis=1)

    def cut_between(self, before: HeardWord, after: HeardWord) -> float | None:
        """The quietest point near the gap, not beyond the words' middles; None where somebody speaks at it."""
        first = max(before.end - NEAR_SECONDS, (before.start + before.end) / 2, 0.0)
        last = min(after.start + NEAR_SECONDS, (after.start + after.end) / 2, self._length)
        begin, end = round(first / FRAME_SECONDS), round(last / FRAME_SECONDS)
        end = min(max(end, begin + 1), len(self._levels))
        if begin >= end:
            return None
        quietest = begin + int(self._levels[begin:end].argmin())
        at = (quietest + 0.5) * FRAME_SECONDS
        return None if self._speaks(at) else at

    def pause_between(self, before: HeardWord, after: HeardWord) -> float:
        """How long nobody speaks around the point where the two would be parted."""
        at = self.cut_between(before, after)
        if at is None:
            return 0.0
        index = int(at / CHUNK_SECONDS)
        first = last = index
        while first > 0 and self._probabilities[first - 1] < SPEECH_PROBABILITY:
            first -= 1
        while (
            last + 1 < len(self._probabilities)
            and self._probabilities[last + 1] < SPEECH_PROBABILITY
        ):
            last += 1
        return (last + 1 - first) * CHUNK_SECONDS

    def trimmed(self, start: float, end: float) -> tuple[float, float]:
        """Without the silence at the ends, but for a little: the detector's own edges lie inside words."""
        first, last = int(start / CHUNK_SECONDS), int(end / CHUNK_SECONDS) + 1
        spoken = [
            index
            for index in range(first, min(last, len(self._probabilities)))
            if self._probabilities[index] >= SPEECH_PROBABILITY
        ]
        if not spoken:
            return start, end
        return (
            max(start, spoken[0] * CHUNK_SECONDS - PADDING_SECONDS),
            min(end, (spoken[-1] + 1) * CHUNK_SECONDS + PADDING_SECONDS),
        )

    def _speaks(self, at: float) -> bool:
        index = int(at / CHUNK_SECONDS)
        return index < len(self._probabilities) and self._probabilities[index] >= SPEECH_PROBABILITY
