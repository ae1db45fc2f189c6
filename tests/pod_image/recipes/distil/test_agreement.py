"""Which clips are kept: by their sound, by their words, and by how long they are beside the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pod_image.contract.recipes.distil import DistilSettings
from pod_image.contract.settings import RunSettings
from pod_image.recipes.distil.agreement import Drop, Limits, chosen, why_dropped
from pod_image.recipes.distil.laid_beside import too_many
from pod_image.recipes.distil.rows import Row
from tests.pod_image.recipes.distil.made_clips import GOOD, LIMITS

TEXT = "The tide came in over the sand."


def row(**changes: Any) -> Row:
    return Row("a", TEXT, replace(GOOD, **changes))


def test_a_clip_that_says_its_sentence_is_kept() -> None:
    assert why_dropped(row(), LIMITS) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"peak": 0.001}, Drop.SILENT),
        ({"speech_seconds": 0.1}, Drop.SILENT),
        ({"clipped_share": 0.01}, Drop.CLIPPED),
        ({"tail": 0.9}, Drop.CUT),
        ({"head": 0.9}, Drop.CUT),
        ({"longest_pause_seconds": 1.3}, Drop.PAUSE),
        ({"least_probability": 0.009}, Drop.OTHER_WORDS),
        ({"too_many": "again", "too_many_probability": 0.9}, Drop.MORE_WORDS),
        ({"goes_on_seconds": 0.8}, Drop.MORE_WORDS),
    ],
)
def test_each_fault_drops_a_clip_by_its_name(changes: dict[str, Any], why: Drop) -> None:
    assert why_dropped(row(**changes), LIMITS) is why


def test_a_word_too_many_that_the_recogniser_is_not_sure_of_drops_nothing() -> None:
    assert why_dropped(row(too_many="a", too_many_probability=0.5), LIMITS) is None


def test_words_too_many_are_not_counted_in_a_language_without_spaces_between_words() -> None:
    said = row(too_many="海", too_many_probability=0.9)
    assert why_dropped(said, replace(LIMITS, language="zh_CN")) is None
    assert why_dropped(said, replace(LIMITS, language="en_GB")) is Drop.MORE_WORDS


def test_without_a_recogniser_the_sound_alone_decides() -> None:
    assert why_dropped(row(is_heard=False, least_probability=0.0), LIMITS) is None
    assert why_dropped(row(is_heard=False, peak=0.0), LIMITS) is Drop.SILENT


def test_what_was_not_said_and_what_cannot_be_read_are_told_apart() -> None:
    assert why_dropped(Row("a", TEXT, why_not="no", was_spoken=False), LIMITS) is Drop.NOT_SPOKEN
    assert why_dropped(Row("a", TEXT, why_not="It is empty."), LIMITS) is Drop.UNREADABLE


def test_the_thresholds_are_settings() -> None:
    settings = RunSettings(
        recipe="distil",
        least_word_probability=0.3,
        longest_pause_seconds=0.5,
        length_deviations=2,
        language="de_AT",
    )
    assert Limits.of(DistilSettings.of(settings)) == Limits(0.3, 0.5, 2.0, "de_AT")
    usual = Limits.of(DistilSettings.of(RunSettings(recipe="distil")))
    assert usual == replace(LIMITS, language="en_US")


def lasting(*seconds: float) -> dict[str, Row]:
    return {
        str(n): Row(str(n), TEXT, replace(GOOD, speech_seconds=each))
        for n, each in enumerate(seconds)
    }


USUAL = [2.6 + 0.02 * (n % 9) for n in range(30)]


def test_a_clip_that_lasts_far_too_long_or_too_short_for_its_text_is_dropped() -> None:
    rows = lasting(*USUAL, 5.0, 1.2)
    assert chosen(rows, LIMITS) == {"30": Drop.LENGTH, "31": Drop.LENGTH}
    assert chosen(rows, replace(LIMITS, length_deviations=100)) == {}


def test_lengths_are_learnt_from_the_clips_that_agree_alone() -> None:
    wrong = {
        f"w{n}": Row(f"w{n}", TEXT, replace(GOOD, speech_seconds=9.0, peak=0.0)) for n in range(60)
    }
    dropped = chosen({**lasting(*USUAL, 5.0), **wrong}, LIMITS)
    assert dropped["30"] is Drop.LENGTH
    assert {why for key, why in dropped.items() if key.startswith("w")} == {Drop.SILENT}
    assert len(dropped) == 61


def test_a_few_clips_say_nothing_of_what_is_usual() -> None:
    assert chosen(lasting(2.6, 2.6, 2.6, 9.0), LIMITS) == {}


def test_a_teacher_that_never_varies_is_not_held_to_nothing() -> None:
    assert chosen(lasting(*[2.6] * 30, 2.8), LIMITS) == {}


def heard(text: str) -> list[tuple[str, float]]:
    return [(word, 0.9) for word in text.split()]


@pytest.mark.parametrize(
    ("said", "told", "extra"),
    [
        ("the cat sat", "the cat sat", ""),
        ("the cat sat", "the big cat sat", "big"),
        ("the cat sat", "the cat sat the cat sat", "the cat sat"),
        ("the cat sat", "a dog sat", ""),
        ("the cat sat", "the cat", ""),
        ("", "thank you", "thank you"),
    ],
)
def test_words_are_laid_beside_each_other_at_least_cost(said: str, told: str, extra: str) -> None:
    assert " ".join(word for word, _ in too_many(said.split(), heard(told))) == extra


@pytest.mark.parametrize("why", Drop)
def test_every_reason_has_words(why: Drop) -> None:
    assert why.text
