"""`launcher label`: a name, tags and notes, at once here and for every computer that reads the repo."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Shell
from tests.kit.clouds import RESULTS_REPO
from tests.kit.repo_runs import AT, put, record

OVER = {"state": "ended", "end_reason": "finished", "ended_at": AT, "not_delivered": ()}
RUN = f"{RESULTS_REPO}/run-01"


def test_a_run_is_named_and_tagged_and_another_computer_lists_it_so(shell: Shell) -> None:
    put(shell.harness.hub, record(**OVER))
    said = shell("label", RUN, "--name", "Anna, calm", "--tag", "keeper", "--notes", "One.\nTwo.")
    assert said.code == 0
    assert "Every computer that reads the results shows this." in said.text
    assert "Anna, calm" in said.text
    assert "Two." in said.text
    listed = shell("runs", "--tag", "KEEPER", "--json").json["runs"]
    assert [(one["name"], one["tags"], one["notes"]) for one in listed] == [
        ("Anna, calm", ["keeper"], "One.\nTwo.")
    ]
    shell.move_to("another")
    assert shell("attach", RESULTS_REPO).code == 0
    listing = shell("runs").out.splitlines()
    assert listing[0].split()[:4] == ["RUN", "NAME", "TAGS", "STATE"]
    assert listing[1].startswith("run-01  Anna, calm  keeper  finished")
    shell("label", "run-01", "--name", "a name that is far too long for a table")
    assert "  a name that is far too …  " in shell("runs").out


def test_tags_are_added_and_taken_away_one_by_one(shell: Shell) -> None:
    put(shell.harness.hub, record(**OVER))
    shell("label", RUN, "--tag", "good", "--tag", "German")
    found = shell("label", "run-01", "--untag", "GOOD", "--tag", "keeper", "--json").json
    assert (found["tags"], found["sending"]) == (["German", "keeper"], "later")
    assert shell("label", "run-01", "--name", "x", "--quiet").out == "x\n"
    assert shell("label", "run-01", "--name", "", "--json").json["name"] == ""


def test_without_an_option_it_says_what_the_run_is_called(shell: Shell) -> None:
    put(shell.harness.hub, record(**OVER))
    shell("attach", RUN)
    assert shell("label", "--json").json["sending"] == "there"
    assert "Name -" in shell("label").text


def test_what_cannot_be_a_label_is_refused_and_nothing_changes(shell: Shell) -> None:
    put(shell.harness.hub, record(**OVER))
    shell("label", RUN, "--name", "calm")
    said = shell("label", "run-01", "--name", "n" * 99, "--notes", "kept?")
    assert said.code == 2
    assert "19 letters too many" in said.text
    found = shell("label", "run-01", "--json").json
    assert (found["name"], found["notes"]) == ("calm", "")


def test_a_tag_that_no_run_has_is_said(shell: Shell) -> None:
    put(shell.harness.hub, record(**OVER))
    shell("attach", RUN)
    said = shell("runs", "--tag", "keeper")
    assert "No run has the tag keeper." in said.text


def test_without_a_token_it_is_said_where_the_name_is(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shell.harness.hub, record(**OVER))
    shell("attach", RUN)
    monkeypatch.delenv("HF_UPLOAD_TOKEN")
    said = shell("label", "run-01", "--name", "calm")
    assert said.code == 0
    assert "once there is a Hugging Face token" in said.text


DEPLOY = ("deploy", "--recipe", "command", "--results-repo", RESULTS_REPO)


def test_a_run_is_named_as_it_is_deployed_and_its_repo_has_it_in_the_end(shell: Shell) -> None:
    words = ("--name", "first try", "--tag", "test", "--yes", "--json", "--", "true")
    assert shell(*DEPLOY, *words).json["name"] == "first try"
    shell.move_to("another")
    (found,) = shell("attach", RESULTS_REPO, "--json").json["runs"]
    assert (found["name"], found["tags"]) == ("first try", ["test"])


def test_a_name_that_cannot_be_one_is_refused_before_anything_is_rented(shell: Shell) -> None:
    said = shell(*DEPLOY, "--name", "n" * 99, "--yes", "--", "true")
    assert said.code == 2
    assert "19 letters too many" in said.text
    assert shell.rented == 0
