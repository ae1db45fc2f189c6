"""What a plan says of a wake word before anything is rented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from launcher.config import Config
from launcher.emulator.hub import HubEmulator
from launcher.presets import find_preset
from launcher.recipes.wake_word.recipe import WakeWordRecipe
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.recipes.wake_word import WakeWordSettings, voice_path
from pod_image.contract.settings import SETTINGS, RecipeName, RunSettings
from pod_image.hub import Hub
from tests.kit.hub_access import hub_of
from tests.kit.plans import offer
from tests.kit.published_voices import publish_voices

RECIPE = WakeWordRecipe()
MANY, FEW, DAMAGED = "en_US-libritts_r-medium", "en_US-joe-medium", "de_DE-nobody-low"


def settings(**given: Any) -> RunSettings:
    return RunSettings(recipe=RecipeName("wake-word"), **{"phrase": ("hey jarvis",), **given})


def said(found: tuple[Finding, ...], code: str) -> list[tuple[Severity, str]]:
    return [(each.severity, str(each.message)) for each in found if each.code == code]


def test_the_plan_says_what_is_made_in_one_line() -> None:
    given = settings(phrase=("hey jarvis", "jarvis"), wake_clips=1_000)
    assert RECIPE.summary(given, resume=False) == (
        "wake word “hey jarvis”, “jarvis”: 1,000 clips, 20,000 steps"
    )
    assert RECIPE.summary(given, resume=True).endswith(", continued")


def test_more_clips_cost_more_and_what_has_to_be_fetched_is_not_guessed() -> None:
    found = [
        RECIPE.estimate(settings(wake_clips=clips), None, offer(), ()) for clips in (1_000, 10_000)
    ]
    few, many = (one for one in found if one is not None)
    assert 0 < few.hours < many.hours < 1
    assert few.cost_usd == few.hours * offer().price_per_hour_usd
    assert "10,000 clips" in many.basis
    given = settings(negative_features=("datasets/me/hours",))
    assert RECIPE.estimate(given, None, offer(), ()) is None


def test_a_phrase_cannot_wake_and_not_wake() -> None:
    found = RECIPE.findings(settings(near_miss=("Hey Jarvis",)), None)
    assert said(found, "wake_word") == [
        (Severity.ERROR, "“hey jarvis” cannot be the wake word and a phrase that must not wake it.")
    ]


def test_a_short_phrase_is_warned_of() -> None:
    assert [
        severity
        for severity, _ in said(RECIPE.findings(settings(phrase=("anna",)), None), "wake_word")
    ] == [Severity.WARNING]
    assert said(RECIPE.findings(settings(), None), "wake_word") == []


def test_voices_of_two_languages_are_told() -> None:
    given = settings(wake_voices=("en_US-joe-medium", "de_DE-thorsten-medium"))
    assert "de and en" in said(RECIPE.findings(given, None), "wake_voices")[0][1]
    assert said(RECIPE.findings(settings(), None), "wake_voices") == []


def test_what_it_never_heard_is_told_unless_hours_are_given() -> None:
    assert said(RECIPE.findings(settings(), None), "other_sound")
    given = settings(negative_features=("datasets/me/hours",))
    assert not said(RECIPE.findings(given, None), "other_sound")


def test_a_gpu_that_waits_for_its_clips_does_not_end_the_run_unsaid() -> None:
    ((severity, words),) = said(RECIPE.findings(settings(), None), "idle_gpu")
    assert severity is Severity.WARNING
    assert "23 minutes on the processor" in words
    assert not said(RECIPE.findings(settings(wake_clips=1_000), None), "idle_gpu")
    preset = find_preset(Config(Path(), Path()), "wake-word").values
    given = settings(**{name: value for name, value in preset.items() if name != "recipe"})
    assert not said(RECIPE.findings(given, None), "idle_gpu")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with HubEmulator(tmp_path_factory.mktemp("hub"), xet=False) as running:
        described = {MANY: {"num_speakers": 904}, FEW: {"num_speakers": 1}, DAMAGED: ["no voice"]}
        files = {
            f"{voice_path(name)}{ending}": raw
            for name, value in described.items()
            for ending, raw in (("", b"weights"), (".json", json.dumps(value).encode()))
        }
        publish_voices(running, files)
        yield hub_of(running, "read")


@pytest.mark.parametrize(
    ("voices", "severity", "words"),
    [
        ((MANY, FEW), Severity.NOTE, "905 different"),
        ((FEW,), Severity.WARNING, "Only 1 voice"),
        ((DAMAGED,), Severity.WARNING, "Only 1 voice"),
        ((MANY, "en_US-nobody-high"), Severity.ERROR, "no voice en_US-nobody-high"),
    ],
)
def test_voices_are_looked_up_where_the_pod_will_fetch_them(
    hub: Hub, voices: tuple[str, ...], severity: Severity, words: str
) -> None:
    (finding,) = RECIPE.look_at_start(hub, settings(wake_voices=voices)).findings
    assert finding.severity is severity
    assert words in str(finding.message)


def test_a_hub_without_the_voices_is_told_and_rents_nothing(tmp_path: Path) -> None:
    with HubEmulator(tmp_path / "hub", xet=False) as running:
        empty = hub_of(running, "read")
        (finding,) = RECIPE.look_at_start(empty, settings()).findings
    assert finding.severity is Severity.ERROR
    assert "cannot be looked up" in str(finding.message)


def test_the_preset_needs_nothing_but_the_phrase(tmp_path: Path) -> None:
    preset = find_preset(Config(tmp_path, tmp_path), "wake-word")
    assert preset.values["recipe"] == "wake-word"
    required = [name for name, one in SETTINGS.items() if one.is_required({**preset.values})]
    own = [name for name in required if name in WakeWordSettings.model_fields]
    assert "phrase" in own
    assert "dataset_repo" not in own


def test_pages_know_what_is_shown_of_it() -> None:
    assert RECIPE.shown.result is not None
    assert RECIPE.shown.result.name == "wake word"
    assert set(RECIPE.shown.loss_titles) >= {"heard", "near_misses_taken", "false_alarms_per_hour"}
