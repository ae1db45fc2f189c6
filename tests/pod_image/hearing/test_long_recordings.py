"""Long recordings are fed in pieces of minutes, and cut where nobody speaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pod_image.hearing.long_recordings import cut_clips, next_piece
from pod_image.hearing.recogniser import RATE_HZ, HeardWord
from pod_image.hearing.speech import CHUNK_SECONDS


def speech(*spans: tuple[float, float], seconds: float) -> tuple[NDArray[np.float32], list[float]]:
    """Noise where somebody speaks and near silence elsewhere, with what a detector makes of it."""
    noise = np.random.default_rng(3).standard_normal(round(seconds * RATE_HZ)).astype("float32")
    loud = np.full(len(noise), 0.001, dtype="float32")
    for start, end in spans:
        loud[round(start * RATE_HZ) : round(end * RATE_HZ)] = 0.2
    chunks = round(seconds / CHUNK_SECONDS)
    found = [
        max(
            (1.0 for a, b in spans if a - 0.02 < (each + 0.5) * CHUNK_SECONDS < b + 0.02),
            default=0.0,
        )
        for each in range(chunks)
    ]
    return noise * loud, found


def test_a_piece_ends_in_the_longest_pause_between_five_and_ten_minutes() -> None:
    chunks = [1.0] * round(1500 / CHUNK_SECONDS)
    for second, length in ((310, 0.5), (420, 2.0), (590, 1.0), (700, 9.0)):
        first = round(second / CHUNK_SECONDS)
        chunks[first : first + round(length / CHUNK_SECONDS)] = [0.0] * round(
            length / CHUNK_SECONDS
        )
    assert abs(next_piece(chunks, 0.0) - 421) < 0.1
    assert 900 < next_piece(chunks, 600.0) <= 1200
    assert next_piece(chunks, 1000.0) == len(chunks) * CHUNK_SECONDS


def test_it_is_cut_in_the_silence_and_not_where_the_words_are_said_to_end() -> None:
    """The recogniser's own times lie 0.15 s inside the words, as Whisper's do."""
    sound, probabilities = speech((0.5, 5.0), (5.4, 10.0), seconds=11)
    words = [
        HeardWord("First", 0.5, 1.0, 0.9), HeardWord("sentence.", 1.0, 4.85, 0.9),
        HeardWord("Second", 5.55, 6.0, 0.9), HeardWord("one.", 6.0, 9.9, 0.9),
    ]  # fmt: skip
    clips = cut_clips(sound, probabilities, words)
    assert [each.heard.text for each in clips] == ["First sentence.", "Second one."]
    assert 5.0 <= clips[0].end <= clips[1].start <= 5.4
    assert clips[0].start <= 0.5
    assert clips[1].end >= 10.0


def test_no_cut_is_made_where_somebody_speaks_on() -> None:
    sound, probabilities = speech((0.5, 9.5), seconds=10)
    words = [HeardWord("One.", 0.5, 5.0, 0.9), HeardWord("Two.", 5.0, 9.5, 0.9)]
    assert [each.heard.text for each in cut_clips(sound, probabilities, words)] == ["One. Two."]


def test_short_sentences_are_joined_and_long_ones_parted_at_their_longest_pause() -> None:
    sound, probabilities = speech((0.2, 0.9), (1.3, 2.0), (3.0, 11.0), (11.6, 20.0), seconds=21)
    words = [
        HeardWord("Yes.", 0.2, 0.9, 0.9), HeardWord("No.", 1.3, 2.0, 0.9),
        HeardWord("A", 3.0, 5.0, 0.9), HeardWord("long", 5.0, 11.0, 0.9),
        HeardWord("sentence", 11.6, 15.0, 0.9), HeardWord("it", 15.0, 17.0, 0.9), HeardWord("is.", 17.0, 20.0, 0.9),
    ]  # fmt: skip
    texts = [each.heard.text for each in cut_clips(sound, probabilities, words)]
    assert texts == ["Yes. No. A long", "sentence it is."]


def test_where_nothing_is_said_there_is_no_clip() -> None:
    sound, probabilities = speech(seconds=3)
    assert cut_clips(sound, probabilities, []) == []
