"""What `init` writes: a run's settings that mean what the preset means, and its trainer's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.config import read_config
from launcher.errors import InvalidRequest
from launcher.forms.run_file import parse_run_file
from launcher.presets import Preset, built_in_folder, find_preset, look_at_presets
from launcher.recipes import recipe_of
from launcher.services.planning.compose import compose_so_far
from launcher.services.planning.run_folder import (
    CONFIGURATION,
    RUN_FILE,
    files_of_run,
    write_run_folder,
)
from pod_image.contract.findings import Severity

BUILT_IN = sorted(path.stem for path in built_in_folder().glob("*.toml"))


def built_in(name: str) -> Preset:
    return next(one for one in look_at_presets(read_config()).usable if one.name == name)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_run_that_is_written_is_the_preset_s(name: str) -> None:
    preset = built_in(name)
    files = files_of_run(preset)
    written = parse_run_file(files[RUN_FILE].decode(), RUN_FILE)
    assert written.preset == name
    own = {key: value for key, value in written.values.items() if key != "trainer_config"}
    settings = compose_so_far(find_preset(read_config(), written.preset), own).settings
    assert settings == compose_so_far(preset, {}).settings
    assert not any(written.notes)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_configuration_that_was_written_is_taken_as_it_is(name: str) -> None:
    # compose_so_far leaves out what the preset's recipe does not have.
    settings = compose_so_far(built_in(name), {"base_model": "me/base"}).settings
    made = recipe_of(settings).configuration(settings, {})
    again = recipe_of(settings).configuration(settings, made.files)
    assert again.files == made.files
    assert [one for one in again.findings if one.severity is Severity.ERROR] == []


def test_what_is_needed_stands_there_to_be_filled_in_and_the_rest_with_its_help() -> None:
    text = files_of_run(built_in("finetune-medium"))[RUN_FILE].decode()
    assert "# Required. Hugging Face dataset repo" in text
    assert '\ndataset_repo = ""\n' in text
    assert "\n# max_steps = 0\n" in text


def test_nothing_is_written_where_one_of_the_files_is_there(tmp_path: Path) -> None:
    (tmp_path / CONFIGURATION).mkdir()
    (tmp_path / CONFIGURATION / "train.json").write_text("mine")
    with pytest.raises(InvalidRequest, match=r"train\.json already exists"):
        write_run_folder(tmp_path, {RUN_FILE: b"", f"{CONFIGURATION}/train.json": b"new"})
    assert not (tmp_path / RUN_FILE).exists()
    assert (tmp_path / CONFIGURATION / "train.json").read_text() == "mine"
