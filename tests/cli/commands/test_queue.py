"""`launcher queue`: runs that wait, against the emulated cloud."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clouds import JOBS_TOKEN
from tests.providers.own_runs import NOBODY

RUN = (*COMMAND_RUN, "--gpu-types", "RTX 4090", "--cloud", "secure")
TRUE = ("--", "true")


def add(shell: Shell, *more: str) -> int:
    said = shell("queue", "add", *RUN, *more, "--quiet", *TRUE)
    assert said.code == 0, said.err
    return int(said.out)


def test_a_run_is_added_with_the_options_of_deploy_and_what_it_can_cost_is_said(
    shell: Shell,
) -> None:
    said = shell("queue", "add", *RUN, "--max-hours", "2", "--name", "First", *TRUE)
    assert said.code == 0
    assert "Entry 1 waits, next. One pod of it costs $1.38 at most." in said.text
    assert "launcher queue run" in said.out
    later = shell("queue", "add", *RUN, "--json", *TRUE).json
    assert (later["entry"], later["position"], later["gpu"]) == (2, 2, "RTX 4090")
    assert (later["state"], later["waits_for"]) == ("waiting", "no_budget")
    assert shell.rented == 0


def test_what_deploy_would_refuse_is_refused_and_nothing_waits(shell: Shell) -> None:
    assert shell("queue", "add", *RUN, "--max-hours", "-1", *TRUE).code == 2
    assert shell("queue", "add", "--recipe", "command", *TRUE).code == 2
    unwatched = shell("queue", "add", *RUN, "--nodes", "2", *TRUE)
    assert (unwatched.code, "cannot be left to itself" in unwatched.err) == (2, True)
    assert shell("queue", "add", *RUN, "--notify", "desktop", *TRUE).code == 2
    assert shell("queue", "list", "--json").json["entries"] == []


def test_the_queue_runs_all_of_it_and_says_what_came_of_each(shell: Shell) -> None:
    add(shell)
    add(shell, "--priority", "3")
    said = shell("queue", "run", "--budget", "5", "--yes", "--json")
    assert said.code == 0, said.err
    *steps, last = said.documents
    assert {each["schema"] for each in steps} == {"queue.step"}
    assert next(each["entry"] for each in steps) == 2
    assert [(each["entry"], each["state"]) for each in last["entries"]] == [
        (2, "done"),
        (1, "done"),
    ]
    assert (last["budget_usd"], last["reserved_usd"], last["pods"]) == (5.0, 0.0, 0)
    assert 0 < last["spent_usd"] < 0.1
    assert shell.rented == 2
    names = {each["run_id"] for each in shell("runs", "--json").json["runs"]}
    assert names == {each["run_id"] for each in last["entries"]}


def test_the_name_that_was_given_is_the_runs_and_a_person_reads_what_happens(shell: Shell) -> None:
    add(shell, "--name", "First", "--tag", "night")
    said = shell("queue", "run", "--budget", "5", "--at-most", "2", "--yes")
    assert "1: It starts as run-01: RTX 4090 at $0.69 an hour" in said.err
    assert "1: It is over. It cost" in said.err
    assert "of $5.00 spent; at most 2 pods at a time." in said.out
    (run,) = shell("runs", "--json").json["runs"]
    assert (run["name"], run["tags"]) == ("First", ["night"])


def test_nothing_starts_without_a_budget_or_a_yes(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(shell)
    refused = shell("queue", "run", "--yes")
    assert (refused.code, "--budget 10" in refused.err) == (2, True)
    assert shell("queue", "run", "--budget", "5").code == 2
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda question, **_: False)
    assert shell("queue", "run", "--budget", "5").code == 1
    assert shell("queue", "run", "--budget", "-5", "--yes").code == 2
    assert shell("queue", "list", "--json").json["budget_usd"] is None
    assert shell.rented == 0


def test_a_run_that_failed_is_told_by_the_exit_code_and_the_list_says_why(shell: Shell) -> None:
    shell.harness.script.reason = "failed"
    add(shell)
    said = shell("queue", "run", "--budget", "5", "--yes")
    assert (said.code, "1 run of the queue failed: 1." in said.err) == (6, True)
    assert "1: It is over." in shell("queue", "list").out


def test_entries_are_paused_moved_and_removed(shell: Shell) -> None:
    for _ in range(3):
        add(shell)
    shell("queue", "pause", "2")
    moved = shell("queue", "move", "3", "--priority", "9", "--json").json
    assert [each["entry"] for each in moved["entries"]] == [3, 1, 2]
    listed = shell("queue", "remove", "1", "--json").json
    assert [(each["entry"], each["waits_for"]) for each in listed["entries"]] == [
        (3, "no_budget"),
        (2, "held"),
    ]
    assert shell("queue", "pause", "--json").json["is_paused"] is True
    assert "launcher queue resume" in shell("queue", "list").out
    ran = shell("queue", "run", "--budget", "5", "--yes", "--json")
    assert (ran.code, shell.rented) == (0, 0)
    assert shell("queue", "resume", "--json").json["is_paused"] is False
    assert shell("queue", "resume", "2", "--json").json["entries"][1]["is_paused"] is False
    assert shell("queue", "list", "--quiet").out.split() == ["3", "2"]
    for words in (("remove", "7"), ("move", "7", "--priority", "1"), ("pause", "7")):
        assert shell("queue", *words).code == 2


def test_what_is_spent_stays_counted_until_the_person_says_otherwise(shell: Shell) -> None:
    add(shell)
    shell("queue", "run", "--budget", "5", "--yes")
    spent = shell("queue", "remove", "1", "--json").json["spent_usd"]
    assert spent > 0
    assert "of $5.00 spent" in shell("queue", "list").out
    counted = shell("queue", "run", "--count-from-now", "--yes", "--json").json
    assert (counted["spent_usd"], counted["budget_usd"]) == (0.0, 5.0)


def test_runs_of_several_places_wait_in_one_queue(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_JOBS_TOKEN", JOBS_TOKEN)
    elsewhere = (*COMMAND_RUN, "--provider", "hf-jobs", "--quiet", *TRUE)
    assert shell("queue", "add", *elsewhere).code == 0
    add(shell)
    ended = shell("queue", "run", "--budget", "20", "--at-most", "2", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert {each["place"] for each in ended.json["entries"]} == {"runpod", "hf-jobs"}
    assert shell.rented == 1


def test_leaving_loses_nothing_and_says_what_goes_on(shell: Shell) -> None:
    import asyncio

    shell.harness.script.ends_after = None
    add(shell)
    add(shell)

    def leave() -> None:
        for task in asyncio.all_tasks(shell.loop):
            if "at_bench" in repr(task.get_coro()):
                task.cancel()

    shell.loop.call_later(120, leave)
    said = shell("queue", "run", "--budget", "5", "--yes")
    assert said.code == 130
    assert "1 run of it continues without this computer. Nothing of it is lost." in said.err
    states = [each["state"] for each in shell("queue", "list", "--json").json["entries"]]
    assert states == ["running", "waiting"]
    assert len(shell.harness.live()) == 1


@pytest.mark.slow
def test_a_queue_whose_runs_go_to_folders_asks_for_no_token(tmp_path: Path) -> None:
    """With a process of the launcher itself, on this computer."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "LAUNCHER_HOME": str(tmp_path / "home"),
        "HF_ENDPOINT": NOBODY,
    }

    def typed(*words: str) -> str:
        command = [sys.executable, "-m", "launcher", "queue", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Nothing is in the queue" in typed("run", "--budget", "1", "--yes")
    to_folder = ("--provider", "local", "--results-folder", str(tmp_path / "voices"))
    script = "mkdir -p out; echo done > out/a.txt"
    typed("add", "--recipe", "command", "--max-hours", "0.1", *to_folder, "--", "sh", "-c", script)
    assert "The run finished." in typed("run", "--yes")
    assert (tmp_path / "voices" / "run-01" / "files" / "out" / "a.txt").is_file()
