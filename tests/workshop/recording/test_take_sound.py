"""What is said of a take: the same as the check would say, and at once."""

from __future__ import annotations

import io
import math
import random
import wave
from array import array
from collections.abc import Sequence

import numpy
import pytest

from launcher.workshop.listening import measure as measured_by_check
from launcher.workshop.recording.take_sound import (
    CUT_END,
    CUT_START,
    DROPOUT,
    UnusableSound,
    findings_of,
    measure,
    samples_of,
    wav_of,
)
from pod_image.contract.findings import Severity
from pod_image.dataset import Code

RATE_HZ = 16_000
TEXT = "The ferry leaves the harbour at a quarter past six."


def tone(seconds: float, level: float) -> list[float]:
    count = round(seconds * RATE_HZ)
    return [level * math.sin(2 * math.pi * 220 * n / RATE_HZ) for n in range(count)]


def hiss(seconds: float, level: float) -> list[float]:
    drawn = random.Random(7)
    return [drawn.gauss(0, level) for _ in range(round(seconds * RATE_HZ))]


def take(*parts: Sequence[float]) -> array[float]:
    return array("f", [each for part in parts for each in part])


def spoken(
    seconds: float = 3.0, level: float = 0.3, noise: float = 0.0005, edge: float = 0.3
) -> array[float]:
    return take(hiss(edge, noise), tone(seconds, level), hiss(edge, noise))


def said(samples: array[float], text: str = TEXT, lost_seconds: float = 0.0) -> list[str]:
    return [each.code for each in findings_of(measure(samples, RATE_HZ), text, lost_seconds)]


def test_of_a_good_take_nothing_is_said() -> None:
    assert said(spoken()) == []


def test_levels_are_those_of_the_check() -> None:
    drawn = random.Random(3)
    for level in (0.001, 0.2, 1.0):
        samples = take(
            hiss(0.31, 0.002),
            [max(-1.0, min(1.0, each)) for each in hiss(0.7, level)],
            tone(0.5 + drawn.random(), level),
        )
        ours, theirs = (
            measure(samples, RATE_HZ),
            measured_by_check(numpy, numpy.array(samples), RATE_HZ),
        )
        assert ours.peak_dbfs == pytest.approx(theirs.peak_dbfs, abs=0.001)
        assert ours.speech_dbfs == pytest.approx(theirs.speech_dbfs, abs=0.001)
        assert ours.noise_dbfs == pytest.approx(theirs.noise_dbfs, abs=0.001)
        assert ours.clipped_runs == theirs.clipped_runs


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        (take([0.0] * RATE_HZ), Code.SILENT),
        (take(hiss(2, 0.0005)), Code.SILENT),
        (spoken(seconds=0.3), Code.CLIP_SHORT),
        (spoken(seconds=20.5), Code.CLIP_LONG),
    ],
)
def test_a_take_that_no_training_could_use_is_spoilt(samples: array[float], code: str) -> None:
    found = findings_of(measure(samples, RATE_HZ), TEXT)
    assert [(each.code, each.severity) for each in found] == [(code, Severity.ERROR)]


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        (spoken(level=2.0), Code.CLIPPING),
        (spoken(seconds=1.0), Code.CLIP_SHORT),
        (spoken(seconds=13.0), Code.CLIP_LONG),
        (spoken(edge=0.0), CUT_START),
        (take(hiss(0.3, 0.0005), tone(3, 0.3)), CUT_END),
        (spoken(level=0.01), Code.QUIET),
        (spoken(level=0.1, noise=0.02), Code.NOISE),
    ],
)
def test_a_take_that_can_be_bettered_is_kept_and_its_fault_named(
    samples: array[float], code: str
) -> None:
    clipped = array("f", (max(-1.0, min(1.0, each)) for each in samples))
    found = findings_of(measure(clipped, RATE_HZ), TEXT)
    assert code in [each.code for each in found]
    assert all(each.severity is Severity.WARNING for each in found)


def test_lost_sound_is_said_with_its_length() -> None:
    (found,) = findings_of(measure(spoken(), RATE_HZ), TEXT, lost_seconds=0.026)
    assert found.code == DROPOUT
    assert "lost 26 ms" in str(found.message)


def test_a_wav_file_holds_the_samples_at_the_rate_of_the_microphone() -> None:
    samples = array("f", [0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0])
    with wave.open(io.BytesIO(wav_of(samples, 44_100))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 44_100)
        heard = array("h", file.readframes(100))
    assert list(heard) == [0, 16_384, -16_384, 32_767, -32_767, 32_767, -32_767]


@pytest.mark.parametrize(
    ("raw", "rate_hz", "said"),
    [
        (b"", 48_000, "did not arrive completely"),
        (b"abc", 48_000, "did not arrive completely"),
        (bytes(8), 1, "No microphone records at 1 Hz"),
        (bytes(8), 10**9, "No microphone records at 1,000,000,000 Hz"),
        (bytes(4 * 8_000 * 61), 8_000, "Longer than 60 s"),
        (array("f", [0.0, math.nan]).tobytes(), 48_000, "cannot be read"),
        (array("f", [math.inf, 0.0]).tobytes(), 48_000, "cannot be read"),
    ],
)
def test_what_is_no_take_is_refused(raw: bytes, rate_hz: int, said: str) -> None:
    with pytest.raises(UnusableSound, match=said):
        samples_of(raw, rate_hz)


def test_samples_come_back_as_they_were_sent() -> None:
    sent = numpy.array([0.25, -0.75], dtype="<f4")
    assert list(samples_of(sent.tobytes(), 48_000)) == [0.25, -0.75]
