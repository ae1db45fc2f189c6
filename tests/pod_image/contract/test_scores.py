"""The best checkpoint is the one that the rule names, and every score has words."""

from __future__ import annotations

import pytest

from pod_image.contract.scores import KINDS, faults_in, in_order, is_better, kind_of

GOOD = {
    "mel_cepstral_distance_db": 8.0,
    "duration_ratio": 1.0,
    "clipped_share": 0.0,
    "silent_share": 0.2,
    "silent_share_of_recording": 0.2,
}


@pytest.mark.parametrize(
    ("change", "better"),
    [
        ({"mel_cepstral_distance_db": 7.9}, True),
        ({"mel_cepstral_distance_db": 8.1}, False),
        ({}, False),
        ({"mel_cepstral_distance_db": 5.0, "duration_ratio": 1.5}, False),
        ({"mel_cepstral_distance_db": 5.0, "duration_ratio": 0.6}, False),
        ({"mel_cepstral_distance_db": 5.0, "clipped_share": 0.01}, False),
        ({"mel_cepstral_distance_db": 5.0, "silent_share": 0.5}, False),
    ],
)
def test_the_best_is_without_faults_and_then_nearest_to_the_recordings(
    change: dict[str, float], better: bool
) -> None:
    assert is_better(GOOD | change, GOOD) is better


def test_one_without_faults_beats_a_nearer_one_with_them() -> None:
    assert is_better(GOOD, GOOD | {"mel_cepstral_distance_db": 5.0, "duration_ratio": 1.5})


def test_where_nothing_is_held_out_the_newer_is_the_better() -> None:
    assert is_better({}, {})
    assert is_better(GOOD, None)
    assert is_better({"validation_mel": 0.4}, {"validation_mel": 0.5})
    assert not is_better({"validation_mel": 0.5}, {"validation_mel": 0.4})


def test_faults_are_named() -> None:
    assert faults_in(GOOD) == ()
    wrong = {"duration_ratio": 1.5, "clipped_share": 0.1, "silent_share": 0.9}
    assert faults_in(wrong) == ("speaks too slowly", "clips", "too much silence")
    assert faults_in({"duration_ratio": 0.5}) == ("speaks too fast",)


def test_a_score_is_read_with_its_unit_and_one_of_a_newer_image_in_its_own_words() -> None:
    assert kind_of("mel_cepstral_distance_db").text(6.4249) == "6.425 dB"
    assert kind_of("clipped_share").text(0.004) == "0.4 %"
    assert kind_of("words_misheard").title == "Words misheard"
    assert kind_of("words_misheard").text(0.25) == "0.25"


def test_what_decides_stands_first_and_what_nobody_knows_last() -> None:
    assert in_order(["newer", "f0_hz", "validation_mel", "mel_cepstral_distance_db"]) == [
        "mel_cepstral_distance_db", "validation_mel", "f0_hz", "newer",
    ]  # fmt: skip
    assert all(kind.title and kind.about for kind in KINDS.values())


def test_scores_in_one_column_have_the_same_number_of_decimals() -> None:
    distance = kind_of("mel_cepstral_distance_db")
    assert distance.column([8.0, 6.8, None, 6.71]) == ["8.00 dB", "6.80 dB", "", "6.71 dB"]
    assert kind_of("clipped_share").column([0.004, 0.01, 0.0]) == ["0.4 %", "1.0 %", "0.0 %"]
    assert kind_of("loss").column([1e-5, 0.25, float("nan")]) == ["1e-05", "0.25", "nan"]
    assert distance.column([8.0, 7.0]) == ["8 dB", "7 dB"]
    assert distance.column([]) == []
