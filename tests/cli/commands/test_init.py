"""`launcher init trainer`: a folder that a stranger can edit and run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from launcher.cli.app import run
from launcher.presets import built_in_folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_files_of_a_run_are_written_and_the_next_commands_said(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "trainer", "quick-check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    commands = [line.strip() for line in lines if line.startswith("  launcher ")]
    assert [re.split(r"  +", line)[0] for line in commands] == [
        "launcher plan --file run.toml",
        "launcher deploy --file run.toml",
    ]
    assert 'preset = "quick-check"' in (here / "quick-check" / "run.toml").read_text("utf-8")
    assert run(["init", "trainer", "quick-check"]) == 2
    assert "already exists" in capsys.readouterr().err


def test_without_a_name_every_preset_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "trainer", "--json"]) == 0
    named = {one["name"] for one in json.loads(capsys.readouterr().out)["presets"]}
    assert named >= {path.stem for path in built_in_folder().glob("*.toml")}


def test_a_name_that_no_preset_has_is_an_error_that_says_where_they_are(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "trainer", "nothing-such"]) == 2
    assert "presets list" in capsys.readouterr().err
    assert list(here.iterdir()) == []
