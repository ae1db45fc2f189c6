"""A study in words."""

from __future__ import annotations

import re

from launcher.cli.terminal.study_view import study_text
from launcher.domain.studies.address import StudyAddress
from tests.kit.studies import ended_trial, study_of


def test_what_trials_reached_has_the_same_number_of_decimals_in_both_tables() -> None:
    study = study_of(ended_trial(0, 8.0), ended_trial(1, 6.8), ended_trial(2, 6.71))
    trials, best = study_text(StudyAddress("me/voice", "tune"), study, {}).split("The best of ")
    for part in (trials, best):
        assert set(re.findall(r"(?<!\$)\b[68]\.\d+", part)) == {"8.00", "6.80", "6.71"}
