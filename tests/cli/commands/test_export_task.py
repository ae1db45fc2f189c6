"""`launcher export task`: a preset or a run becomes the file of another engine; a checkpoint is exported as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.services.launching.launch import launch
from pod_image.contract.record import RunRecord
from pod_image.hub import Repo, ensure_results_repo, publish
from tests.cli.conftest import Shell
from tests.kit.clouds import RESULTS_REPO, TOKENS
from tests.kit.plans import plan

GIVEN = ("--set", "results_repo=me/voice", "--set", "dataset_repo=me/clips")


def test_a_preset_becomes_a_file_and_the_terminal_says_what_does_not_hold(
    shell: Shell, tmp_path: Path
) -> None:
    said = shell("export", "task", "skypilot", "quick-check", *GIVEN, "--out", str(tmp_path))
    assert said.code == 0, said.err
    text = (tmp_path / "exported-01.sky.yaml").read_text("utf-8")
    assert "does not apply here" in said.text
    start = next(line for line in said.out.splitlines() if line.startswith("Start it: sky launch"))
    assert start.split()[-1] == str(tmp_path / "exported-01.sky.yaml")
    assert not any(token in text for token in (*TOKENS.values(), shell.world.api_key))
    assert "HF_UPLOAD_TOKEN: null" in text
    assert shell.rented == 0


def test_a_run_becomes_a_file_with_its_settings(shell: Shell, tmp_path: Path) -> None:
    run = shell.loop.run_until_complete(launch(shell.harness.bench, plan(), shell.harness.keys))
    words = ("export", "task", "dstack", run.run_id, "--out", str(tmp_path), "--json")
    document = shell(*words).json
    assert document["engine"] == "dstack"
    assert document["secrets"] == ["HF_UPLOAD_TOKEN"]
    assert "demo/voices" in Path(document["path"]).read_text("utf-8")


def test_what_is_neither_run_nor_preset_is_said(shell: Shell) -> None:
    said = shell("export", "task", "dstack", "no-such")
    assert said.code == 2
    assert "no-such" in said.text


def test_a_run_id_that_two_repos_have_asks_which_one_is_meant(shell: Shell) -> None:
    record = RunRecord(
        run_id="run-01", attempt=1, nonce="0123456789", state="ended", contract=2, recipe="command",
        settings={"recipe": "command", "argv": ["true"]},
    )  # fmt: skip
    for repo in ("demo/first", "demo/second"):
        ensure_results_repo(shell.harness.hub, repo)
        files: dict[str, Path | bytes] = {"run-01/run.json": record.to_json().encode()}
        publish(shell.harness.hub, Repo(repo, "model"), files, "a run")
        shell("attach", repo)
    said = shell("export", "task", "dstack", "run-01")
    assert "More than one results repo has a run 'run-01'." in said.text
    assert "demo/first/run-01, demo/second/run-01" in said.text


def test_a_checkpoint_needs_no_further_word(shell: Shell) -> None:
    said = shell("export", "no-such.ckpt")
    assert said.code == 2
    assert "no-such.ckpt" in said.text
    assert shell("export", "voice", "no-such.ckpt").text == said.text


def test_a_file_that_was_edited_is_not_written_over(shell: Shell, tmp_path: Path) -> None:
    words = ("export", "task", "skypilot", "quick-check", *GIVEN, "--out", str(tmp_path))
    assert shell(*words).code == 0
    path = tmp_path / "exported-01.sky.yaml"
    path.write_text("# mine\n", "utf-8")
    again = shell(*words)
    assert (again.code, path.read_text("utf-8")) == (2, "# mine\n")
    assert "already exists" in again.err
    assert "--run-id" in again.err


def test_a_run_id_that_the_results_repo_has_is_refused_and_one_that_is_free_is_not(
    shell: Shell, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    hub, repo = shell.harness.hub, Repo(RESULTS_REPO, "model")
    hub.ask("", lambda api: api.create_repo(RESULTS_REPO, exist_ok=True))
    publish(hub, repo, {"run-01/run.json": b"{}"}, "a run")
    given = ("--set", f"results_repo={RESULTS_REPO}", *GIVEN[2:])
    words = ("export", "task", "dstack", "quick-check", *given, "--out", str(out), "--run-id")
    refused = shell(*words, "run-01")
    assert (refused.code, out.exists()) == (2, False)
    assert f"{RESULTS_REPO} already has a run run-01" in " ".join(refused.err.split())
    assert "checked" not in shell(*words, "exported-07").text


def test_without_a_token_it_is_said_that_the_run_id_was_not_checked(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_UPLOAD_TOKEN", raising=False)
    said = shell("export", "task", "skypilot", "quick-check", *GIVEN, "--out", str(tmp_path))
    assert said.code == 0
    assert "It was not checked whether me/voice has a run" in " ".join(said.out.split())
