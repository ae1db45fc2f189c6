"""What the agent is told of a wake word: voices to fetch, a program to run, what is kept and delivered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.wake_word import VOICES_COMMIT, model_name
from pod_image.contract.recipes.wake_word import WakeWordSettings as Own
from pod_image.contract.settings import SETTINGS, RecipeName, RunSettings
from pod_image.recipes.base import RemoteFile
from pod_image.recipes.wake_word.order import VARIABLE, Order
from pod_image.recipes.wake_word.recipe import WakeWordRecipe

RECIPE = WakeWordRecipe()


def settings(**given: Any) -> RunSettings:
    return RunSettings(recipe=RecipeName("wake-word"), **{"phrase": ("hey jarvis",), **given})


def test_each_voice_is_fetched_with_what_describes_it_at_one_commit() -> None:
    needs = RECIPE.needs(settings(wake_voices=("de_DE-thorsten_emotional-medium",)))
    path = "de/de_DE/thorsten_emotional/medium/de_DE-thorsten_emotional-medium.onnx"
    assert needs == tuple(
        RemoteFile("rhasspy/piper-voices", each, "model", VOICES_COMMIT, "voices")
        for each in (path, f"{path}.json")
    )


def test_what_is_given_beside_is_fetched_and_the_program_knows_whose_it_is() -> None:
    given = settings(
        backgrounds=("datasets/me/noise", "datasets/me/music"),
        negative_features=("datasets/me/hours@v1",),
    )
    fetched = RECIPE.needs(given)[4:]
    assert [each.repo for each in fetched] == ["me/noise", "me/music", "me/hours"]
    order = Order.model_validate_json(RECIPE.job(given).variables[VARIABLE])
    assert (order.backgrounds, order.room_responses, order.negative_features) == (2, 0, 1)


def test_the_program_hears_all_that_the_person_said() -> None:
    given = settings(
        near_miss=("hey travis",),
        wake_clips=700,
        wake_steps=900,
        layer_size=32,
        false_alarm_weight=7.0,
    )
    order = Order.model_validate_json(RECIPE.job(given).variables[VARIABLE])
    assert order.phrases == ("hey jarvis",)
    assert order.near_misses == ("hey travis",)
    assert order.name == "hey_jarvis"
    assert (order.clips, order.steps, order.layer_size, order.false_alarm_weight) == (
        700,
        900,
        32,
        7.0,
    )
    assert len(order.voices) == 2
    assert not order.has_recordings
    with_own = RECIPE.job(settings(dataset_repo="me/clips")).variables[VARIABLE]
    assert Order.model_validate_json(with_own).has_recordings


def test_the_run_fails_without_both_files_and_its_state_is_what_another_pod_goes_on_from() -> None:
    job = RECIPE.job(settings(wake_word_name="jarvis"))
    assert job.required == ("out/jarvis.onnx", "out/jarvis.tflite")
    assert job.checkpoints.patterns == ("state",)
    assert job.checkpoints.whole_with == ("state.json",)
    phases = [stage.phase for stage in RECIPE.stages(settings())]
    assert phases == [Phase.PREPARE, Phase.TRAIN]


def test_settings_that_the_clips_were_made_for_stay_when_a_run_goes_on() -> None:
    own = set(Own.model_fields) & {name for name, one in SETTINGS.items() if one.knob.is_settled}
    assert own >= {"phrase", "near_miss", "wake_voices"}


@pytest.mark.parametrize(
    ("phrase", "name"),
    [("Hey, Jarvis!", "hey_jarvis"), ("Grüß dich", "gru_dich"), ("привет дом", "wake_word")],
)
def test_files_are_named_after_the_phrase_in_letters_of_every_system(
    phrase: str, name: str
) -> None:
    assert model_name(Own.of(settings(phrase=(phrase,)))) == name


@pytest.mark.parametrize(
    "given",
    [
        {"phrase": ("!!",)},
        {"phrase": ("a" * 61,)},
        {"near_miss": ("12 34",)},
        {"wake_voices": ()},
        {"wake_voices": ("lessac",)},
        {"wake_voices": ("en_US-../../x-medium",)},
        {"wake_word_name": "Hey Jarvis"},
        {"negative_features": ("not a repo",)},
        {"wake_clips": 3},
    ],
)
def test_what_cannot_be_made_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**given)


def test_blanks_of_a_phrase_are_put_right() -> None:
    assert Own.of(settings(phrase=("  hey   jarvis ",))).phrase == ("hey jarvis",)


def test_the_card_tells_the_scores_and_how_it_is_used(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert "no model yet" in RECIPE.card(folder, settings()).markdown
    out = folder.out / "files" / "out"
    out.mkdir(parents=True)
    (out / "README.md").write_text(
        "# hey jarvis\n\nA wake word.\n\n## How well it hears\n\n| 0.5 |\n"
    )
    card = RECIPE.card(folder, settings())
    assert card.markdown == "A wake word.\n\n### How well it hears\n\n| 0.5 |"
    assert "wake-word" in card.front_matter["tags"]
