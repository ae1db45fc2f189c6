"""Installing OneTrainer by git and its own installer, with a repo of ours in its place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pod_image.contract.bodies import Body, RunWarning
from pod_image.recipes.onetrainer import installing
from pod_image.recipes.onetrainer.installing import environment_for, install

INSTALLER = """#!/usr/bin/env bash
cd "$(dirname "$0")"
echo "$HOME" >> ran.txt
test -z "$PYTHONPATH" && test "$OT_PREFER_VENV" = true && test ! -e fails
"""


def warnings(said: list[Body]) -> list[RunWarning]:
    return [one for one in said if isinstance(one, RunWarning)]


def repo(folder: Path, **files: str) -> tuple[str, str]:
    """Address and newest commit, which has another one before it."""
    folder.mkdir()
    for message in ("first", "second"):
        for name, text in {"install.sh": INSTALLER, "version": message, **files}.items():
            (folder / name.replace("_sh", ".sh")).write_text(text)
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", message]):
            author = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
            subprocess.run(["git", *author, *words], cwd=folder, check=True)
    told = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    )
    return folder.as_uri(), told.stdout.strip()


def test_the_source_is_fetched_at_its_commit_and_installed_once(tmp_path: Path) -> None:
    source, commit = repo(tmp_path / "source")
    home, said = tmp_path / "run" / "OneTrainer", list[Body]()
    assert [install(source, commit, home, said.append) for _ in range(2)] == [0, 0]
    assert (home / "version").read_text() == "second"
    assert (home / "ran.txt").read_text() == f"{tmp_path / 'run' / 'home'}\n"
    assert said == []


@pytest.mark.parametrize(
    ("commit", "files", "what"),
    [("0" * 40, {}, "fetched"), ("", {"fails": "yes"}, "installed")],
    ids=["no such commit", "its installer fails"],
)
def test_what_fails_is_said_and_tried_again_by_the_next_life(
    tmp_path: Path, commit: str, files: dict[str, str], what: str
) -> None:
    source, newest = repo(tmp_path / "source", **files)
    home, said = tmp_path / "run" / "OneTrainer", list[Body]()
    for _ in range(2):
        assert install(source, commit or newest, home, said.append) == 2
    assert [one.message for one in warnings(said)] == [
        f"OneTrainer could not be {what}: its log says why."
    ] * 2


def test_an_image_without_git_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "NEEDED", ("no-such-program",))
    said: list[Body] = []
    assert install("", "", tmp_path / "x", said.append) == 2
    (told,) = warnings(said)
    assert told.message == "The image has no no-such-program to install OneTrainer with."
    assert told.hint == installing.OTHER_IMAGE


def test_the_installer_is_given_neither_our_modules_nor_another_s_home(tmp_path: Path) -> None:
    given = {"PYTHONPATH": "/opt/pod-image", "PYTHONSAFEPATH": "1", "HOME": "/root", "PATH": "/bin"}
    found = environment_for(given, tmp_path)
    assert found["HOME"] == str(tmp_path)
    assert {"PYTHONPATH", "PYTHONSAFEPATH"}.isdisjoint(found)
    assert (found["PATH"], found["GIT_TERMINAL_PROMPT"]) == ("/bin", "0")


def test_the_image_s_own_python_makes_its_environment_where_the_agent_has_another(
    tmp_path: Path,
) -> None:
    given = {"LAUNCHER_IMAGE_PYTHON": "/usr/bin/python3.10"}
    assert environment_for(given, tmp_path)["OT_PYTHON_CMD"] == "/usr/bin/python3.10"
    assert Path(environment_for({}, tmp_path)["OT_PYTHON_CMD"]).name.startswith("python")
