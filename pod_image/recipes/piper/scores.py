"""How good a voice is without listening: spoken held-out sentences against their recordings.

Plain arithmetic on sound; no torch, no weights of a judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pod_image.recipes.piper.quality import HOP_SAMPLES

Sound = NDArray[np.float32]
"""Mono, -1 to 1; a voice's own may go beyond."""
Floats = NDArray[np.float64]

CEPSTRA = 13
MELS = 40
WINDOW_SAMPLES = 1024
DECIBEL = 10.0 * np.sqrt(2.0) / np.log(10.0)
CLIPPED_AT = 0.999
SILENT_DECIBEL = -50.0
LOWEST_HZ, HIGHEST_HZ = 60.0, 420.0
VOICED_CORRELATION = 0.55


@dataclass(frozen=True)
class Scores:
    """Means over the sentences. Distances are to the same sentence as the target speaker said it."""

    mel_cepstral_distance_db: float
    """13 cepstra of 40 mel bands without the loudness, along the best alignment; compare only with its like."""
    duration_ratio: float
    """Spoken seconds over recorded seconds."""
    clipped_share: float
    """Samples at or beyond full scale, before anything is made quieter."""
    silent_share: float
    """Frames more than 50 dB below the loudest."""
    silent_share_of_recording: float
    f0_hz: float
    """Median pitch of voiced frames; 0 where none is voiced."""
    f0_semitones_off: float
    """How far that is from the recordings' median, up or down; 12 is an octave, 99 stands for no pitch at all."""

    def as_event(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Recorded:
    """A recorded sentence, listened to once: training compares with it at every checkpoint."""

    samples: int
    cepstra: Floats
    pitches: Floats
    silent_share: float

    @classmethod
    def of(cls, sound: Sound, rate_hz: int) -> Recorded:
        return cls(
            len(sound), mel_cepstra(sound, rate_hz), pitch_hz(sound, rate_hz), silent_share(sound)
        )


def score(spoken: Sequence[Sound], targets: Sequence[Recorded], rate_hz: int) -> Scores:
    """Spoken sentences against recordings of the same, in the same order; at least one."""
    # What is three times as long is wrong whatever it says; comparing all of it would only take memory.
    pairs = [
        (mel_cepstra(a[: 3 * b.samples], rate_hz), b.cepstra)
        for a, b in zip(spoken, targets, strict=True)
    ]
    ours = _median_pitch([pitch_hz(a, rate_hz) for a in spoken])
    target = _median_pitch([b.pitches for b in targets])
    off = abs(12.0 * np.log2(ours / target)) if ours and target else (99.0 if target else 0.0)
    return Scores(
        fmean(_distance_db(a, b) for a, b in pairs),
        fmean(len(a) / max(b.samples, 1) for a, b in zip(spoken, targets, strict=True)),
        fmean(float((np.abs(a) >= CLIPPED_AT).mean()) if len(a) else 0.0 for a in spoken),
        fmean(silent_share(a) for a in spoken),
        fmean(b.silent_share for b in targets),
        ours,
        float(off),
    )


# Mel-cepstral distance (Kubichek 1993), the two aligned by dynamic time warping


def mel_cepstral_distance_db(a: Sound, b: Sound, rate_hz: int) -> float:
    """Mean distance of aligned frames in dB; 0 for the same sound. Loudness does not count."""
    return _distance_db(mel_cepstra(a, rate_hz), mel_cepstra(b, rate_hz))


def _distance_db(first: Floats, second: Floats) -> float:
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    gaps = np.sqrt(squares.clip(0))
    total, steps = _cheapest_way(gaps)
    return float(DECIBEL * total / steps)


def mel_cepstra(sound: Sound, rate_hz: int) -> Floats:
    """[T, 13]: cepstra 1 to 13 of log-mel frames 256 samples apart. At least one frame."""
    frames = _frames(sound) * np.hanning(WINDOW_SAMPLES)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    # A floor below the loudest: else silence, which nobody hears, decides the distance.
    mels = power @ _mel_filters(rate_hz).T
    log_mel = np.log(np.maximum(mels, max(mels.max() * 1e-6, 1e-12)))
    angles = np.pi / MELS * np.outer(np.arange(1, CEPSTRA + 1), np.arange(MELS) + 0.5)
    cepstra: Floats = log_mel @ (np.cos(angles) / MELS).T
    return cepstra


def _mel_filters(rate_hz: int) -> Floats:
    """[40, 513] triangles on O'Shaughnessy's mel scale."""
    top = 2595.0 * np.log10(1.0 + rate_hz / 2 / 700.0)
    borders = 700.0 * (10.0 ** (np.linspace(0.0, top, MELS + 2) / 2595.0) - 1.0)
    bins = np.linspace(0.0, rate_hz / 2, WINDOW_SAMPLES // 2 + 1)
    left, centre, right = borders[:-2, None], borders[1:-1, None], borders[2:, None]
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    filters: Floats = np.maximum(np.minimum(rising, falling), 0.0)
    return filters


def _cheapest_way(gaps: Floats) -> tuple[float, int]:
    """Sum and number of steps of the cheapest monotonic way from corner to corner, one anti-diagonal at a time."""
    rows, columns = gaps.shape
    far = np.inf
    # Index i holds row i - 1; the entry before the first row stays infinite.
    before, last = np.full(rows + 1, far), np.full(rows + 1, far)
    steps_before, steps_last = np.zeros(rows + 1, int), np.zeros(rows + 1, int)
    for diagonal in range(rows + columns - 1):
        low, high = max(0, diagonal - columns + 1), min(rows, diagonal + 1)
        i = np.arange(low, high)
        ways = np.stack([before[i], last[i], last[i + 1]])
        counts = np.stack([steps_before[i], steps_last[i], steps_last[i + 1]])
        chosen = ways.argmin(axis=0)
        cost = ways[chosen, np.arange(len(i))]
        now, steps_now = np.full(rows + 1, far), np.zeros(rows + 1, int)
        now[i + 1] = gaps[i, diagonal - i] + (0.0 if diagonal == 0 else cost)
        steps_now[i + 1] = 1 + counts[chosen, np.arange(len(i))]
        before, last, steps_before, steps_last = last, now, steps_last, steps_now
    return float(last[rows]), int(steps_last[rows])


# Silence and pitch


def silent_share(sound: Sound) -> float:
    """Frames more than 50 dB below the loudest one; 1 for sound without any."""
    power = (_frames(sound) ** 2).mean(axis=1)
    if not power.max() > 1e-10:
        return 1.0
    return float((power < power.max() * 10 ** (SILENT_DECIBEL / 10)).mean())


def pitch_hz(sound: Sound, rate_hz: int) -> Floats:
    """Pitch of each voiced frame between 60 and 420 Hz, by the first strong peak of the autocorrelation."""
    width = 2 * WINDOW_SAMPLES
    frames = _frames(sound, width)
    loud = (frames**2).mean(axis=1)
    frames = frames[loud > loud.max() * 1e-3] if loud.max() > 0 else frames[:0]
    if not len(frames):
        return np.zeros(0)
    frames = frames - frames.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(frames, 2 * width, axis=1)) ** 2
    likeness = np.fft.irfft(spectrum, axis=1)[:, :width]
    # Fewer samples overlap the further apart they are; undo what that takes off.
    likeness = likeness / (likeness[:, :1] + 1e-12) * (width / (width - np.arange(width)))
    short, long = int(rate_hz / HIGHEST_HZ), int(rate_hz / LOWEST_HZ) + 1
    window = likeness[:, short - 1 : long + 1]
    inner = window[:, 1:-1]
    is_peak = (inner >= window[:, :-2]) & (inner > window[:, 2:])
    highest = np.where(is_peak, inner, 0.0).max(axis=1, keepdims=True)
    # The first peak nearly as high as the highest: a multiple of the period is as alike as the period.
    first = (is_peak & (inner >= 0.9 * highest)).argmax(axis=1)
    voiced = highest[:, 0] >= VOICED_CORRELATION
    found: Floats = rate_hz / (first[voiced] + short)
    return found


def _median_pitch(pitches: Sequence[Floats]) -> float:
    found = np.concatenate(pitches)
    return float(median(found)) if len(found) else 0.0


def _frames(sound: Sound, width: int = WINDOW_SAMPLES) -> Floats:
    """[T, width], 256 samples apart; sound shorter than one frame is filled up."""
    whole = np.asarray(sound, dtype=np.float64)
    if len(whole) < width:
        whole = np.pad(whole, (0, width - len(whole)))
    return sliding_window_view(whole, width)[::HOP_SAMPLES]
