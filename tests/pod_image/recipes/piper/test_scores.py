"""Scores say of a sound what was done to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pod_image.contract.scores import KINDS
from pod_image.recipes.piper.scores import (
    Recorded,
    mel_cepstra,
    mel_cepstral_distance_db,
    pitch_hz,
    score,
    silent_share,
)
from tests.kit.recordings import sentences

RATE_HZ = 22_050


@pytest.fixture(scope="module")
def spoken():
    return [soundfile.read(Path(path), dtype="float32")[0] for path, _ in sentences()[:3]]


def heard(*sounds):
    return [Recorded.of(sound, RATE_HZ) for sound in sounds]


def test_a_recording_scores_perfectly_against_itself(spoken):
    scores = score(spoken, heard(*spoken), RATE_HZ)
    assert scores.mel_cepstral_distance_db == pytest.approx(0, abs=1e-6)
    assert scores.duration_ratio == 1
    assert scores.clipped_share == scores.f0_semitones_off == 0


def test_the_distance_grows_with_noise_and_is_larger_to_another_sentence(spoken):
    draw = np.random.default_rng(1)
    loud = spoken[0] * 0.5
    a_little = spoken[0] + draw.normal(0, 0.003, len(spoken[0]))
    a_lot = spoken[0] + draw.normal(0, 0.1, len(spoken[0]))
    distances = [
        mel_cepstral_distance_db(each, spoken[0], RATE_HZ)
        for each in (loud, a_little, a_lot, spoken[1])
    ]
    assert distances[0] < 0.01
    assert distances[0] < distances[1] < distances[2]
    assert distances[1] < distances[3]


def test_the_alignment_is_the_cheapest_of_all_ways(spoken):
    """Against the textbook's loop over every cell."""
    a = mel_cepstra(spoken[0][20_000:30_000], RATE_HZ)
    b = mel_cepstra(spoken[1][20_000:26_000], RATE_HZ)
    gaps = np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2))
    cost = np.full((len(a) + 1, len(b) + 1), np.inf)
    cost[0, 0] = 0
    steps = np.zeros(cost.shape, int)
    for i in range(len(a)):
        for j in range(len(b)):
            ways = [(i, j), (i, j + 1), (i + 1, j)]
            way = min(ways, key=lambda each: cost[each])
            cost[i + 1, j + 1] = gaps[i, j] + cost[way]
            steps[i + 1, j + 1] = steps[way] + 1
    expected = 10 * np.sqrt(2) / np.log(10) * cost[-1, -1] / steps[-1, -1]
    found = mel_cepstral_distance_db(spoken[0][20_000:30_000], spoken[1][20_000:26_000], RATE_HZ)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("hz", [80.0, 130.0, 210.0, 380.0])
def test_pitch_is_found_under_overtones_and_noise(hz):
    time = np.arange(RATE_HZ) / RATE_HZ
    sound = sum(np.sin(2 * np.pi * hz * n * time) / n for n in range(1, 9))
    found = pitch_hz(sound + np.random.default_rng(2).normal(0, 0.05, len(time)), RATE_HZ)
    assert np.median(found) == pytest.approx(hz, rel=0.02)


def test_noise_and_silence_have_no_pitch():
    assert (
        len(pitch_hz(np.random.default_rng(3).normal(0, 0.1, RATE_HZ).astype(np.float32), RATE_HZ))
        < 5
    )
    assert len(pitch_hz(np.zeros(RATE_HZ, np.float32), RATE_HZ)) == 0
    scores = score(
        [np.zeros(RATE_HZ, np.float32)],
        heard(np.sin(np.arange(RATE_HZ, dtype=np.float32) / 20)),
        RATE_HZ,
    )
    assert (scores.f0_hz, scores.f0_semitones_off, scores.silent_share) == (0, 99, 1)


def test_clipping_silence_tempo_and_an_octave_are_each_told(spoken):
    other = [np.repeat(spoken[0], 2).clip(-0.1, 0.1) * 10]
    scores = score(other, heard(spoken[0]), RATE_HZ)
    assert scores.duration_ratio == pytest.approx(2)
    assert scores.clipped_share > 0.01
    assert scores.f0_semitones_off == pytest.approx(12, abs=1.5)
    padded = np.concatenate([spoken[0], np.zeros(len(spoken[0]), np.float32)])
    assert silent_share(padded) > 0.5 > silent_share(spoken[0])


def test_every_score_that_is_measured_has_words(spoken):
    said = score(spoken[:1], heard(spoken[0]), RATE_HZ).as_event()
    assert set(said) < set(KINDS)
