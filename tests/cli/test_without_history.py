"""What ends pods works although the history cannot be read, and says so; what a sweep would do is said before."""

from __future__ import annotations

import asyncio

import pytest

from tests.cli.conftest import COMMAND_RUN, Shell

TRUE = ("--", "true")


@pytest.fixture
def at_work(shell: Shell) -> str:
    """A pod at work, and a history that is no history any more. Returns the pod's id."""
    shell.harness.script.ends_after = None
    pod_id = str(shell("deploy", *COMMAND_RUN, "--yes", "--detach", "--json", *TRUE).json["pod_id"])
    shell.harness.bench.runs.close()
    path = shell.harness.config.history_path
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    path.write_bytes(b"\x00garbage" * 1_000)
    return pod_id


def test_abort_finds_the_pod_by_its_name(shell: Shell, at_work: str) -> None:
    said = shell("abort", "run-01", "--yes")
    assert said.code == 0
    assert f"Pod {at_work} is released" in said.out
    assert "cannot be opened" in said.err
    assert (shell.harness.live(), shell.harness.secret_names()) == ([], [])
    again = shell("abort", "run-01", "--yes")
    assert (again.code, "shows no pod of run-01" in again.text) == (2, True)


def test_stop_finds_the_only_pod_there_is(shell: Shell, at_work: str) -> None:
    said = shell("stop", "--no-wait", "--json")
    assert (said.code, said.json["run_id"]) == (0, "run-01")
    assert "cannot be opened" in said.err
    shell.loop.run_until_complete(asyncio.sleep(60))
    assert shell("reap", "--json").json["kept"] == []


def test_reap_keeps_what_works_and_ends_what_is_overdue(shell: Shell, at_work: str) -> None:
    assert f"Pod {at_work} is in use and stays." in shell("reap").out
    shell.loop.run_until_complete(asyncio.sleep(24 * 3600.0))
    assert shell("reap").code == 0
    assert shell.harness.live() == []


def test_what_needs_the_history_says_what_to_do(shell: Shell, at_work: str) -> None:
    for command in ("runs", "deploy"):
        words = (*COMMAND_RUN, "--yes", *TRUE) if command == "deploy" else ()
        said = shell(command, *words)
        assert said.code == 3, said.text
        assert "Move the file away" in said.err


def test_a_dry_run_says_what_would_be_closed_and_removed(shell: Shell) -> None:
    shell("deploy", *COMMAND_RUN, "--yes", "--detach", *TRUE)
    shell.loop.run_until_complete(asyncio.sleep(600))
    would = shell("reap", "--dry-run").out
    assert "run-01 of demo/voices would be closed" in would
    assert "2 leftover secrets would be removed" in would
    assert shell("runs", "--json").json["runs"][0]["state"] == "running"
    assert "2 leftover secrets removed" in shell("reap").out
    assert "No pods of this program are left" in shell("reap").out
