"""On the command line: files and runs of an older release, and a word on what became of their settings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.kit.older_release import NEWER, OLDER, older_vocabulary  # noqa: F401  (a fixture)

WORDS = ("--recipe", "command", "--results-repo", "demo/voices", "--disk-gb", "17")


@pytest.mark.usefixtures("older_vocabulary")
def test_the_plan_of_an_older_run_file_says_what_was_taken_over(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "run.toml"
    text = 'recipe = "command"\nargv = ["true"]\nresults_repo = "demo/voices"\nmel_bands = 80'
    file.write_text(f"[settings]\n{text}\n", "utf-8")
    said = shell("plan", "--file", str(file), "--json")
    assert said.code == 0, said.text
    notes = [one["message"] for one in said.json["remarks"] if one["code"] == "older_settings"]
    assert len(notes) == 1
    assert "run.toml: mel_bands is no longer a setting" in notes[0]
    assert "mel_bands is no longer a setting" in shell("plan", "--file", str(file)).text


@pytest.mark.usefixtures("older_vocabulary")
def test_a_preset_is_saved_from_a_run_of_an_older_release(shell: Shell) -> None:
    shell("deploy", *WORDS, "--yes", "--quiet", "--", "true")
    history = shell.harness.bench.runs
    (run,) = history.runs()
    older = json.loads(run.settings_json)
    older |= {"scratch_gb": older.pop("disk_gb"), "mel_bands": 80, "odd": 1, "epochs": 7}
    history.add(
        replace(run, nonce="older00000", run_id="older-01", settings_json=json.dumps(older))
    )
    said = shell("presets", "save", "mine", "--from", "older-01")
    assert said.code == 0, said.text
    for words in (
        "odd is not a setting in this release and is ignored.",
        "mel_bands is no longer a setting and is ignored",
        "scratch_gb is now called disk_gb.",
        "epochs is ignored: it does not apply with these settings.",
    ):
        assert words in said.text
    settings = shell("presets", "show", "mine", "--json").json["settings"]
    assert settings == {"recipe": "command", "argv": ["true"], "disk_gb": 17}


def test_a_preset_of_a_newer_release_is_refused_with_what_to_do(shell: Shell) -> None:
    shell("presets", "save", "mine", "--set", "epochs=7")
    path = next(shell.harness.bench.config.presets_folder.glob("mine.toml"))
    path.write_text(f'launcher = "{NEWER}"\n[settings]\nfrobnicate = 1\n', "utf-8")
    assert shell("presets", "list").code == 0
    said = shell("plan", *WORDS, "--preset", "mine", "--", "true")
    assert said.code == 2
    assert f"Preset mine was written by launcher {NEWER}." in said.text
    assert "pip install -U pod-launcher" in said.text


def test_what_presets_show_prints_is_a_run_file_that_says_who_wrote_it(
    shell: Shell, tmp_path: Path
) -> None:
    shell("presets", "save", "mine", "--set", "disk_gb=17")
    file = tmp_path / "shown.toml"
    file.write_text(shell("presets", "show", "mine").out, "utf-8")
    assert 'launcher = "' in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace('launcher = "', f'launcher = "{OLDER}" #'))
    assert shell("plan", "--file", str(file), *WORDS, "--", "true").code == 0


@pytest.mark.usefixtures("older_vocabulary")
def test_a_dataset_is_checked_for_an_older_preset_and_what_changed_is_said(
    shell: Shell, tmp_path: Path
) -> None:
    shell("presets", "save", "mine", "--set", "epochs=7")
    path = next(shell.harness.bench.config.presets_folder.glob("mine.toml"))
    path.write_text(f'launcher = "{OLDER}"\n[settings]\nmel_bands = 80\n', "utf-8")
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "metadata.csv").write_text("", "utf-8")
    said = shell("dataset", "check", str(tmp_path / "clips"), "--preset", "mine")
    assert "mel_bands is no longer a setting and is ignored" in said.text
