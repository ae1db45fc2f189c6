"""Settings of earlier releases are taken over; age alone refuses nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pod_image.contract import older_settings
from pod_image.contract.older_settings import (
    check_tables,
    known_settings,
    recorded_settings,
    taken_over,
    todays_name,
)
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.contract.settings import SETTINGS
from tests.kit.older_release import older_vocabulary  # noqa: F401  (a fixture)

RELEASED = {
    "0.1.0": """
        recipe dataset_repo dataset_revision results_repo run_id voice_name language espeak_voice quality speakers
        base_checkpoint argv outputs epochs max_steps train_minutes batch_size learning_rate validation_split
        checkpoint_minutes seed no_better_checkpoints precision kernel_search compile sample_sentences gpu_types
        gpu_count cloud data_centers disk_gb image registry min_cuda_version max_hours max_cost_usd boot_minutes
        gpu_idle_minutes stall_minutes
    """,
}
"""The settings of each release, as it had them: nothing is ever taken out here."""


@pytest.mark.parametrize("release", RELEASED)
def test_every_setting_that_a_release_had_is_one_or_is_said_to_be_none_any_more(
    release: str,
) -> None:
    lost = [
        name
        for name in RELEASED[release].split()
        if todays_name(name) not in SETTINGS and name not in older_settings.RETIRED
    ]
    assert lost == [], "give each a line in pod_image/contract/older_names.py"


@pytest.mark.usefixtures("older_vocabulary")
@pytest.mark.parametrize(
    ("written", "values", "words"),
    [
        ({"rounds": 7}, {"epochs": 7}, ["rounds is now called epochs."]),
        ({"passes": 7}, {"epochs": 7}, ["passes is now called epochs."]),
        ({"rounds": 7, "epochs": 9}, {"epochs": 9}, ["which is set too; rounds is ignored"]),
        ({"passes": 7, "rounds": 9}, {"epochs": 7}, ["passes is now called", "rounds is ignored"]),
        ({"mel_bands": 80, "seed": 1}, {"seed": 1}, ["ignored: the voice has as many as its"]),
        ({"sed": 1}, {"sed": 1}, []),
    ],
)
def test_older_names_are_taken_over_and_said(
    written: dict[str, Any], values: dict[str, Any], words: list[str]
) -> None:
    found = taken_over(written)
    assert found.values == values
    assert len(found.notes) == len(words)
    assert all(word in note for word, note in zip(words, found.notes, strict=True))


@pytest.mark.usefixtures("older_vocabulary")
def test_what_another_release_wrote_is_left_out_where_it_means_nothing_and_said() -> None:
    found = taken_over({"rounds": 99_999_999, "frobnicate": 1, "seed": 3}, of_another_release=True)
    assert found.values == {"seed": 3}
    assert found.notes == (
        "rounds is now called epochs.",
        "frobnicate is not a setting in this release and is ignored.",
        "epochs is ignored: this release does not accept its value.",
    )


@pytest.mark.usefixtures("older_vocabulary")
def test_a_run_of_the_history_stands_under_todays_names_with_all_it_had() -> None:
    text = json.dumps({"epochs": 1, "rounds": 7, "mel_bands": 80, "seed": 3})
    assert recorded_settings(text) == {"epochs": 1, "mel_bands": 80, "seed": 3}
    assert PiperSettings.of(known_settings(text)).epochs == 1


@pytest.mark.parametrize(
    ("table", "name", "now", "words"),
    [
        ("RENAMED", "epochs", "seed", "epochs is a setting"),
        ("RETIRED", "epochs", "gone", "epochs is a setting"),
        ("RENAMED", "rounds", "turns", "turns, which is no setting"),
    ],
)
def test_a_table_that_contradicts_the_settings_is_an_error(
    monkeypatch: pytest.MonkeyPatch, table: str, name: str, now: str, words: str
) -> None:
    monkeypatch.setitem(getattr(older_settings, table), name, now)
    with pytest.raises(TypeError, match=words):
        check_tables()
