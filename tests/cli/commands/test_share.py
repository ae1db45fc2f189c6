"""`launcher share`: a file to send, or a Space of the Hub, and nobody sees more than the person agreed to."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from launcher.emulator.hub.store import Repo as StoredRepo
from launcher.services.sharing.shared_page import MADE_BY
from pod_image.contract.events import to_line
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import RunRecord
from pod_image.hub import Repo, publish
from tests.cli.conftest import Shell
from tests.kit.clocks import NOW
from tests.kit.clouds import RESULTS_REPO
from tests.kit.runs import event
from tests.kit.shared_runs import SECRETS, SETTINGS, sound

SPACE = "demo/anna"


@pytest.fixture
def delivered(shell: Shell) -> str:
    """The address of a run that its results repo alone tells of."""
    record = RunRecord(
        run_id="run-01", attempt=1, nonce="abcdefghij", state="ended", contract=1, recipe="piper",
        settings=SETTINGS, gpu="NVIDIA GeForce RTX 4090", price_per_hour_usd=0.69, cost_usd=0.31,
        created_at=NOW, ended_at=NOW, deadline=NOW, end_reason=EndReason.FINISHED,
    )  # fmt: skip
    said = [
        event("step", 1, 1, step=1, losses={"mel": 3.0}),
        event("step", 2, 2, step=9, losses={"mel": 1.0}),
        event("sample", 3, 3, step=9, path="samples/9.wav", text="Hello there."),
    ]
    files: dict[str, Path | bytes] = {
        "run-01/run.json": record.to_json().encode(),
        "run-01/events.jsonl": "\n".join(map(to_line, said)).encode(),
        "run-01/samples/9.wav": sound(),
    }
    publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), files, "a run")
    return f"{RESULTS_REPO}/run-01"


def space_of(shell: Shell, repo: str = SPACE) -> StoredRepo:
    return shell.harness.core.store.repos["space", repo]


def content(shell: Shell, path: str) -> str:
    tree = space_of(shell).resolve("main").tree
    return shell.harness.core.store.object_path(tree[path].sha256).read_text("utf-8")


def test_a_run_of_another_computer_becomes_one_file_that_names_no_dataset(
    shell: Shell, delivered: str, tmp_path: Path
) -> None:
    said = shell(
        "share", delivered, "--out", str(tmp_path / "anna.html"), "--title", "Anna", "--json"
    )
    assert said.code == 0, said.text
    assert (said.json["samples"], said.json["samples_made"], said.json["space"]) == (1, 1, None)
    page = (tmp_path / "anna.html").read_text("utf-8")
    assert "<h1>Anna</h1>" in page
    assert "data:audio/wav;base64," in page
    assert "<polyline" in page
    assert [secret for secret in SECRETS if secret in page] == []


def test_a_file_of_the_persons_own_is_not_overwritten_and_a_page_of_ours_is(
    shell: Shell, delivered: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.html"
    path.write_text("mine")
    refused = shell("share", delivered, "--out", str(path))
    assert refused.code == 2
    assert "is not a shared run" in refused.text
    assert path.read_text() == "mine"
    assert shell("share", delivered, "--out", str(path), "--yes").code == 0
    assert shell("share", delivered, "--out", str(path), "--title", "Again").code == 0
    assert "<h1>Again</h1>" in path.read_text("utf-8")


def test_a_space_is_made_private_and_holds_the_page(shell: Shell, delivered: str) -> None:
    said = shell("share", delivered, "--space", SPACE, "--json")
    assert said.code == 0, said.text
    assert said.json["address"].endswith(f"/spaces/{SPACE}")
    assert space_of(shell).is_private
    assert MADE_BY in content(shell, "index.html")
    assert "sdk: static" in content(shell, "README.md")
    assert "style.css" not in space_of(shell).resolve("main").tree
    again = shell("share", delivered, "--space", SPACE, "--title", "Anna")
    assert again.code == 0, again.text
    assert "<h1>Anna</h1>" in content(shell, "index.html")


def test_nobody_makes_a_page_public_unasked(shell: Shell, delivered: str) -> None:
    refused = shell("share", delivered, "--space", SPACE, "--public")
    assert refused.code == 2
    assert "There is no terminal to confirm" in refused.text
    assert ("space", SPACE) not in shell.harness.core.store.repos
    assert shell("share", delivered, "--space", SPACE, "--public", "--yes").code == 0
    assert not space_of(shell).is_private
    private = shell("share", delivered, "--space", SPACE)
    assert private.code == 2
    assert "everyone could see the page" in private.text


def test_a_space_with_something_else_is_left_as_it_is(shell: Shell, delivered: str) -> None:
    hub = shell.harness.hub
    hub.ask(
        "",
        lambda api: api.create_repo(SPACE, repo_type="space", space_sdk="static", private=True),
    )
    publish(hub, Repo(SPACE, "space"), {"index.html": b"<h1>Mine</h1>"}, "mine")
    refused = shell("share", delivered, "--space", SPACE)
    assert refused.code == 2
    assert "already contains something else" in refused.text
    assert content(shell, "index.html") == "<h1>Mine</h1>"
    assert shell("share", delivered, "--space", SPACE, "--yes").code == 0
    assert MADE_BY in content(shell, "index.html")


def test_a_token_without_the_right_is_told_which_one_it_lacks(shell: Shell, delivered: str) -> None:
    said = shell("share", delivered, "--space", "elsewhere/anna")
    assert said.code == 3
    assert "repo.write" in said.text


def test_on_a_terminal_the_person_is_asked_first(
    shell: Shell, delivered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer, code, is_made in (("n", 1, False), ("y", 0, True)):
        person = io.StringIO(f"{answer}\n")
        monkeypatch.setattr(person, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", person)
        said = shell("share", delivered, "--space", SPACE, "--public")
        assert "Everyone will be able to see and hear the page" in said.text
        assert said.code == code
        assert (("space", SPACE) in shell.harness.core.store.repos) is is_made


def test_public_without_a_space_and_a_space_with_a_file_are_misunderstandings(shell: Shell) -> None:
    assert shell("share", "--public").code == 2
    assert shell("share", "--space", SPACE, "--out", "x.html").code == 2
