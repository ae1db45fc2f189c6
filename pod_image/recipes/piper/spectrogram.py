"""Waveforms to linear and mel spectrograms, at the settings every Piper voice is trained with."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pod_image.recipes.piper.quality import HOP_SAMPLES

WINDOW_SAMPLES = 1024
MELS = 80
EDGE_SAMPLES = (WINDOW_SAMPLES - HOP_SAMPLES) // 2
SMALLEST_POWER = 1e-6
SMALLEST_MEL = 1e-5


def linear_spectrogram(wave: Tensor) -> Tensor:
    """Magnitudes [B, 513, samples // 256] of waveforms [B, samples] in -1..1; the edges are mirrored."""
    mirrored = functional.pad(wave.unsqueeze(1), (EDGE_SAMPLES, EDGE_SAMPLES), mode="reflect")
    return spectrogram_of_mirrored(mirrored.squeeze(1))


def spectrogram_of_mirrored(wave: Tensor) -> Tensor:
    """As `linear_spectrogram`, for waveforms that carry 384 samples of edge on both sides already."""
    with torch.autocast(wave.device.type, enabled=False):
        window = torch.hann_window(WINDOW_SAMPLES, device=wave.device)
        bins = torch.stft(
            wave.float(),
            WINDOW_SAMPLES,
            HOP_SAMPLES,
            window=window,
            center=False,
            return_complex=True,
        )
        return (bins.real.square() + bins.imag.square() + SMALLEST_POWER).sqrt()


def mel_of_spectrogram(spectrogram: Tensor, sample_rate_hz: int) -> Tensor:
    """Log-mel [B, 80, T] of a linear spectrogram [B, 513, T]."""
    with torch.autocast(spectrogram.device.type, enabled=False):
        filters = _filters_on(sample_rate_hz, str(spectrogram.device))
        return (filters @ spectrogram.float()).clamp_min(SMALLEST_MEL).log()


def mel_of_wave(wave: Tensor, sample_rate_hz: int) -> Tensor:
    """Log-mel [B, 80, samples // 256] of waveforms [B, samples]."""
    return mel_of_spectrogram(linear_spectrogram(wave.float()), sample_rate_hz)


@lru_cache(maxsize=8)
def _filters_on(sample_rate_hz: int, device: str) -> Tensor:
    return torch.from_numpy(mel_filters(sample_rate_hz)).to(device)


def mel_filters(sample_rate_hz: int) -> NDArray[np.float32]:
    """[80, 513] triangles of equal area, spaced evenly on Slaney's mel scale from 0 Hz to half the rate.

    The scale of Slaney's Auditory Toolbox (1998): linear below 1 kHz, logarithmic above.
    """
    top = _to_mel(np.float64(sample_rate_hz / 2))
    borders = _to_hz(np.linspace(0.0, float(top), MELS + 2))
    bins = np.linspace(0.0, sample_rate_hz / 2, WINDOW_SAMPLES // 2 + 1)
    left, centre, right = borders[:-2, None], borders[1:-1, None], borders[2:, None]
    triangles = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))
    areas = 2.0 / (right - left)
    return (np.maximum(triangles, 0.0) * areas).astype(np.float32)


_HZ_PER_MEL = 200.0 / 3.0
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def _to_mel(hz: np.float64) -> np.float64:
    if hz < _BREAK_HZ:
        return np.float64(hz / _HZ_PER_MEL)
    return np.float64(_BREAK_MEL + np.log(hz / _BREAK_HZ) / _LOG_STEP)


def _to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _HZ_PER_MEL, above)
