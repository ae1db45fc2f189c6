"""How far it goes: the page says what was kept, and a small fleet takes what the figures are reckoned from."""

from __future__ import annotations

import pytest

from launcher.domain.run import Run
from launcher.providers.call_budget import CALLS_A_MINUTE
from launcher.providers.runpod.client import SECONDS_BETWEEN_STREAMS, STREAMS_AT_ONCE
from launcher.stores.runs import RunHistory
from tests.simulation.fleet import RUNS, commits_an_hour, journal_mb_an_hour, kept, watched
from tests.simulation.scale_page import (
    COMMITS_OF_AN_ACCOUNT,
    PAGE,
    kept_figures,
    page_is_as_kept,
    table,
    with_table,
)


def test_the_page_says_what_the_kept_figures_say() -> None:
    assert page_is_as_kept()
    other = {**kept_figures(), "commits_an_hour": 1.0}
    assert with_table(PAGE.read_text("utf-8"), other) != PAGE.read_text("utf-8")


def test_a_small_fleet_is_heard_at_once_and_by_few_calls() -> None:
    found = watched(12, minutes=3.0)
    assert (found.runs, found.heard, found.open_streams) == (12, 12, 12)
    # The streams, a list as they begin, and one a minute for what other computers start.
    assert found.most_calls_in_a_minute <= 12 + 4


def test_a_fleet_whose_list_has_many_pages_stays_within_the_calls_that_we_allow_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As at thousands of runs, whose list takes several answers each time."""
    monkeypatch.setattr("tests.simulation.fleet_cloud.PAGE", 10)
    found = watched(120, minutes=3.0)
    assert 45 < found.most_calls_in_a_minute <= CALLS_A_MINUTE
    assert found.heard >= STREAMS_AT_ONCE + 25


def test_runs_that_all_end_at_one_moment_are_settled_within_the_calls_that_we_allow_us() -> None:
    found = watched(100, minutes=16.0, all_end_after_minutes=6.0)
    assert found.ended == 100
    assert found.most_calls_in_a_minute <= CALLS_A_MINUTE


def test_how_often_the_history_is_read_does_not_go_by_the_number_of_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each look reads all that live; one for each run as well would make it the square of their number."""
    reads: list[int] = []
    live = RunHistory.live

    def counted(history: RunHistory) -> list[Run]:
        found = live(history)
        reads.append(len(found))
        return found

    monkeypatch.setattr(RunHistory, "live", counted)
    watched(5, minutes=0.5)
    of_few = len(reads)
    watched(60, minutes=0.5)
    assert len(reads) - of_few == of_few
    assert reads[-1] == 60


def test_the_size_that_the_page_names_is_the_one_that_is_played_unless_another_is_said() -> None:
    assert f"python -m tests.simulation.fleet --runs {RUNS} --write" in PAGE.read_text("utf-8")
    assert max(each["runs"] for each in kept_figures()["watched"]) == RUNS


def test_runs_beyond_the_burst_are_heard_at_the_pace_that_the_page_reckons_with() -> None:
    found = watched(STREAMS_AT_ONCE + 10, minutes=5 * SECONDS_BETWEEN_STREAMS / 60 + 0.1)
    assert STREAMS_AT_ONCE + 4 <= found.heard <= STREAMS_AT_ONCE + 7


def test_what_one_run_takes_is_still_as_kept() -> None:
    figures = kept_figures()
    assert journal_mb_an_hour() == figures["journal_mb_an_hour"]
    assert commits_an_hour() == figures["commits_an_hour"]
    assert kept(10).megabytes <= figures["kept"][0]["megabytes"] * 1.5


def test_the_page_names_the_size_at_which_commits_break() -> None:
    runs = COMMITS_OF_AN_ACCOUNT / kept_figures()["commits_an_hour"]
    assert 8 < runs < 9
    assert "nine such runs" in PAGE.read_text("utf-8")
    assert "10 runs" in table(kept_figures())
