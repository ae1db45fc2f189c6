"""The page about commands of one's own, and the README's part of it: each line is planned as it stands there."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from pod_image.contract.record import KeptCheckpoint, RunRecord
from pod_image.hub import Repo, publish
from tests.cli.conftest import Shell
from tests.kit.checkout import ROOT
from tests.kit.clouds import RESULTS_REPO
from tests.kit.gated_models import put_gated_model

PAGE = (ROOT / "docs" / "command.md").read_text("utf-8")
OF_README = (
    (ROOT / "README.md").read_text("utf-8").split("## A command of your own\n")[1].split("\n## ")[0]
)


def lines() -> Iterator[list[str]]:
    """The words of each command line of these pages."""
    for line in f"{PAGE}{OF_README}".replace("\\\n", " ").splitlines():
        if line.startswith("    launcher "):
            yield shlex.split(line)


LINES = list(lines())


def had_a_checkpoint(shell: Shell) -> None:
    record = RunRecord(
        run_id="run-01", attempt=1, nonce="0123456789", state="ended", contract=2, recipe="command",
        settings={"recipe": "command", "argv": ["python", "train.py"]},
        checkpoint=KeptCheckpoint(step=9, paths=("checkpoints/a",)),
    )  # fmt: skip
    content = record.to_json().encode()
    publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), {"run-01/run.json": content}, "a run")


@pytest.mark.parametrize("words", LINES, ids=lambda words: " ".join(words[4:9]))
def test_a_command_line_of_the_page_is_planned_without_an_error(
    shell: Shell,
    demo_dataset: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    folder = tmp_path / "here"
    (folder / "project").mkdir(parents=True)
    for name in ("train.py", "project/train.py", "config.yaml", "requirements.txt"):
        (folder / name).write_text("")
    monkeypatch.chdir(folder)
    if "--resume" in words:
        had_a_checkpoint(shell)
    if "--input" in words:
        put_gated_model(shell.harness.core, shell.harness.hub, "demo")
    typed = [RESULTS_REPO if word == "me/run" else word for word in words[2:]]
    said = shell("plan", *typed)
    assert (words[:2], said.code) == (["launcher", "deploy"], 0), said.text
    assert "on this computer" in said.text


def test_the_pages_have_their_command_lines() -> None:
    assert len(LINES) == 10
