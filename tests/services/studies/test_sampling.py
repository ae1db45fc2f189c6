"""What Optuna is asked for beside the next trial."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from launcher.errors import InvalidRequest
from launcher.services.studies.sampling import Judgement, judged, write_into
from tests.kit.studies import ended_trial, study_of


def test_a_study_is_written_into_a_storage_of_optunas_as_often_as_asked(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/study.db"
    study = study_of(ended_trial(0, 2.0), ended_trial(1, 1.0))
    for _ in range(2):
        write_into(study, address, "me/voice/tune")
    (name,) = optuna.get_all_study_names(address)
    read = optuna.load_study(study_name=name, storage=address)
    assert (name, read.best_trial.user_attrs["run"], read.best_value) == (
        "me/voice/tune",
        "tune-002",
        1.0,
    )
    assert read.metric_names == ["loss"]


@pytest.mark.parametrize("address", ["nonsense", "sqlite:////nowhere/x.db"])
def test_a_storage_that_cannot_be_written_is_said(address: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot write"):
        write_into(study_of(), address, "me/voice/tune")


def test_a_study_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/study.db"
    optuna.create_study(storage=address, study_name="tune")
    with pytest.raises(InvalidRequest, match="did not write"):
        write_into(study_of(), address, "tune")


def test_a_trial_whose_end_a_second_program_wrote_down_is_not_judged_any_more() -> None:
    """Its events may be read here after that; the study goes on."""
    study = study_of(ended_trial(0, 2.0, kept_by_sampler={"grid_id": 1}))
    assert judged(study, 0, ((100, 3.0), (200, 2.0))) == Judgement(False, {"grid_id": 1})
