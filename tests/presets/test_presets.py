"""Built-in presets and the person's own."""

from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.config import Config
from launcher.domain.usual_preset import USUAL_PRESET
from launcher.errors import InvalidRequest
from launcher.forms.run_file import parse_run_file
from launcher.presets import (
    built_in_folder,
    delete_preset,
    find_preset,
    look_at_presets,
    rename_preset,
    restore_preset,
    save_preset,
)
from launcher.services.planning.compose import compose
from pod_image.contract.recipes.piper import PiperSettings, Quality
from tests.kit.checkout import ROOT
from tests.kit.run_files import left_to_say, whole_run_file

BUILT_IN = (
    "cheapest",
    "distil",
    "finetune-high",
    "finetune-medium",
    "from-scratch-medium",
    "image-lora",
    "llm-lora",
    "onetrainer",
    "quick-check",
    "simpletuner",
    "wake-word",
)
REPOS = {"dataset_repo": "me/clips", "results_repo": "me/voice"}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(config_folder=tmp_path / "config", data_folder=tmp_path / "data")


def test_the_built_in_presets_are_these(config: Config) -> None:
    assert tuple(preset.name for preset in look_at_presets(config).usable) == BUILT_IN
    assert all(preset.is_built_in for preset in look_at_presets(config).usable)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_preset_composes_with_caps_title_and_description(
    config: Config, name: str
) -> None:
    preset = find_preset(config, name)
    composed = compose(preset, left_to_say(name))
    assert composed.dropped == ()
    assert preset.title
    assert preset.description.endswith(".")
    assert {"max_hours", "max_cost_usd"} <= set(preset.values)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_preset_becomes_a_file_and_equal_settings_again(config: Config, name: str) -> None:
    settings = compose(find_preset(config, name), left_to_say(name)).settings
    values = parse_run_file(whole_run_file(settings), "test").values
    assert compose(None, values).settings == settings


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_preset_says_only_what_differs(config: Config, name: str) -> None:
    preset = find_preset(config, name)
    defaults = compose(None, {}, check_required=False).settings.model_dump(mode="json")
    said = {key: value for key, value in preset.values.items() if defaults[key] == value}
    assert set(said) <= {"recipe", "quality", "epochs", "batch_size", "max_hours", "max_cost_usd"}


def test_quick_check_is_small_in_every_way(config: Config) -> None:
    settings = PiperSettings.of(compose(find_preset(config, "quick-check"), REPOS).settings)
    assert settings.quality is Quality.X_LOW
    assert 0 < settings.max_steps <= 60
    assert 0 < settings.train_minutes <= 2
    assert settings.batch_size == 2
    assert settings.max_hours <= 1
    assert settings.max_cost_usd <= 1


def test_a_saved_preset_is_found_shown_and_deleted(config: Config) -> None:
    path = save_preset(config, "my-voice", {"batch_size": 8}, description="Mine.")
    assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0
    preset = find_preset(config, "my-voice")
    assert (preset.values, preset.description, preset.is_built_in) == (
        {"batch_size": 8},
        "Mine.",
        False,
    )
    delete_preset(config, "my-voice")
    with pytest.raises(InvalidRequest):
        find_preset(config, "my-voice")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_preset_refuses_to_be_saved_over_or_deleted(config: Config, name: str) -> None:
    with pytest.raises(InvalidRequest):
        save_preset(config, name, {"batch_size": 8})
    with pytest.raises(InvalidRequest):
        delete_preset(config, name)
    assert (built_in_folder() / f"{name}.toml").is_file()


@pytest.mark.parametrize("name", ["", "../escape", "With Space", "a" * 41, ".hidden"])
def test_a_name_that_makes_no_safe_file_name_is_refused(config: Config, name: str) -> None:
    with pytest.raises(InvalidRequest):
        save_preset(config, name, {})


def test_an_unknown_preset_names_the_nearest(config: Config) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find_preset(config, "quickcheck")
    assert "quick-check" in in_terminal(caught.value.hint)


def test_a_broken_file_of_the_person_is_named(config: Config) -> None:
    save_preset(config, "mine", {})
    (config.presets_folder / "mine.toml").write_text("[settings")
    (broken,) = look_at_presets(config).broken
    assert "mine.toml" in in_terminal(broken.error.message)
    with pytest.raises(InvalidRequest) as caught:
        find_preset(config, "mine")
    assert "mine.toml" in in_terminal(caught.value.message)


def test_a_file_of_the_person_cannot_take_a_built_in_name(config: Config) -> None:
    save_preset(config, "mine", {})
    (config.presets_folder / "mine.toml").rename(config.presets_folder / "cheapest.toml")
    assert find_preset(config, "cheapest").is_built_in


def test_a_broken_file_takes_no_other_preset_away(config: Config) -> None:
    save_preset(config, "mine", {"epochs": 7})
    (config.presets_folder / "torn.toml").write_text("[settings")
    (config.presets_folder / "cheapest.toml").write_text("[settings]\nepochs = 7\n")
    found = look_at_presets(config)
    assert [preset.name for preset in found.usable] == [*BUILT_IN, "mine"]
    assert [broken.name for broken in found.broken] == ["cheapest", "torn"]
    assert "the name of a built-in one" in in_terminal(found.broken[0].error.message)
    assert found.broken[1].text() == "[settings"
    assert find_preset(config, "mine").values == {"epochs": 7}
    with pytest.raises(InvalidRequest, match=r"torn\.toml"):
        find_preset(config, "torn")


@pytest.mark.parametrize("name", ["torn", "cheapest", "mine"])
def test_whatever_lies_among_ones_own_is_deleted_and_brought_back(
    config: Config, name: str
) -> None:
    save_preset(config, "mine", {})
    path = config.presets_folder / f"{name}.toml"
    path.write_text("[settings")
    delete_preset(config, name)
    assert not path.exists()
    restore_preset(config, name)
    assert path.read_text() == "[settings"
    with pytest.raises(InvalidRequest):
        restore_preset(config, name)


def test_what_was_saved_over_is_brought_back(config: Config) -> None:
    save_preset(config, "mine", {"epochs": 7})
    save_preset(config, "mine", {"epochs": 8})
    restore_preset(config, "mine")
    assert find_preset(config, "mine").values == {"epochs": 7}


@pytest.mark.parametrize("name", ["cheapest", "other", "No Name", "../mine"])
def test_a_name_that_cannot_be_taken_leaves_a_preset_as_it_is(config: Config, name: str) -> None:
    save_preset(config, "mine", {"epochs": 7})
    save_preset(config, "other", {"epochs": 8})
    with pytest.raises(InvalidRequest):
        rename_preset(config, "mine", name)
    assert find_preset(config, "mine").values == {"epochs": 7}
    assert find_preset(config, "other").values == {"epochs": 8}
    with pytest.raises(InvalidRequest):
        restore_preset(config, "../mine")


def test_the_usual_preset_fine_tunes_and_is_the_one_that_the_readme_names(config: Config) -> None:
    settings = compose(find_preset(config, USUAL_PRESET), REPOS).settings
    assert PiperSettings.of(settings).base_checkpoint
    assert f"launcher deploy --preset {USUAL_PRESET} " in (ROOT / "README.md").read_text("utf-8")
