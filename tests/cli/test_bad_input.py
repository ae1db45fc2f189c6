"""Bad input over every path that could cost money or lose something: a clear error, a hint, no traceback, no pod."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND_RUN, Said, Shell
from tests.kit.clouds import RESULTS_REPO

WITHOUT = [
    ("pods:write", "may not rent the pod"),
    ("pods:read", "may not list the pods"),
    ("catalogue:read", "may not list the GPUs"),
]


def well_said(said: Said) -> bool:
    """One error with its words and what to do, and nothing of Python."""
    return "error:" in said.err and "hint:" in said.err and "Traceback" not in said.err


@pytest.mark.parametrize(("right", "words"), WITHOUT, ids=[right for right, _ in WITHOUT])
def test_a_key_without_a_right_is_told_which_one_and_nothing_stays_rented(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, right: str, words: str
) -> None:
    key = shell.world.add_key(kind="restricted", without={right}).value
    monkeypatch.setenv("RUNPOD_API_KEY", key)
    said = shell("deploy", "--yes", *COMMAND_RUN, "--", "true")
    assert said.code == 5
    assert words in said.text
    assert well_said(said)
    assert key not in said.text
    assert shell.harness.live() == []
    assert shell.harness.secret_names() == []


def test_a_key_that_may_only_read_rents_nothing_and_leaves_no_secret(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNPOD_API_KEY", shell.world.add_key(kind="read-only").value)
    said = shell("deploy", "--yes", *COMMAND_RUN, "--", "true")
    assert said.code == 5
    assert well_said(said)
    assert (shell.harness.live(), shell.harness.secret_names()) == ([], [])


def test_a_balance_that_only_the_cloud_knows_is_refused_in_plain_words(shell: Shell) -> None:
    shell.world.faults.switch_on("insufficient-balance")
    said = shell("deploy", "--yes", *COMMAND_RUN, "--", "true")
    assert said.code == 5
    assert "credit" in said.text or "balance" in said.text
    assert well_said(said)
    assert (shell.harness.live(), shell.harness.secret_names()) == ([], [])


def test_a_private_image_without_a_credential_is_ended_with_the_registrys_words(
    shell: Shell,
) -> None:
    shell.world.images.private.add("ghcr.io/me/*")
    words = (*COMMAND_RUN, "--image", "ghcr.io/me/private:1", "--", "true")
    said = shell("deploy", "--yes", *words)
    assert said.code == 6
    assert "pull access denied" in said.text
    assert "--registry" in said.text
    assert well_said(said)
    assert shell.harness.live() == []


def test_a_registry_credential_that_is_not_there_is_an_error_of_the_request(shell: Shell) -> None:
    words = (*COMMAND_RUN, "--registry", "no-such-id", "--", "true")
    said = shell("deploy", "--yes", *words)
    assert said.code in (2, 4)
    assert "registry credential not found" in said.text
    assert shell.harness.live() == []


def test_a_run_that_is_too_long_for_a_pod_is_refused_before_anything_is_made(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "run.toml"
    long = json.dumps(["x" * 500] * 250)
    file.write_text(
        f'[settings]\nrecipe = "command"\nresults_repo = "{RESULTS_REPO}"\nargv = {long}\n'
    )
    said = shell("deploy", "--yes", "--file", str(file))
    assert said.code == 2
    assert "a pod can receive at most 60,000" in said.text
    assert well_said(said)
    assert (shell.rented, shell.harness.secret_names()) == (0, [])


BAD_FILES: dict[str, tuple[str | bytes, str]] = {
    "not TOML": ("[settings", "is not TOML"),
    "settings at the top": ("batch_size = 3", "[settings]"),
    "an unknown setting": ("[settings]\nbatchsize = 3", "batch_size"),
    "a wrong type": ("[settings]\nepochs = 'many'", "whole number"),
    "settings is no table": ("settings = 3", "[settings] a table"),
    "an unknown preset": ("preset = 'finetune-medum'\n[settings]", "finetune-medium"),
    "bytes": (b"\xff\xfe\x00", "cannot be read"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_run_file_is_explained(shell: Shell, tmp_path: Path, name: str) -> None:
    content, words = BAD_FILES[name]
    file = tmp_path / "run.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    said = shell("plan", "--file", str(file), "--results-repo", RESULTS_REPO)
    assert said.code == 2
    assert words in said.text
    assert "Traceback" not in said.err


BAD_WORDS = [
    (("deploy", "--yes", *COMMAND_RUN, "--min-cuda-version", "thirteen", "--", "x"), 2, "CUDA"),
    (("deploy", "--yes", *COMMAND_RUN, "--min-cuda-version", "99.0", "--", "x"), 4, "GPU"),
    (("deploy", "--yes", *COMMAND_RUN, "--image", "two words", "--", "x"), 2, "--image"),
    (("deploy", "--yes", *COMMAND_RUN, "--max-hours", "0", "--", "x"), 2, "0.02 to 240 hours"),
    (("deploy", "--yes", *COMMAND_RUN, "--run-id", "Run 1", "--", "x"), 2, "--run-id"),
    (("deploy", "--yes", *COMMAND_RUN, "--resume", "--", "x"), 2, "--run-id"),
    (("presets", "save", "mine"), 2, "--from"),
    (("presets", "save", "mine", "--from", "run-99"), 2, "run-99"),
    (("presets", "save", "cheapest", "--set", "batch_size=4"), 2, "built in"),
    (("presets", "save", "mine", "--set", "batch_size=0"), 2, "1 to 256"),
    (("presets", "delete", "quick-check"), 2, "built in"),
    (("presets", "delete", "nothing"), 2, "presets list"),
    (("gpus", "--count", "9"), 2, "--count"),
    (("gpus", "--cloud", "private"), 2, "secure"),
    (("stop", "run-99"), 2, "run-99"),
    (("save", "run-99"), 2, "run-99"),
    (("sample", "Hello.", "--run", "run-99"), 2, "run-99"),
    (("abort", "run-99", "--yes"), 2, "run-99"),
]


@pytest.mark.parametrize(
    ("words", "code", "hint"), BAD_WORDS, ids=[" ".join(row[0][-4:])[-40:] for row in BAD_WORDS]
)
def test_bad_words_are_explained_and_cost_nothing(
    shell: Shell, words: tuple[str, ...], code: int, hint: str
) -> None:
    said = shell(*words)
    assert said.code == code
    assert hint in said.text
    assert "Traceback" not in said.err
    assert shell.rented == 0


def test_an_html_page_and_a_retired_api_are_said_as_what_they_are(shell: Shell) -> None:
    shell.world.faults.switch_on("html-error-page", status=403)
    said = shell("gpus")
    assert said.code == 5
    assert "<html" not in said.text.lower()
    assert well_said(said)


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("queue", "run", "--at-most", "0"), "greater than", "launcher queue run --help"),
        (("export", "task", "other", "x"), "'other' is not one of", "launcher export task --help"),
        (("queue", "other"), "No such command", "launcher queue --help"),
    ],
)
def test_what_does_not_suit_a_command_names_the_help_of_that_command(
    shell: Shell, words: tuple[str, ...], error: str, hint: str
) -> None:
    said = shell(*words)
    assert said.code == 2
    assert error in said.text
    assert f"`{hint}` lists" in said.text
    assert "Value error" not in said.text


def test_what_is_searched_and_is_no_setting_is_told_as_that(shell: Shell) -> None:
    asked = ("--search", "nosuch=1|2", "--objective", "loss", "--budget", "9", "--", "true")
    said = shell("study", "create", "tune", *COMMAND_RUN, *asked)
    assert said.code == 2
    assert "There is no setting 'nosuch' (to search)." in said.text
