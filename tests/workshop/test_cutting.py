"""Cuts lie in pauses, subtitles become sentences, loudness follows the standard."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from launcher.workshop.cutting import (
    LONGEST_CLIP_SECONDS,
    Span,
    cut_at_cues,
    cut_at_pauses,
    speech_spans,
)
from launcher.workshop.loudness import gain_to, integrated_lufs
from launcher.workshop.timed_text import Cue, sentences

FRAME = 0.032


def speech(*spans: tuple[float, float], length: float) -> list[float]:
    """One probability for each 32 ms: 0.95 inside the spans, 0.02 outside."""
    times = np.arange(round(length / FRAME)) * FRAME
    return [0.95 if any(start <= at < end for start, end in spans) else 0.02 for at in times]


def test_speech_is_found_with_breaths_bridged_and_clicks_dropped() -> None:
    heard = speech((1.0, 2.0), (2.1, 3.0), (5.0, 5.1), (6.0, 8.0), length=10)
    found = [(round(span.start, 1), round(span.end, 1)) for span in speech_spans(heard, FRAME)]
    assert found == [(1.0, 3.0), (6.0, 8.0)]


def test_phrases_are_joined_to_clips_and_padded_into_the_pauses() -> None:
    heard = speech((1, 4), (5, 8), (9, 12), (13, 16), length=20)
    clips = cut_at_pauses(speech_spans(heard, FRAME), heard, FRAME, 20.0)
    assert len(clips) == 2
    assert clips[0].start == pytest.approx(0.8, abs=FRAME)
    assert clips[0].end == pytest.approx(8.2, abs=FRAME)
    assert all(first.end <= second.start for first, second in pairwise(clips))


def test_speech_without_a_pause_is_cut_where_it_is_least_likely() -> None:
    heard = speech((0, 30), length=30)
    heard[round(9 / FRAME)] = 0.6
    clips = cut_at_pauses(speech_spans(heard, FRAME), heard, FRAME, 30.0)
    assert clips[0].end == pytest.approx(9.0, abs=0.05)
    assert all(clip.seconds <= LONGEST_CLIP_SECONDS for clip in clips)
    assert clips[-1].end == pytest.approx(30.0, abs=0.05)


def test_silence_gives_no_clips() -> None:
    assert cut_at_pauses([], [0.0] * 100, FRAME, 3.2) == []
    assert speech_spans([0.0] * 100, FRAME) == []


def test_cues_that_are_a_little_off_move_into_the_pauses() -> None:
    spans = [Span(1.0, 3.0), Span(4.0, 6.0)]
    clips = cut_at_cues([Cue(1.2, 3.3, "One."), Cue(3.8, 5.8, "Two.")], spans, 7.0)
    assert [(clip.text, round(clip.start, 2), round(clip.end, 2)) for clip in clips] == [
        ("One.", 0.8, 3.2),
        ("Two.", 3.8, 6.2),
    ]


def test_cues_never_overlap_and_stay_inside_the_recording() -> None:
    clips = cut_at_cues([Cue(0.0, 5.0, "One."), Cue(4.0, 99.0, "Two.")], [], 7.0)
    assert clips[1].start >= clips[0].end
    assert clips[1].end == 7.0


def test_cues_are_joined_until_the_sentence_ends() -> None:
    cues = [Cue(0, 2, "This is the"), Cue(2.1, 4, "whole sentence."), Cue(4.2, 6, "Next")]
    assert [cue.text for cue in sentences(cues)] == ["This is the whole sentence.", "Next"]
    far = [Cue(0, 2, "Not yet"), Cue(9, 10, "over")]
    assert len(sentences(far)) == 2


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 48_000])
def test_a_full_scale_tone_of_997_hz_measures_as_the_standard_says(rate_hz: int) -> None:
    tone = np.sin(2 * np.pi * 997 * np.arange(4 * rate_hz) / rate_hz).astype("float32")
    assert integrated_lufs(tone, rate_hz) == pytest.approx(-3.01, abs=0.05)
    assert integrated_lufs(tone / 10, rate_hz) == pytest.approx(-23.01, abs=0.05)


def test_silence_does_not_count_towards_loudness_and_gets_no_gain() -> None:
    rate_hz = 22_050
    tone = 0.1 * np.sin(2 * np.pi * 997 * np.arange(4 * rate_hz) / rate_hz)
    padded = np.concatenate([tone, np.zeros(8 * rate_hz)])
    assert integrated_lufs(padded, rate_hz) == pytest.approx(-23.0, abs=0.5)
    assert gain_to(np.zeros(rate_hz), rate_hz, -23.0) == 1.0
    assert gain_to(np.zeros(0), rate_hz, -23.0) == 1.0


def test_the_gain_stops_before_the_peak_clips() -> None:
    rate_hz = 22_050
    wave = 0.001 * np.sin(2 * np.pi * 300 * np.arange(2 * rate_hz) / rate_hz)
    wave[1000] = 0.5
    assert gain_to(wave, rate_hz, -23.0) * 0.5 == pytest.approx(10 ** (-1 / 20))
