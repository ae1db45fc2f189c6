"""`launcher tensorboard`: what it brings, where it is found, and what is said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from launcher.domain.run import Run
from launcher.services.following.tensorboard import EventFiles
from pod_image.hub import Repo, publish
from tests.cli.conftest import Shell
from tests.kit.clouds import RESULTS_REPO
from tests.kit.repo_runs import record

ADDRESS = f"{RESULTS_REPO}/run-01"
FILE = "run-01/tensorboard/events.out.tfevents.1.pod"


class Shown:
    url = "http://127.0.0.1:1/secret/"

    async def ended(self) -> None:
        """A person looked at it, and closed it."""


@asynccontextmanager
async def shown(files: EventFiles, run: Run, *, port: int = 0) -> AsyncIterator[Shown]:
    assert (files.folder / "tensorboard" / Path(FILE).name).read_bytes() == b"events"
    yield Shown()


@pytest.fixture
def delivered(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A run of somebody's; TensorBoard itself, a process in real time, is tried elsewhere."""
    monkeypatch.setattr("launcher.cli.commands.tensorboard.tensorboard_on", shown)
    told = record(state="ended", end_reason="finished", not_delivered=())
    files: dict[str, Path | bytes] = {"run-01/run.json": told.to_json().encode(), FILE: b"events"}
    publish(shell.harness.hub, Repo(RESULTS_REPO, "model"), files, "results")
    return shell


def test_it_says_what_is_opened_and_where_it_is(delivered: Shell) -> None:
    said = delivered("tensorboard", ADDRESS, "--no-browser")
    assert said.code == 0
    assert said.out == f"{Shown.url}\n"
    assert "1 event file, 6 bytes of run-01, checked; TensorBoard opens the copy in" in said.err
    assert said.err.endswith("Ctrl-C ends it.\n"), "the run is over"
    answer = json.loads(delivered("tensorboard", ADDRESS, "--json").out)
    assert answer == {"schema": "address", "version": 1, "url": Shown.url}


def test_of_a_run_that_continues_it_says_so(delivered: Shell) -> None:
    files: dict[str, Path | bytes] = {"run-01/run.json": record().to_json().encode()}
    publish(delivered.harness.hub, Repo(RESULTS_REPO, "model"), files, "it goes on")
    said = delivered("tensorboard", ADDRESS, "--no-browser")
    assert said.err.endswith("Ctrl-C ends it. The run continues.\n")


def test_where_it_is_not_installed_the_command_to_install_it_is_given(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.services.following.tensorboard.find_spec", lambda name: None)
    said = shell("tensorboard", ADDRESS)
    assert said.code == 3
    assert "pip install tensorboard" in said.err
