"""`--bring` and `--requirements` at the terminal: shown by the plan, refused before anything is rented, repeated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.kit.clouds import RESULTS_REPO

COMMAND = ("--recipe", "command", "--results-repo", RESULTS_REPO)
RUNS = ("--", "python", "train.py")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "annas-secret-project"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)\n")
    (folder / "all.txt").write_text("trl==1.16.0\n")
    monkeypatch.chdir(folder)
    return folder


def test_the_plan_shows_what_goes_along_and_its_requests_name_nothing_of_here(
    shell: Shell, project: Path
) -> None:
    words = ("--bring", "train.py", "--bring", ".:all", "--requirements", "all.txt")
    said = shell("plan", *COMMAND, *words, *RUNS)
    assert said.code == 0, said.text
    assert "4 files on this computer are sent: .requirements/all.txt, all/all.txt" in said.text
    curl = shell("plan", *COMMAND, *words, "--curl", *RUNS)
    assert "brought_sha256" in curl.text
    assert "annas-secret-project" not in curl.out
    document = shell("plan", *COMMAND, *words, "--json", *RUNS).json
    assert "annas-secret-project" not in json.dumps(document["requests"])


def test_a_run_that_would_bring_a_key_is_not_rented_and_the_key_is_not_said(
    shell: Shell, project: Path
) -> None:
    key = "hf_" + "a1B2" * 9
    (project / "train.py").write_text(f"import os\ntoken = '{key}'\n")
    said = shell("deploy", "--yes", *COMMAND, "--bring", "train.py", *RUNS)
    assert (said.code, shell.rented) == (2, 0)
    assert "train.py line 2 looks like it contains a key (a Hugging Face token)" in said.text
    assert key not in said.text


def test_names_in_a_run_file_are_read_from_its_own_folder(
    shell: Shell, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "run.toml").write_text(
        f'[settings]\nrecipe = "command"\nargv = ["python", "train.py"]\nresults_repo = "{RESULTS_REPO}"\n'
        'bring = ["train.py"]\nrequirements = "all.txt"\n'
    )
    monkeypatch.chdir(tmp_path)
    said = shell("plan", "--file", "annas-secret-project/run.toml")
    assert said.code == 0, said.text
    assert "2 files on this computer are sent: .requirements/all.txt, train.py" in said.text
    over = shell("plan", "--file", "annas-secret-project/run.toml", "--bring", "absent.py")
    assert f"{tmp_path}/absent.py cannot be sent" in over.text
