"""One take as the browser sends it, its levels, and what to say of it at once; pure.

Levels and limits are those of the check, so that nothing is praised here that is found fault with there.
"""

from __future__ import annotations

import io
import math
import sys
import wave
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import mul

from launcher.workshop.fitness_findings import COMFORTABLE_SECONDS, SHORT_SECONDS
from launcher.workshop.listening import (
    CLIPPED_RUN_SAMPLES,
    FLOOR_DBFS,
    FRAME_SECONDS,
    FULL_SCALE,
    LEAST_SPEECH_TO_NOISE_DB,
    LOUD_NOISE_DBFS,
    MOST_CLIPPED_RUNS,
    QUIET_DBFS,
    SILENCE_BELOW_SPEECH_DB,
)
from pod_image.contract.findings import Finding, Severity
from pod_image.dataset import Code
from pod_image.dataset.fitness import LONGEST_SECONDS, SILENT_DBFS

RATES_HZ = range(8_000, 192_001)
MOST_SECONDS = 60.0
"""The browser stops a take long before; more than this is no sentence."""
MOST_BYTES = int(MOST_SECONDS * RATES_HZ[-1]) * 4
FASTEST_LETTERS_A_SECOND = 30.0
SLOWEST_LETTERS_A_SECOND = 4.0
"""People read 10 to 18 aloud; beyond these two it was another sentence, or a part of it."""
FEWEST_LETTERS = 12
CUT_BELOW_SPEECH_DB = 12.0
"""What is louder than that at the very edge of a take is a word that was cut through."""
CUT_START, CUT_END, DROPOUT = "take-cut-start", "take-cut-end", "take-dropout"
"""Codes of what only the page can see, beside those of the check."""
_EDGE_FRAMES = 2
_FULL_16_BITS = 32_767


class UnusableSound(ValueError):
    """What was sent is no take. The text is for the person."""


@dataclass(frozen=True)
class Levels:
    """Levels of one take in dB below full scale. `spoken_seconds` is from its first sound to its last."""

    seconds: float
    spoken_seconds: float
    peak_dbfs: float
    speech_dbfs: float
    noise_dbfs: float
    clipped_runs: int
    first_dbfs: float
    last_dbfs: float


def samples_of(raw: bytes, rate_hz: int) -> array[float]:
    """The samples of little-endian 32-bit floats. Raises UnusableSound."""
    if rate_hz not in RATES_HZ:
        raise UnusableSound(f"No microphone records at {rate_hz:,} Hz; choose another microphone.")
    if not raw or len(raw) % 4:
        raise UnusableSound("The take did not arrive completely; record it again.")
    if len(raw) > MOST_SECONDS * rate_hz * 4:
        raise UnusableSound(f"Longer than {MOST_SECONDS:.0f} s; record one sentence at a time.")
    samples = array("f")
    samples.frombytes(raw)
    if sys.byteorder == "big":
        samples.byteswap()
    if not math.isfinite(sum(samples)):
        raise UnusableSound("The browser sent sound that cannot be read; record it again.")
    return samples


def wav_of(samples: array[float], rate_hz: int) -> bytes:
    """A WAV file, mono, 16 bits, at the rate that the microphone had: it is resampled once, before training."""
    whole = array(
        "h",
        (max(-_FULL_16_BITS, min(_FULL_16_BITS, round(each * _FULL_16_BITS))) for each in samples),
    )
    if sys.byteorder == "big":
        whole.byteswap()
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(whole.tobytes())
    return made.getvalue()


def measure(samples: array[float], rate_hz: int) -> Levels:
    """Levels in frames of 20 ms, as the check measures a clip; there has to be a sample."""
    size = max(1, int(FRAME_SECONDS * rate_hz))
    starts = range(0, max(1, len(samples) - size + 1), size)
    frames = [_rms_dbfs(samples[at : at + size]) for at in starts]
    ranked = sorted(frames)
    speech = _percentile(ranked, 95)
    loud = [at for at, level in enumerate(frames) if level > speech - SILENCE_BELOW_SPEECH_DB]
    peak = max(max(samples), -min(samples))
    return Levels(
        seconds=len(samples) / rate_hz,
        spoken_seconds=(loud[-1] - loud[0] + 1) * FRAME_SECONDS if loud else 0.0,
        peak_dbfs=_dbfs(peak),
        speech_dbfs=speech,
        noise_dbfs=_percentile(ranked, 5),
        clipped_runs=_clipped_runs(samples) if peak >= FULL_SCALE else 0,
        first_dbfs=min(frames[:_EDGE_FRAMES]),
        last_dbfs=min(frames[-_EDGE_FRAMES:]),
    )


def findings_of(levels: Levels, text: str, lost_seconds: float = 0.0) -> list[Finding]:
    """What there is to say of a take of this sentence; nothing of a good one. An error: no training could use it."""
    return list(_spoiling(levels)) or [
        *_doubts(levels, text),
        *_of_the_room(levels),
        *_of_the_browser(lost_seconds),
    ]


def _spoiling(levels: Levels) -> Iterator[Finding]:
    if levels.peak_dbfs < SILENT_DBFS:
        yield Finding(
            Severity.ERROR,
            Code.SILENT,
            "Nothing was heard.",
            "Is this the right microphone, and is it switched on?",
        )
    elif levels.spoken_seconds < SHORT_SECONDS:
        yield Finding(
            Severity.ERROR,
            Code.CLIP_SHORT,
            f"Too short: {levels.spoken_seconds:.1f} s of sound.",
            "Start, read the whole sentence, then stop.",
        )
    elif levels.spoken_seconds > LONGEST_SECONDS:
        yield Finding(
            Severity.ERROR,
            Code.CLIP_LONG,
            f"Too long: {levels.spoken_seconds:.0f} s, and training leaves out more than {LONGEST_SECONDS:.0f} s.",
            "Read one sentence, then stop.",
        )


def _doubts(levels: Levels, text: str) -> Iterator[Finding]:
    if levels.clipped_runs > MOST_CLIPPED_RUNS:
        yield _doubt(
            Code.CLIPPING,
            f"Too loud: cut off in {levels.clipped_runs} places.",
            "Turn the microphone down or move away from it, and retake.",
        )
    letters = sum(each.isalnum() for each in text)
    if letters > FASTEST_LETTERS_A_SECOND * levels.spoken_seconds:
        yield _doubt(
            Code.CLIP_SHORT,
            f"Too short for this sentence: {levels.spoken_seconds:.1f} s.",
            "Was the entire sentence read?",
        )
    elif letters >= FEWEST_LETTERS and letters < SLOWEST_LETTERS_A_SECOND * levels.spoken_seconds:
        yield _doubt(
            Code.CLIP_LONG,
            f"Too long for this sentence: {levels.spoken_seconds:.1f} s.",
            "Did it contain a pause or something else?",
        )
    elif levels.spoken_seconds > COMFORTABLE_SECONDS:
        yield _doubt(
            Code.CLIP_LONG,
            f"Long: {levels.spoken_seconds:.0f} s.",
            f"It can be used, but up to {COMFORTABLE_SECONDS:.0f} s train best.",
        )
    cut = levels.speech_dbfs - CUT_BELOW_SPEECH_DB
    if levels.first_dbfs > cut:
        yield _doubt(CUT_START, "It begins in the middle of a sound.", "Start, then speak.")
    if levels.last_dbfs > cut:
        yield _doubt(CUT_END, "It ends in the middle of a sound.", "Stop recording a moment later.")


def _of_the_room(levels: Levels) -> Iterator[Finding]:
    if levels.speech_dbfs < QUIET_DBFS:
        yield _doubt(
            Code.QUIET,
            f"Very quiet ({levels.speech_dbfs:.0f} dB).",
            "Move nearer, or turn the microphone up.",
        )
    above = levels.speech_dbfs - levels.noise_dbfs
    if levels.noise_dbfs > LOUD_NOISE_DBFS and above < LEAST_SPEECH_TO_NOISE_DB:
        yield _doubt(
            Code.NOISE,
            f"Noise: the pauses are only {above:.0f} dB below the voice, which learns it too.",
            "Go to a quieter room, or nearer to the microphone.",
        )


def _of_the_browser(lost_seconds: float) -> Iterator[Finding]:
    if lost_seconds > 0:
        yield _doubt(
            DROPOUT,
            f"The browser was busy and lost {1000 * lost_seconds:.0f} ms of sound.",
            "Retake, with less else open.",
        )


def _doubt(code: str, message: str, hint: str) -> Finding:
    return Finding(Severity.WARNING, code, message, hint)


def _rms_dbfs(frame: Sequence[float]) -> float:
    return _dbfs(math.sqrt(sum(map(mul, frame, frame)) / len(frame)))


def _dbfs(level: float) -> float:
    return max(FLOOR_DBFS, 20 * math.log10(level)) if level > 0 else FLOOR_DBFS


def _percentile(ranked: Sequence[float], percent: int) -> float:
    """With a straight line between two ranks."""
    at = (len(ranked) - 1) * percent / 100
    low = math.floor(at)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (at - low)


def _clipped_runs(samples: Iterable[float]) -> int:
    sides = (1 if each >= FULL_SCALE else -1 if each <= -FULL_SCALE else 0 for each in samples)
    runs = ((side, sum(1 for _ in run)) for side, run in groupby(sides))
    return sum(1 for side, length in runs if side and length >= CLIPPED_RUN_SAMPLES)
