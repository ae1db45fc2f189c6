"""Clips decoded and measured: clipping, silence, noise, loudness. Needs the extra `audio`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import pstdev
from typing import Any

from launcher.workshop.audio_headers import Heard, Progress, spread
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import Code, FileSource
from pod_image.dataset.file_remedies import LOOK_BYTES, remedy_for
from pod_image.dataset.fitness import SILENT_DBFS
from pod_image.dataset.headers import HeaderError
from pod_image.dataset.sound import decoded, header_of

CLIPS_TO_HEAR = 60
"""A fault of the recording is in nearly all clips; sixty show it in a second or two."""
FRAME_SECONDS = 0.02
FULL_SCALE = 0.999
CLIPPED_RUN_SAMPLES = 3
MOST_CLIPPED_RUNS = 2
"""Three samples in a row at full scale do not happen by chance; one or two such runs are inaudible."""
QUIET_DBFS = -36.0
LEAST_SPEECH_TO_NOISE_DB = 20.0
LOUD_NOISE_DBFS = -50.0
LONGEST_EDGE_SILENCE_SECONDS = 1.0
SILENCE_BELOW_SPEECH_DB = 35.0
MOST_LOUDNESS_DEVIATION_DB = 4.0
FEWEST_FOR_LOUDNESS = 10
FLOOR_DBFS = -120.0


@dataclass(frozen=True)
class Sound:
    """Levels of one clip in dB below full scale; `edge_seconds` is the longer silence of its two ends."""

    peak_dbfs: float
    speech_dbfs: float
    noise_dbfs: float
    clipped_runs: int
    edge_seconds: float


def listen(
    source: FileSource, heard: Sequence[Heard], progress: Progress, *, all_of_them: bool
) -> tuple[list[Sound], list[Finding]]:
    """Measure a spread of the clips, or all. ImportError without the extra."""
    numpy = importlib.import_module("numpy")
    importlib.import_module("soundfile")
    chosen = list(heard) if all_of_them else spread(heard, CLIPS_TO_HEAR)
    sounds: list[Sound] = []
    found: list[Finding] = []
    for number, each in enumerate(chosen, 1):
        try:
            wave, rate_hz = sound_of(source, each)
        except (OSError, ValueError) as exc:  # a header's error is a ValueError
            found.append(_undecodable(source, each, exc))
            continue
        sound = measure(numpy, wave, rate_hz)
        sounds.append(sound)
        found.extend(_of_one(each, sound))
        progress(number, len(chosen))
    found.extend(_of_all(sounds))
    return sounds, found


def sound_of(source: FileSource, heard: Heard) -> tuple[Any, int]:
    """The clip as a training hears it, and its rate; of a recording of hours the first minute. Raises HeaderError."""
    path, size_bytes = str(heard.utterance.path), heard.utterance.size

    def read(start: int, length: int) -> bytes:
        return source.read(path, start, length)

    return decoded(read, size_bytes, heard.header or header_of(read, size_bytes))


def _undecodable(source: FileSource, heard: Heard, problem: Exception) -> Finding:
    path = str(heard.utterance.path)
    return Code.FILE_UNREADABLE.finding(
        heard.utterance.place,
        f"{path} {_said(problem)}.",
        remedy_for(_beginning(source, path), _said(problem)),
    )


def _beginning(source: FileSource, path: str) -> bytes:
    try:
        return source.read(path, 0, LOOK_BYTES)
    except OSError:
        return b"?"


def _said(problem: Exception) -> str:
    return str(problem) if isinstance(problem, HeaderError) else f"cannot be read: {problem}"


def measure(numpy: Any, wave: Any, rate_hz: int) -> Sound:
    """Levels of a mono wave of floats in [-1, 1]; frames of 20 ms."""
    if len(wave) == 0:
        return Sound(FLOOR_DBFS, FLOOR_DBFS, FLOOR_DBFS, 0, 0.0)
    size = max(1, int(FRAME_SECONDS * rate_hz))
    frames = wave[: len(wave) // size * size].reshape(-1, size) if len(wave) >= size else wave[None]
    levels = _dbfs(numpy, numpy.sqrt((frames.astype("float64") ** 2).mean(axis=1)))
    speech = float(numpy.percentile(levels, 95))
    loud = numpy.flatnonzero(levels > speech - SILENCE_BELOW_SPEECH_DB)
    edge = max(int(loud[0]), len(levels) - 1 - int(loud[-1])) * FRAME_SECONDS if len(loud) else 0.0
    return Sound(
        peak_dbfs=float(_dbfs(numpy, numpy.abs(wave).max())),
        speech_dbfs=speech,
        noise_dbfs=float(numpy.percentile(levels, 5)),
        clipped_runs=_clipped_runs(numpy, wave),
        edge_seconds=edge,
    )


def _dbfs(numpy: Any, level: Any) -> Any:
    return 20 * numpy.log10(numpy.maximum(level, 10 ** (FLOOR_DBFS / 20)))


def _clipped_runs(numpy: Any, wave: Any) -> int:
    return sum(_runs(numpy, side >= FULL_SCALE) for side in (wave, -wave))


def _runs(numpy: Any, full: Any) -> int:
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[0], full.astype("int8"), [0]])))
    return int((edges[1::2] - edges[0::2] >= CLIPPED_RUN_SAMPLES).sum())


def _of_one(heard: Heard, sound: Sound) -> Iterator[Finding]:
    place, path = heard.utterance.place, heard.utterance.path
    if sound.peak_dbfs < SILENT_DBFS:
        yield Code.SILENT.finding(
            place, f"{path} holds silence (peak {sound.peak_dbfs:.0f} dB).",
            "Check whether another channel or take has the voice; otherwise record it again, or remove the line.",
        )  # fmt: skip
        return
    if sound.clipped_runs > MOST_CLIPPED_RUNS:
        yield Code.CLIPPING.finding(
            place, f"{path} is clipped in {sound.clipped_runs} places.",
            "Record with less gain; what was cut off cannot be restored.",
        )  # fmt: skip
    if sound.speech_dbfs < QUIET_DBFS:
        yield Code.QUIET.finding(
            place, f"{path} is very quiet ({sound.speech_dbfs:.0f} dB).",
            Sentence("Normalise the loudness: ", NextStep.NORMALISE_DATASET, "."),
        )  # fmt: skip
    if (
        sound.noise_dbfs > LOUD_NOISE_DBFS
        and sound.speech_dbfs - sound.noise_dbfs < LEAST_SPEECH_TO_NOISE_DB
    ):
        yield Code.NOISE.finding(
            place,
            f"{path} is noisy: its pauses are only {sound.speech_dbfs - sound.noise_dbfs:.0f} dB below the speech.",
            "Record in a quieter room, nearer to the microphone; the voice learns the noise too.",
        )  # fmt: skip
    if sound.edge_seconds > LONGEST_EDGE_SILENCE_SECONDS:
        yield Code.SILENCE_LONG.finding(
            place, f"{path} has {sound.edge_seconds:.1f} s of silence at one end.",
            "Nothing to do: it is trimmed before training.",
        )  # fmt: skip


def _of_all(sounds: Sequence[Sound]) -> Iterator[Finding]:
    levels = [each.speech_dbfs for each in sounds if each.peak_dbfs >= SILENT_DBFS]
    if len(levels) < FEWEST_FOR_LOUDNESS:
        return
    deviation = pstdev(levels)
    if deviation > MOST_LOUDNESS_DEVIATION_DB:
        yield Code.LOUDNESS_UNEVEN.finding(
            "", f"The clips differ in loudness by {deviation:.1f} dB (standard deviation).",
            Sentence("Normalise the loudness: ", NextStep.NORMALISE_DATASET, "."),
        )  # fmt: skip
