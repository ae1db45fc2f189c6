"""Clips in parts of fifty, each made by one process and kept as the features of what is heard.

A part is a file that is whole or not there; a run that goes on makes those that are missing.
"""

from __future__ import annotations

import io
import random
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pod_image.contract.whole_file import write_whole
from pod_image.recipes.wake_word.ears import HOP, WIDTH, Ears, Frames, samples_for
from pod_image.recipes.wake_word.near_misses import NearMisses, words_of
from pod_image.recipes.wake_word.sentences import any_word, everyday
from pod_image.recipes.wake_word.speaker import RATE_HZ, Manner, Sound, Speaker, trimmed
from pod_image.recipes.wake_word.surroundings import Surroundings, read

CLIPS_A_PART = 50
VARIANTS = 2
"""In how many surroundings a clip is heard: speaking costs more than hearing."""
ENDINGS = ("", ".", "!", "?", ",")
"""Marks that change the melody."""
AFTER_FRAMES = 2
"""A wake word counts in so many frames after its end."""
LATEST_END_SECONDS = 0.2
WORDS_OF_LANGUAGE = 400
MOST_HELD_OUT_SHARE = 0.1
FEWEST_TO_HOLD_OUT_PEOPLE = 10


class Role(StrEnum):
    PHRASE = "phrase"
    RECORDED = "recorded"
    """The person's own recordings of the phrase."""
    NEAR_MISS = "near-miss"
    SPEECH = "speech"
    NOISE = "noise"


EXTRA_FRAMES = {
    (Role.PHRASE, False): AFTER_FRAMES,
    (Role.RECORDED, False): AFTER_FRAMES,
    (Role.NEAR_MISS, False): 12,
    (Role.PHRASE, True): 15,
    (Role.RECORDED, True): 15,
    (Role.NEAR_MISS, True): 15,
}
"""Beyond one window. What is held out is heard as a listener would: from before the end until long after it."""
TAIL_FRAMES = {Role.PHRASE: AFTER_FRAMES, Role.RECORDED: AFTER_FRAMES, Role.NEAR_MISS: 6}
"""After the end of what is said: a near miss is learnt from before its end on, as a listener meets it."""
LONG_EXTRA_FRAMES = 60
HELD_OUT_TAIL_SECONDS = 0.8


@dataclass(frozen=True)
class Part:
    """Clips of one role by one voice; held out ones are never learnt from."""

    role: Role
    held_out: bool
    number: int
    clips: int

    @property
    def name(self) -> str:
        return f"{'held-out' if self.held_out else 'learnt'}-{self.role}-{self.number:04d}.npz"

    @property
    def seed(self) -> int:
        return crc32(self.name.encode())


@dataclass(frozen=True)
class Makings:
    """What parts are made of. Handed to other processes."""

    phrases: tuple[str, ...]
    near_misses: tuple[str, ...]
    voices: tuple[Path, ...]
    ears: Path
    window: int
    surroundings: Surroundings
    recordings: tuple[Path, ...] = ()
    samples: Path | None = None
    """Where a few clips are written to be listened to."""


def make(part: Part, makings: Makings) -> tuple[NDArray[np.float16], list[str]]:
    """A part's features, clips by frames by WIDTH, and a word for each clip that tells what kind it is."""
    workshop = Workshop(part, makings)
    heard: list[Frames] = []
    kinds: list[str] = []
    for sound, kind in workshop.clips():
        for _ in range(1 if part.held_out else VARIANTS):
            heard.append(workshop.heard(sound))
            kinds.append(kind)
    frames = np.stack(heard) if heard else np.zeros((0, workshop.frames, WIDTH))
    return frames.astype(np.float16), kinds


def write(part: Part, makings: Makings, folder: Path) -> str:
    """Make a part and put it into `folder`; its name."""
    frames, kinds = make(part, makings)
    content = io.BytesIO()
    np.savez(content, frames=frames, kinds=np.array(kinds, dtype=np.str_))
    write_whole(folder / part.name, content.getvalue())
    return part.name


class Workshop:
    """One process at work on one part."""

    def __init__(self, part: Part, makings: Makings) -> None:
        self._part, self._makings = part, makings
        self._draw = random.Random(part.seed)
        self._noise = np.random.default_rng(part.seed)
        self._ears = Ears(makings.ears)
        extra = EXTRA_FRAMES.get((part.role, part.held_out), LONG_EXTRA_FRAMES)
        self.frames = makings.window + extra
        self._samples = samples_for(self.frames)

    @cached_property
    def _speaker(self) -> Speaker:
        voices = self._makings.voices
        return Speaker(voices[self._part.number % len(voices)], self._part.seed)

    def clips(self) -> Iterator[tuple[Sound, str]]:
        """Each as long as is listened to, in a quiet room."""
        for number in range(self._part.clips):
            match self._part.role:
                case Role.NOISE:
                    yield self._makings.surroundings.alone(self._samples, self._noise), "noise"
                case Role.SPEECH:
                    yield self._talk(), "speech"
                case Role.NEAR_MISS:
                    near = self._near_misses.draw(self._draw, held_out=self._part.held_out)
                    yield self._placed(self._kept(self._said(near.symbols), number)), near.kind
                case Role.RECORDED:
                    paths = self._makings.recordings
                    path = paths[(self._part.number * CLIPS_A_PART + number) % len(paths)]
                    yield self._placed(trimmed(read(path))), path.name
                case Role.PHRASE:
                    phrase = self._draw.choice(self._phrases)
                    yield self._placed(self._kept(self._said(phrase), number)), "phrase"

    def heard(self, sound: Sound) -> Frames:
        if self._part.role is not Role.NOISE:
            sound = self._makings.surroundings.around(sound, self._noise)
        return self._ears.frames(sound)

    @cached_property
    def _phrases(self) -> list[tuple[str, ...]]:
        return [self._speaker.symbols(p + end) for p in self._makings.phrases for end in ENDINGS]

    @cached_property
    def _near_misses(self) -> NearMisses:
        draw = random.Random(0)
        said = self._speaker.symbols
        words = {word for _ in range(WORDS_OF_LANGUAGE) for word in words_of(said(any_word(draw)))}
        words |= {word for _ in range(20) for word in words_of(said(everyday(draw)))}
        yours = [said(phrase) for phrase in self._makings.near_misses]
        phrases = [said(phrase) for phrase in self._makings.phrases]
        return NearMisses(phrases, yours, sorted(words))

    def _said(self, symbols: tuple[str, ...]) -> Sound:
        return self._speaker.say(symbols, self._manner())

    def _manner(self) -> Manner:
        draw = self._draw
        return Manner(
            person=self._person(),
            pace=draw.uniform(0.75, 1.35),
            liveliness=draw.uniform(0.3, 1.0),
            rhythm=draw.uniform(0.4, 1.0),
            size=draw.uniform(0.88, 1.16),
        )

    def _person(self) -> int:
        """Of many speakers one in ten is held out: nobody that is learnt from is measured with."""
        people = self._speaker.people
        if people < FEWEST_TO_HOLD_OUT_PEOPLE:
            return self._draw.randrange(people)
        every = round(1 / MOST_HELD_OUT_SHARE)
        apart = [one for one in range(people) if (one % every == 0) == self._part.held_out]
        return self._draw.choice(apart)

    def _placed(self, sound: Sound) -> Sound:
        """With its end where a listener's window ends, or a little before; often somebody talks before and after."""
        room = np.zeros(self._samples, dtype=np.float32)
        if self._part.held_out:
            end = self._samples - int(HELD_OUT_TAIL_SECONDS * RATE_HZ)
        else:
            end = self._samples - TAIL_FRAMES[self._part.role] * HOP
        end -= int(self._draw.uniform(0, LATEST_END_SECONDS) * RATE_HZ)
        if self._draw.random() < 0.35:
            self._add_talk(room, before=end - len(sound))
        if self._draw.random() < 0.25:
            talk = self._some_talk()[: self._samples - end]
            room[end : end + len(talk)] = talk * self._draw.uniform(0.3, 1)
        part = sound[-end:]
        room[end - len(part) : end] = part
        return room

    def _add_talk(self, room: Sound, before: int) -> None:
        end = before - int(self._draw.uniform(0.05, 0.4) * RATE_HZ)
        if end > 0:
            talk = self._some_talk()[-end:] * self._draw.uniform(0.3, 1)
            room[end - len(talk) : end] = talk

    @cached_property
    def _talks(self) -> list[Sound]:
        return [self._said(self._speaker.symbols(everyday(self._draw))) for _ in range(4)]

    def _some_talk(self) -> Sound:
        return self._draw.choice(self._talks)

    def _talk(self) -> Sound:
        """Somebody talks all the time, of other things."""
        room = np.zeros(self._samples, dtype=np.float32)
        at = 0
        while at < self._samples:
            said = self._said(self.other_symbols())
            piece = said[: self._samples - at]
            room[at : at + len(piece)] = piece
            at += len(said) + int(self._draw.uniform(0.05, 0.8) * RATE_HZ) + 1
        return room

    def other_symbols(self) -> tuple[str, ...]:
        """What holds the phrase in it is left out."""
        while True:
            text = everyday(self._draw)
            if not any(phrase.casefold() in text.casefold() for phrase in self._makings.phrases):
                return self._speaker.symbols(text)

    def _kept(self, sound: Sound, number: int) -> Sound:
        """The first clips of the first part are kept to be listened to."""
        folder = self._makings.samples
        if folder is not None and self._part.number == 0 and number < 3 and not self._part.held_out:
            name = f"{self._part.role.replace('-', '_')}_{number + 1}.wav"
            write_wav(folder / name, sound)
        return sound


def write_wav(path: Path, sound: Sound) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.round(np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
