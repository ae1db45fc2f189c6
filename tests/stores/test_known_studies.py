"""Which studies a computer knows, and that it runs each of them once."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.domain.studies.address import StudyAddress
from launcher.errors import InvalidRequest
from launcher.stores.known_studies import KnownStudies

LONG = StudyAddress(f"{'o' * 96}/{'r' * 96}", "a-study-of-25-letters-abc")
"""As long as the Hub lets names be."""


def test_a_study_is_run_once_and_another_of_almost_its_name_beside_it(tmp_path: Path) -> None:
    known = KnownStudies(tmp_path)
    one, other = StudyAddress("me-and/voice", "tune"), StudyAddress("me/and-voice", "tune")
    with known.lock(one):
        with pytest.raises(InvalidRequest, match="Another program"), known.lock(one):
            pass
        with known.lock(other):
            pass


def test_names_may_be_as_long_as_the_hub_lets_them_be(tmp_path: Path) -> None:
    known = KnownStudies(tmp_path / "not-there-yet")
    with known.lock(LONG):
        known.keep_copy(LONG, "study", "trials")
    assert known.copy(LONG) == ("study", "trials")
