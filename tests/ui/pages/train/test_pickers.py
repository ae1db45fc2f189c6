"""Values are chosen beside their fields: by what the marker says, for any recipe, as if they had been typed."""

from __future__ import annotations

from nicegui import ElementFilter
from nicegui.testing import User

from launcher.emulator.hub.faults import Rule, refused
from launcher.forms.fields import form_field
from launcher.presets import Preset, find_preset
from launcher.ui.pages.train.form import Choice
from launcher.ui.state.drafts import Draft
from launcher.ui.widgets.elements import Button
from launcher.ui.widgets.inputs import Player
from launcher.ui.widgets.picker import Picker
from pod_image.contract.knobs import Picks
from pod_image.contract.settings import RECIPES, SETTINGS
from tests.kit.choices import SOUND, THORSTEN, THORSTEN_CHECKPOINT, publish_piper, put_repos
from tests.kit.page_verbs import (
    enter,
    even_hidden,
    only,
    press,
    tell,
    until,
    value_of,
    visit,
)
from tests.ui.conftest import Ground

BASE = f"datasets/rhasspy/piper-checkpoints/{THORSTEN_CHECKPOINT}"


def pickers(user: User) -> list[Picker]:
    with user:
        return list(ElementFilter(kind=Picker, only_visible=False))


async def open_list(user: User, name: str) -> Picker:
    before = {picker.id for picker in pickers(user)}
    press(user, even_hidden(user, Button, f"choose-{name}"))
    await until(lambda: bool({picker.id for picker in pickers(user)} - before))
    return next(picker for picker in pickers(user) if picker.id not in before)


async def test_a_base_voice_is_heard_and_chosen_and_the_field_stays_typeable(
    person: User, ground: Ground
) -> None:
    publish_piper(ground.core)
    await visit(person, "/train?preset=finetune-medium")
    enter(person, "language", "de-de")
    picker = await open_list(person, "base_checkpoint")
    first = picker.rows[0]
    assert (first["value"], first["best"]) == (BASE, True)
    assert first["reason"].startswith("Fits best: it speaks German (Germany)")
    tell(person, picker, "look", BASE)
    await person.should_see("Licence, as its card says")
    await person.should_see("CC0")
    player = only(person, Player, "")
    assert player._props["src"] == f"/voice-samples/{THORSTEN}"
    answer = await ground.answer(f"/voice-samples/{THORSTEN}")
    assert answer.content == SOUND
    assert "sandbox" in answer.headers["content-security-policy"]
    tell(person, picker, "pick", BASE)
    await until(lambda: value_of(person, "base_checkpoint") == BASE)
    enter(person, "base_checkpoint", "me/mine/voice.ckpt")
    assert value_of(person, "base_checkpoint") == "me/mine/voice.ckpt"


async def test_only_sounds_that_were_fetched_are_served(person: User, ground: Ground) -> None:
    for odd in ("de_DE-nobody-medium", "..%2f..%2fconfig%2fpreferences.toml", "x"):
        assert (await ground.answer(f"/voice-samples/{odd}")).status_code == 404


async def test_a_voice_without_a_sound_and_a_hub_that_is_away_are_said(
    person: User, ground: Ground
) -> None:
    publish_piper(ground.core)
    await visit(person, "/train?preset=finetune-medium")
    picker = await open_list(person, "base_checkpoint")
    silent = next(one["value"] for one in picker.rows if "amy" in one["title"])
    tell(person, picker, "look", silent)
    await person.should_see("No sample was published.")
    ground.core.faults.switch_on("rate-limited")
    tell(person, picker, "look", BASE)
    await person.should_see("The sample is not available.")


async def test_offline_the_list_says_so_and_offers_what_the_launcher_knows(
    person: User, ground: Ground
) -> None:
    ground.core.faults.add(Rule(".*", times=1_000, refusal=refused(403, "not here")))
    await visit(person, "/train?preset=finetune-medium")
    picker = await open_list(person, "base_checkpoint")
    await person.should_see("The list of published voices is not available")
    assert any("thorsten" in one["title"] for one in picker.rows)


async def test_a_language_is_chosen_by_name_and_told_by_name(person: User) -> None:
    await visit(person, "/train?preset=finetune-medium")
    await person.should_see("English (United States)")
    picker = await open_list(person, "language")
    german = next(one for one in picker.rows if one["title"] == "German (Germany)")
    assert "Deutsch" in german["detail"]
    tell(person, picker, "pick", german["value"])
    await until(lambda: value_of(person, "language") == "de_DE")
    await person.should_see("German (Germany)")
    for typed, code in (("pl_PL", "pl_PL"), ("Czech (Czechia)", "cs_CZ"), ("pt-br", "pt_BR")):
        enter(person, "language", typed)
        assert value_of(person, "language") == code


async def test_datasets_and_repos_are_those_of_the_token_and_a_new_one_may_be_named(
    holder: User, ground: Ground
) -> None:
    put_repos(ground.core, "dataset", "demo", 2, is_private=True)
    put_repos(ground.core, "model", "demo", 1)
    await visit(holder, "/train?preset=finetune-medium")
    picker = await open_list(holder, "dataset_repo")
    assert [one["value"] for one in picker.rows] == ["demo/set-1", "demo/set-0"]
    assert picker.rows[0]["marks"] == ("private",)
    tell(holder, picker, "pick", "demo/set-0")
    await until(lambda: value_of(holder, "dataset_repo") == "demo/set-0")
    asked = len(ground.core.log)
    results = await open_list(holder, "results_repo")
    assert results.rows[0]["title"] == "New private repo demo/set-0-results"
    assert results._props["makes"] == ["demo"]
    tell(holder, results, "pick", "demo/of-my-own")
    await until(lambda: value_of(holder, "results_repo") == "demo/of-my-own")
    assert (
        len(
            [
                row
                for row in ground.core.log[asked:]
                if "api/models?" in row.path or "whoami" in row.path
            ]
        )
        <= 4
    )


async def test_a_list_is_asked_for_once_for_a_while(holder: User, ground: Ground) -> None:
    put_repos(ground.core, "dataset", "demo", 1)
    await visit(holder, "/train?preset=finetune-medium")
    await open_list(holder, "dataset_repo")
    asked = len(ground.core.log)
    await open_list(holder, "dataset_repo")
    assert len(ground.core.log) == asked


async def test_without_a_token_it_is_said_where_to_give_one(person: User) -> None:
    await visit(person, "/train?preset=finetune-medium")
    press(person, even_hidden(person, Button, "choose-dataset_repo"))
    await person.should_see("There is no Hugging Face token that reads the dataset yet")
    await person.should_see("A repo can also be typed, as owner/name.")
    assert pickers(person) == []


async def test_a_run_to_go_on_with_brings_what_it_began_with(holder: User, ground: Ground) -> None:
    ground.push_run_record("demo/voice", language="de_DE", quality="low", dataset_repo="demo/clips")
    await visit(holder, "/train?preset=finetune-medium")
    enter(holder, "results_repo", "demo/voice")
    picker = await open_list(holder, "run_id")
    assert [one["title"] for one in picker.rows] == ["run-01 of demo/voice"]
    tell(holder, picker, "pick", "run-01")
    await until(lambda: value_of(holder, "run_id") == "run-01")
    assert value_of(holder, "language") == "de_DE"
    assert value_of(holder, "dataset_repo") == "demo/clips"
    assert value_of(holder, "resume") == "True"


async def test_a_list_setting_gets_the_chosen_value_beside_what_it_has(
    person: User, ground: Ground
) -> None:
    publish_piper(ground.core)
    await visit(person, "/train")
    person.find(marker="train-wake-word").trigger("change")
    picker = await open_list(person, "wake_voices")
    tell(person, picker, "pick", THORSTEN)
    await until(lambda: THORSTEN in value_of(person, "wake_voices"))
    assert value_of(person, "wake_voices").splitlines()[0] == "en_US-libritts_r-medium"


async def test_each_recipe_gets_the_lists_that_its_markers_name(person: User) -> None:
    assert {one.knob.picks for one in SETTINGS.values() if one.knob.picks} == set(Picks)
    await visit(person, "/train")
    for recipe in RECIPES:
        person.find(marker=f"train-{recipe}").trigger("change")
        with person:
            buttons = list(ElementFilter(kind=Button, only_visible=False))
        drawn = {mark for one in buttons for mark in one._markers}
        fields = [one for one in map(form_field, SETTINGS.values()) if one.is_for(recipe)]
        knobs = {one.name: one.setting.knob for one in fields if one.setting}
        assert {f"choose-{name}" for name, knob in knobs.items() if knob.picks} <= drawn
        assert {f"browse-{name}" for name, knob in knobs.items() if knob.is_local} <= drawn


async def test_what_was_chosen_goes_back_to_the_presets_own(person: User, ground: Ground) -> None:
    publish_piper(ground.core)
    await visit(person, "/train?preset=finetune-medium")
    usual = value_of(person, "base_checkpoint")
    enter(person, "language", "de_DE")
    picker = await open_list(person, "base_checkpoint")
    tell(person, picker, "pick", BASE)
    await until(lambda: value_of(person, "base_checkpoint") == BASE)
    await person.should_see("1 changed")
    await open_list(person, "base_checkpoint")
    press(person, even_hidden(person, Button, "reset"))
    await until(lambda: value_of(person, "base_checkpoint") == usual)
    await person.should_not_see("1 changed")


def _choice(preset: Preset | None) -> Choice:
    return Choice(Draft(preset=preset.name if preset else ""), preset)


def test_a_chosen_base_survives_a_preset_that_leaves_language_and_size_as_they_are(
    ground: Ground,
) -> None:
    def preset(name: str) -> Preset:
        return find_preset(ground.site.config, name)

    choice = _choice(preset("finetune-medium"))
    choice.enter(form_field(SETTINGS["language"]), "de_DE")
    choice.enter(form_field(SETTINGS["base_checkpoint"]), BASE)
    choice.enter(form_field(SETTINGS["batch_size"]), "7")
    choice.choose_preset(preset("cheapest"))
    assert choice.draft.given == {"language": "de_DE", "base_checkpoint": BASE}
    choice.choose_preset(preset("finetune-high"))  # no medium voice can be started from there
    assert choice.draft.given == {"language": "de_DE"}
