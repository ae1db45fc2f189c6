"""Loudness of speech after ITU-R BS.1770-4, and the gain to a wanted one. Needs numpy."""

from __future__ import annotations

import importlib
from typing import Any

SPEECH_LUFS = -23.0
"""The broadcasters' reference (EBU R 128): loud enough, and far from clipping."""
PEAK_LIMIT = 10 ** (-1 / 20)
"""-1 dB of full scale: no gain goes beyond, for a clipped clip is worse than a quiet one."""
BLOCK_SECONDS, BLOCK_STEP = 0.4, 0.25
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0

# BS.1770's two filters, by their analogue parameters so that every sample rate has its own coefficients.
_SHELF_HZ, _SHELF_Q, _SHELF_DB = 1681.974450955533, 0.7071752369554196, 3.999843853973347
_HIGHPASS_HZ, _HIGHPASS_Q = 38.13547087602444, 0.5003270373238773


def integrated_lufs(wave: Any, rate_hz: int) -> float | None:
    """Gated loudness of a mono wave of floats in [-1, 1]; None when all of it is below the gate."""
    numpy = importlib.import_module("numpy")
    weighted = _weighted(numpy, wave.astype("float64"), rate_hz)
    size = min(len(weighted), round(BLOCK_SECONDS * rate_hz))
    if size == 0:
        return None
    starts = range(0, len(weighted) - size + 1, max(1, round(size * BLOCK_STEP)))
    powers = numpy.array([(weighted[at : at + size] ** 2).mean() for at in starts])
    loud = powers[_lufs(numpy, powers) > ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return None
    gate = _lufs(numpy, loud.mean()) + RELATIVE_GATE_LU
    return float(_lufs(numpy, loud[_lufs(numpy, loud) > gate].mean()))


def gain_to(wave: Any, rate_hz: int, wanted_lufs: float) -> float:
    """Factor that brings the wave to the wanted loudness, or as near as its peak allows; 1 for silence."""
    loudness = integrated_lufs(wave, rate_hz)
    peak = float(abs(wave).max()) if len(wave) else 0.0
    if loudness is None or peak == 0.0:
        return 1.0
    return min(10 ** ((wanted_lufs - loudness) / 20), PEAK_LIMIT / peak)


def _lufs(numpy: Any, power: Any) -> Any:
    return -0.691 + 10 * numpy.log10(numpy.maximum(power, 1e-12))


def _weighted(numpy: Any, wave: Any, rate_hz: int) -> Any:
    """The K-weighted wave: both filters applied at once as a spectrum, a second of zeros against wrap-around."""
    size = 1 << (len(wave) + rate_hz - 1).bit_length()
    z = numpy.exp(-2j * numpy.pi * numpy.arange(size // 2 + 1) / size)
    response = _response(z, *_shelf(numpy, rate_hz)) * _response(z, *_highpass(numpy, rate_hz))
    return numpy.fft.irfft(numpy.fft.rfft(wave, size) * response, size)[: len(wave)]


def _response(z: Any, b: tuple[float, ...], a: tuple[float, ...]) -> Any:
    return (b[0] + b[1] * z + b[2] * z**2) / (a[0] + a[1] * z + a[2] * z**2)


def _shelf(numpy: Any, rate_hz: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    k = numpy.tan(numpy.pi * _SHELF_HZ / rate_hz)
    high = 10 ** (_SHELF_DB / 20)
    band = high**0.4996667741545416
    bottom = 1 + k / _SHELF_Q + k * k
    b = (high + band * k / _SHELF_Q + k * k, 2 * (k * k - high), high - band * k / _SHELF_Q + k * k)
    a = (1.0, 2 * (k * k - 1) / bottom, (1 - k / _SHELF_Q + k * k) / bottom)
    return tuple(value / bottom for value in b), a


def _highpass(numpy: Any, rate_hz: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    k = numpy.tan(numpy.pi * _HIGHPASS_HZ / rate_hz)
    bottom = 1 + k / _HIGHPASS_Q + k * k
    a = (1.0, 2 * (k * k - 1) / bottom, (1 - k / _HIGHPASS_Q + k * k) / bottom)
    return (1.0, -2.0, 1.0), a
