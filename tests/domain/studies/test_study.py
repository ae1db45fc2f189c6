"""What a study has found, when it is over, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from launcher.domain.run_address import is_run_id
from launcher.domain.run_picture import RunPicture, picture_of
from launcher.domain.studies.address import StudyAddress, checked_name, study_address
from launcher.domain.studies.kept import read_study, study_text, trials_text
from launcher.domain.studies.objective import Direction, objective, points_of, value_of
from launcher.domain.studies.search_space import Choices
from launcher.domain.studies.stop_rule import why_over
from launcher.domain.studies.study import (
    MOST_TRIALS,
    Claim,
    SamplerName,
    Study,
    Trial,
    TrialState,
    run_id_of,
)
from launcher.errors import InvalidRequest
from tests.kit.clocks import NOW
from tests.kit.runs import event
from tests.kit.studies import ended_trial, study_of

FAILED = {"state": TrialState.FAILED}


def told(*events: tuple[str, Mapping[str, object]]) -> RunPicture:
    return picture_of(event(kind, seq, **rest) for seq, (kind, rest) in enumerate(events, 1))


# --- the objective


def test_the_value_of_a_score_is_that_of_the_best_checkpoint() -> None:
    checkpoint = {"path": "c", "size_bytes": 1}
    found = told(
        ("checkpoint", {**checkpoint, "step": 100, "scores": {"mel": 4.0}, "is_best": True}),
        ("checkpoint", {**checkpoint, "step": 200, "scores": {"mel": 5.0}}),
    )
    assert value_of(found, "mel") == 4.0


def test_the_value_of_a_loss_is_the_last_one_and_of_what_was_never_told_none() -> None:
    steps = [("step", {"step": at, "losses": {"loss": 9.0 - at}}) for at in (1, 2, 3)]
    assert value_of(told(*steps), "loss") == 6.0
    assert value_of(told(*steps), "other") is None


def test_points_are_compared_at_the_same_steps_whenever_a_run_tells_them() -> None:
    steps = [("step", {"step": at, "losses": {"loss": float(at)}}) for at in (90, 130, 170, 260)]
    found = points_of(told(*steps), "loss", 100)
    assert found == ((0, 90.0), (100, 130.0), (200, 260.0))
    earlier = points_of(told(*steps[:2]), "loss", 100)
    assert earlier == found[:2]  # what was reported does not change while the run goes on


def test_a_score_that_is_good_neither_low_nor_high_needs_a_direction() -> None:
    with pytest.raises(InvalidRequest, match="f0_hz"):
        objective("f0_hz")
    assert objective("f0_hz", "maximize").direction is Direction.MAXIMIZE
    with pytest.raises(InvalidRequest):
        objective("two words")


# --- what is best, and when it is over


def test_the_best_is_the_lowest_or_the_highest_of_the_complete_ones() -> None:
    trials = [
        ended_trial(0, 3.0),
        ended_trial(1, 2.0),
        ended_trial(2, 1.0, state=TrialState.PRUNED),
    ]
    study = study_of(*trials)
    assert [trial.number for trial in study.ranked] == [1, 0]
    up = replace(study.asked, objective=objective("loss", "maximize"))
    assert replace(study, asked=up).best == trials[0]


def test_it_is_over_by_its_trials_by_its_rule_and_by_a_person() -> None:
    three = [ended_trial(number, 3.0 - number) for number in range(3)]
    assert why_over(study_of(*three)) == ""
    assert why_over(study_of(*three, most_trials=3)) == "It has its 3 trials."
    assert why_over(study_of(*three, patience=1)) == ""
    stale = [*three, ended_trial(3, 9.0), ended_trial(4, 9.0, state=TrialState.PRUNED)]
    assert why_over(study_of(*stale, patience=2)) == "The last 2 trials brought no improvement."
    assert why_over(study_of(stopped="It was stopped by hand.")) == "It was stopped by hand."


def test_a_trial_that_a_person_added_is_run_whatever_the_number_of_trials() -> None:
    waiting = Trial(1, {"learning_rate": 1e-4, "batch_size": 16}, is_typed=True)
    assert why_over(study_of(ended_trial(0, 1.0), waiting, most_trials=1)) == ""


def test_three_failures_in_a_row_end_it_until_somebody_tries_again() -> None:
    failed = [ended_trial(number, None, **FAILED) for number in range(3)]
    assert why_over(study_of(*failed)) == "The last 3 trials failed."
    assert why_over(study_of(*failed[:2], ended_trial(2, 1.0))) == ""
    assert why_over(study_of(*failed), since=NOW + timedelta(hours=1)) == ""


def test_runs_that_never_tell_the_objective_end_it_at_once_and_say_what_they_tell() -> None:
    silent = ended_trial(0, None, **FAILED, told_instead=("kl", "mel"))
    assert "It reported kl, mel." in why_over(study_of(silent), since=NOW + timedelta(hours=1))


def test_a_grid_is_over_when_every_combination_was_tried() -> None:
    asked: dict[str, Any] = {
        "sampler": SamplerName.GRID,
        "space": (Choices("batch_size", (16, 32)),),
    }
    assert why_over(study_of(ended_trial(0, 1.0), **asked)) == ""
    typed = ended_trial(1, 1.0, is_typed=True)
    assert why_over(study_of(ended_trial(0, 1.0), typed, **asked)) == ""
    assert "Every combination" in why_over(study_of(*map(ended_trial, (0, 1), (1.0, 2.0)), **asked))


# --- its files


def test_a_study_is_read_as_it_was_kept() -> None:
    live = Trial(
        1,
        {"learning_rate": 2e-4, "batch_size": 32},
        TrialState.LIVE,
        run_id="tune-002",
        launches=1,
        claim=Claim("me", NOW, "runpod", "acct"),
        reserved_usd=2.0,
        kept_by_sampler={"grid_id": 3},
    )
    study = study_of(ended_trial(0, 1.5), live, patience=4, most_trials=9, forced=("silent",))
    assert read_study(study_text(study).encode(), trials_text(study).encode()) == study
    assert trials_text(study).count("\n") == 2


GOOD = study_of(ended_trial(0, 1.5))


@pytest.mark.parametrize(
    ("study", "trials"),
    [
        (b"", b""),
        (b"[]", b""),
        (study_text(GOOD).replace('"budget_usd": 10.0', '"budget_usd": -1').encode(), b""),
        (study_text(GOOD).replace('"budget_usd": 10.0', '"budget_usd": NaN').encode(), b""),
        (study_text(GOOD).replace('"tune"', '"../tune"').encode(), b""),
        (study_text(GOOD).encode(), b"{}"),
        (
            study_text(GOOD).encode(),
            trials_text(GOOD).replace('"number": 0', '"number": 1').encode(),
        ),
        (study_text(GOOD).encode(), trials_text(GOOD).replace("tune-001", "../../x").encode()),
        (study_text(GOOD).encode(), b"[" * 100_000),
        (study_text(GOOD).encode(), trials_text(GOOD).replace("batch_size", "argv").encode()),
        (study_text(GOOD).encode(), trials_text(GOOD).replace(": 16", ": 17").encode()),
    ],
)
def test_files_that_are_none_of_ours_are_refused_in_a_sentence(study: bytes, trials: bytes) -> None:
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_study(study, trials)


def test_a_later_format_is_said_as_that() -> None:
    later = study_text(GOOD).replace('"format": 1', '"format": 2').encode()
    with pytest.raises(InvalidRequest, match="another release"):
        read_study(later, b"")


# --- its name


def test_a_study_is_named_by_its_repo_and_its_name() -> None:
    tune = StudyAddress("me/voice", "tune")
    assert study_address("me/voice/tune") == study_address("me/voice/studies/tune") == tune
    assert study_address("tune") is None
    assert study_address("me/voice/../tune") is None
    assert str(tune) == "me/voice/tune"
    with pytest.raises(InvalidRequest):
        checked_name("Tune It")


def test_a_study_in_a_folder_is_named_by_its_path() -> None:
    tune = StudyAddress("/home/me/voices", "tune")
    typed = ("/home/me/voices/tune", "/home/me/voices/studies/tune", " /home/me/voices/tune/ ")
    assert [study_address(each) for each in typed] == [tune] * 3
    assert str(tune) == "/home/me/voices/tune"
    there = study_address("gpubox:/data/voices/tune")
    assert there == StudyAddress("gpubox:/data/voices", "tune")
    assert study_address(str(there)) == there
    assert study_address("/tune") is None  # no folder is left
    for folder in ("/home/me/studies", "/studies", "gpubox:/studies", "/studies/studies"):
        called_so = StudyAddress(folder, "tune")
        assert study_address(str(called_so)) == called_so
    assert study_address("/home/me/voices/Not A Name") is None


def test_ids_of_its_runs_are_ids_of_runs_however_long_its_name() -> None:
    assert is_run_id(run_id_of("a" * 25, MOST_TRIALS, 3))


def test_an_empty_study_has_no_best() -> None:
    assert Study(study_of().asked).best is None
