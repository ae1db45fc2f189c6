"""`launcher rerun`: the settings of an earlier run, planned and agreed to again."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from tests.cli.conftest import COMMAND_RUN, Shell

FIRST = ("deploy", *COMMAND_RUN, "--max-hours", "3", "--preset", "quick-check", "--yes", "--quiet")


def settings_of(shell: Shell, run_id: str) -> dict[str, object]:
    settings = shell("show", run_id, "--json").json["settings"]
    assert isinstance(settings, dict)
    return {name: value for name, value in settings.items() if name != "run_id"}


def test_a_new_run_has_the_settings_of_the_earlier_one(shell: Shell) -> None:
    shell(*FIRST, "--run-id", "first", "--", "sh", "-c", "echo hello")
    said = shell("rerun", "first", "--yes")
    assert said.code == 0
    assert "Plan for run-01" in said.err
    assert "max_hours" in said.err
    assert "(preset quick-check; the rest are defaults" in said.err
    assert "The run finished." in said.out
    assert settings_of(shell, "run-01") == settings_of(shell, "first")
    assert [run["preset"] for run in shell("runs", "--json").json["runs"]] == ["quick-check"] * 2
    assert shell.rented == 2


def test_it_shows_the_plan_and_asks_as_deploy_does(shell: Shell) -> None:
    shell(*FIRST, "--", "true")
    said = shell("rerun")
    assert said.code == 2
    assert "--yes" in said.err
    assert shell.rented == 1


def test_a_change_replaces_one_setting_and_what_it_rules_out_falls_away(shell: Shell) -> None:
    shell(*FIRST, "--", "true")
    said = shell("rerun", "run-01", "--yes", "--json", "--set", "max_hours=5", "--name", "Longer")
    assert said.code == 0
    again = settings_of(shell, "run-02")
    assert again == {**settings_of(shell, "run-01"), "max_hours": 5.0}
    assert shell("show", "run-02", "--json").json["name"] == "Longer"
    voice = ("--set", "recipe=piper", "--set", "dataset_repo=demo/clips")
    refused = shell("rerun", "run-01", "--yes", *voice, "--set", "argv=true")
    assert refused.code == 2
    assert "argv" in refused.err
    assert shell.rented == 2


def test_a_setting_that_this_release_does_not_know_is_left_out_and_said(shell: Shell) -> None:
    shell(*FIRST, "--", "true")
    with closing(sqlite3.connect(shell.history)) as database, database:
        (text,) = database.execute("SELECT settings_json FROM runs").fetchone()
        older = json.dumps({**json.loads(text), "of_the_future": 1})
        database.execute("UPDATE runs SET settings_json = ?", (older,))
    said = shell("rerun", "run-01", "--yes")
    assert said.code == 0
    assert "of_the_future is not a setting in this release" in said.text


def test_a_run_of_another_computer_is_run_again_from_its_results_repo(shell: Shell) -> None:
    shell(*FIRST, "--run-id", "first", "--", "true")
    shell.move_to("laptop")
    said = shell("rerun", "demo/voices/first", "--yes", "--json")
    assert said.code == 0, said.text
    assert said.json["run_id"] == "run-01"
    assert settings_of(shell, "run-01")["max_hours"] == 3.0
