"""Two runs that end together in one results repo: both whole, both on the card, nothing overwritten."""

from __future__ import annotations

import json

import pytest

from tests.kit.clouds import RESULTS_REPO
from tests.simulation.judge import Judge, Verdict
from tests.simulation.play import play
from tests.simulation.schedule import OTHER_RUN_ID, RUN_ID, Schedule, Strike
from tests.simulation.trainer import Work
from tests.simulation.world import World


class Looked(Judge):
    """A judge that also remembers the repo as a person would find it."""

    card = ""
    records: dict[str, str]

    def verdict(self) -> Verdict:
        Looked.card = _file(self._world, "README.md")
        Looked.records = {
            run_id: _file(self._world, f"{run_id}/run.json") for run_id in (RUN_ID, OTHER_RUN_ID)
        }
        return super().verdict()


def _file(world: World, path: str) -> str:
    repo = world.core.store.repos["model", RESULTS_REPO]
    return world.core.store.object_path(repo.head.tree[path].sha256).read_text()


def test_both_runs_are_on_the_card_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.simulation.play.Judge", Looked)
    strikes = (
        # The same command at the same moment; and the Hub says "somebody else was first" on top.
        Strike(0.01, "person", "other-run"),
        Strike(430.0, "hub", "commit-locked"),
        Strike(430.0, "hub", "commit-stale"),
    )
    verdict = play(Schedule(3, Work(20, 20.0, 5), 0.4, False, False, strikes))
    assert verdict.findings == []
    assert verdict.pods == 2
    for run_id in (RUN_ID, OTHER_RUN_ID):
        record = json.loads(Looked.records[run_id])
        assert (record["state"], record["end_reason"]) == ("ended", "finished")
        assert Looked.card.count(f"<!-- run {run_id} -->") == 1
