"""`launcher study`: made, run, shown, added to and stopped, as a person types it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from launcher.cli.studying import left, money_question
from launcher.domain.studies.address import StudyAddress
from tests.cli.conftest import COMMAND_RUN, Shell
from tests.kit.clocks import NOW
from tests.kit.studies import ended_trial, study_of
from tests.services.studies.world import TrialPods

STUDY = "demo/voices/tune"
SEARCH = ("--search", "checkpoint_minutes=1..100:log,keep_checkpoints=1|2|4")
CREATE = (
    *("study", "create", "tune", *COMMAND_RUN, "--max-hours", "1", "--max-cost-usd", "2"),
    *("--objective", "loss"),
)
TRUE = ("--", "true")


@pytest.fixture(autouse=True)
def pods(shell: Shell) -> TrialPods:
    return TrialPods(shell.harness, steps=2)


def test_of_a_study_that_is_over_no_money_is_asked_that_it_cannot_cost() -> None:
    stopped = study_of(ended_trial(0, 3.0), stopped="It was stopped by hand.")
    question = money_question(stopped, NOW)
    assert "It was stopped by hand. No further trial starts." in question
    assert "Run it for $0.00 more at most, $10.00 in all?" in question
    going = money_question(study_of(ended_trial(0, 3.0)), NOW)
    assert going.strip() == "Run it for $9.50 more at most, $10.00 in all?"


def test_what_is_printed_of_a_study_can_be_typed_where_its_folder_has_a_blank() -> None:
    said = left(StudyAddress("/data/my voices", "tune"), study_of(ended_trial(0, 3.0)))
    assert "launcher study run '/data/my voices/tune'. " in str(said.hint)
    assert str(said.hint).endswith("launcher study stop '/data/my voices/tune'")


def made(shell: Shell, *more: str) -> None:
    said = shell(*CREATE, *SEARCH, "--budget", "20", *more, *TRUE)
    assert said.code == 0, said.text


def test_a_study_is_made_run_and_shown(shell: Shell) -> None:
    said = shell(*CREATE, *SEARCH, "--budget", "20", "--trials", "3", "--at-most", "2", *TRUE)
    assert said.code == 0, said.text
    assert "One trial may cost" in said.text
    assert f"launcher study run {STUDY}" in said.out
    assert shell.rented == 0
    ran = shell("study", "run", "--yes")
    assert ran.code == 0, ran.text
    assert ran.out.startswith("It has its 3 trials.")
    assert "The best of 3 complete trials:" in ran.out
    assert "tune-003 begins: checkpoint_minutes" in ran.err
    assert shell.rented == 3
    shell.move_to("another")
    shown = shell("study", "show", STUDY)
    assert "[" in shown.out
    assert "$20.00 left" in shown.text
    assert f"launcher results demo/voices/{best(shell)} --download" in shown.text


def best(shell: Shell) -> str:
    return shell("study", "show", STUDY, "--quiet").out.strip()


def test_every_command_of_it_prints_its_document(shell: Shell) -> None:
    created = shell(*CREATE, *SEARCH, "--budget", "20", "--trials", "1", "--json", *TRUE).json
    assert (created["study"], created["grid_points"]) == (STUDY, None)
    assert 0 < created["worst_case_usd"] < 20
    values = "checkpoint_minutes=10,keep_checkpoints=2"
    added = shell("study", "add", STUDY, "--values", values, "--trials", "1", "--json").json
    assert [(one["state"], one["params"]) for one in added["trials"]] == [
        ("waiting", {"checkpoint_minutes": 10.0, "keep_checkpoints": 2})
    ]
    ran = shell("study", "run", "tune", "--yes", "--json")
    assert {one["schema"] for one in ran.documents} == {"study.news", "study.run"}
    assert ran.json["why"] == "It has its 2 trials."
    assert ran.json["best"] == "tune-001"
    for news in ran.documents[:-1]:
        assert news["spent_usd"] + news["reserved_usd"] <= 20
    assert shell("study", "show", "--json").json["trials"][0]["value"] == 5.0
    assert shell("study", "stop", "--json").json["told"] == []
    assert shell("study", "list", "--json").json["studies"] == [STUDY]
    stopped = " ".join(shell("study", "run", "--yes").out.split())
    assert "It was stopped by hand. To continue it, add to it: launcher study add " in stopped


def test_without_a_terminal_and_without_yes_nothing_is_rented(shell: Shell) -> None:
    made(shell)
    said = shell("study", "run")
    assert said.code == 2
    assert "--yes" in said.err
    assert shell.rented == 0


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--search", "learning=1|2"), "no setting 'learning'"),
        (("--search", "results_repo=a/b|c/d"), "results_repo cannot be searched"),
        (("--search", "argv=a|b"), "takes a list"),
        (("--search", "checkpoint_minutes=1..900"), "0.1 to 240"),
        (("--search", "max_hours=0.5|1"), "both searched and given a fixed value"),
        (("--search", "batch_size=8|16"), "--recipe is piper"),
        (("--search", "checkpoint_minutes=1..9", "--sampler", "grid"), "which values"),
        ((*SEARCH, "--run-id", "run-07"), "named after it"),
        ((*SEARCH, "--budget", "0.01"), "One trial may cost"),
    ],
)
def test_what_cannot_be_searched_or_paid_is_refused_and_nothing_is_kept(
    shell: Shell, more: tuple[str, ...], says: str
) -> None:
    said = shell(*CREATE, "--budget", "20", *more, *TRUE)
    assert says in said.text, said.text
    assert said.code == 2
    assert "This computer has made or run no study yet." in shell("study", "list").text


def test_no_run_takes_the_folder_of_the_studies(shell: Shell) -> None:
    said = shell("plan", *COMMAND_RUN, "--run-id", "studies", *TRUE)
    assert said.code == 2
    assert "No run can be called studies" in said.text


def test_a_name_is_taken_once_and_values_must_be_among_those_searched(shell: Shell) -> None:
    made(shell)
    assert "has a study tune already" in shell(*CREATE, *SEARCH, "--budget", "20", *TRUE).text
    for values in ("checkpoint_minutes=10", "checkpoint_minutes=900,keep_checkpoints=1"):
        said = shell("study", "add", "--values", values)
        assert said.code == 2
        assert "checkpoint_minutes" in said.text
    assert "contains no study other" in shell("study", "show", "demo/voices/other").text
    assert "knows no study 'other'" in shell("study", "show", "other").text


def test_a_study_that_nobody_knows_is_said_before_it_is_asked_whether_to_run_it(
    shell: Shell,
) -> None:
    said = shell("study", "run", "other")
    assert said.code == 2
    assert "knows no study 'other'" in said.text
    assert "--yes" not in said.text


def test_a_study_that_was_written_for_the_dashboard_is_said_to_be(
    shell: Shell, tmp_path: Path
) -> None:
    made(shell)
    said = shell("study", "show", "--optuna", f"sqlite:///{tmp_path / 'study.db'}")
    assert said.code == 0, said.text
    assert "Written into that storage of Optuna" in said.text
    assert (tmp_path / "study.db").is_file()


def test_without_the_extra_it_says_how_to_install_it_and_still_shows(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(shell)
    monkeypatch.setitem(sys.modules, "optuna", None)
    said = shell("study", "run", "--yes")
    assert said.code == 3
    assert 'pip install "pod-launcher[study]"' in said.text
    assert shell("study", "show").code == 0
