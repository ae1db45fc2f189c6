"""The history as a list: searched, narrowed, sorted and paged by SQLite, a page read at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.domain.labels import LabelName
from launcher.domain.run import Run, RunState
from launcher.errors import NotConfigured
from launcher.stores.run_list import RunKind, RunsAsked, SortBy, Word
from launcher.stores.runs import RecordKind, RunHistory
from launcher.stores.sqlite_file import transaction
from pod_image.contract.outcomes import EndReason
from tests.kit.runs import NOON, new_run

USUAL = "piper"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[RunHistory]:
    opened = RunHistory(tmp_path / "runs.sqlite")
    yield opened
    opened.close()


def ended(number: int, reason: EndReason = EndReason.FINISHED, **changes: object) -> Run:
    at = NOON + timedelta(days=number)
    values: dict[str, object] = {
        "run_id": f"run-{number:02d}",
        "state": RunState.ENDED,
        "end_reason": reason,
        "planned_at": at,
        "created_at": at,
        "ended_at": at + timedelta(hours=number),
        "cost_usd": 10.0 - number,
        **changes,
    }
    return new_run(f"nonce{number:05d}", **values)


def found(history: RunHistory, **asked: object) -> list[str]:
    rows = history.list.find(RunsAsked(**asked), NOON + timedelta(days=9), USUAL).rows  # type: ignore[arg-type]  # each as a person asks for it
    return [row.run.run_id for row in rows]


def score(
    value: float, *, name: str = "distance", is_lower_better: bool = True
) -> dict[str, object]:
    return {"name": name, "value": value, "step": 9, "is_lower_better": is_lower_better}


@pytest.fixture
def three(history: RunHistory) -> RunHistory:
    """Of different recipes, ends, costs, scores and names."""
    command = json.dumps({"recipe": "command", "dataset_repo": "me/b"})
    piper = json.dumps({"dataset_repo": "me/a"})
    history.add(ended(1, EndReason.LOST, settings_json=command, gpu_name="RTX 4090"))
    history.add(ended(2, settings_json=piper, preset="quick-check"))
    history.add(ended(3, settings_json="no json", state=RunState.RUNNING, end_reason=None))
    history.labels.change("me/voices", "run-01", {LabelName.NAME: "Älter"}, NOON)
    words = {LabelName.NAME: "bell", LabelName.TAGS: "Keeper, two words"}
    history.labels.change("me/voices", "run-02", words, NOON)
    history.keep(ended(1), RecordKind.SCORE, score(6.4))
    history.keep(ended(2), RecordKind.SCORE, score(5.1))
    return history


@pytest.mark.parametrize(
    ("sort", "falling"),
    [
        (SortBy.STARTED, ["run-03", "run-02", "run-01"]),
        (SortBy.RUN, ["run-03", "run-02", "run-01"]),
        (SortBy.NAME, ["run-01", "run-02", "run-03"]),  # ä after b; without a name at the end
        (SortBy.COST, ["run-01", "run-02", "run-03"]),
        (SortBy.TIME, ["run-03", "run-02", "run-01"]),
        (SortBy.RECIPE, ["run-03", "run-02", "run-01"]),
        (SortBy.TRAINS_ON, ["run-01", "run-02", "run-03"]),
        (SortBy.STATE, ["run-01", "run-02", "run-03"]),
        (SortBy.SCORE, ["run-02", "run-01", "run-03"]),  # the lower is the better
    ],
)
def test_a_list_is_sorted_by_each_of_its_columns(
    three: RunHistory, sort: SortBy, falling: list[str]
) -> None:
    assert found(three, sort=sort) == falling
    rising = found(three, sort=sort, is_descending=False)
    has_blank = sort in (SortBy.NAME, SortBy.SCORE, SortBy.TRAINS_ON)
    if sort is SortBy.RECIPE:  # equals stand newest first, whichever way
        assert rising == ["run-01", "run-03", "run-02"]
    elif has_blank:
        assert rising == [*reversed(falling[:2]), "run-03"]
    else:
        assert rising == list(reversed(falling))


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        ({"words": (Word("ÄLTER"),)}, ["run-01"]),
        ({"words": (Word("4090"), Word("run"))}, ["run-01"]),
        ({"words": (Word("quick"),)}, ["run-02"]),
        ({"words": (Word("me/b"),)}, ["run-01"]),
        ({"words": (Word("lost", ("lost",)),)}, ["run-01"]),
        ({"words": (Word("100%_"),)}, []),
        ({"kind": RunKind.LIVE}, ["run-03"]),
        ({"kind": RunKind.GOOD}, ["run-02"]),
        ({"kind": RunKind.BAD}, ["run-01"]),
        ({"tag": "KEEPER"}, ["run-02"]),
        ({"tag": "two  words"}, ["run-02"]),
        ({"tag": "keep"}, []),
        ({"recipe": "command"}, ["run-01"]),
        ({"recipe": "piper"}, ["run-03", "run-02"]),
        ({"recipe": "piper", "kind": RunKind.GOOD, "words": (Word("bell"),)}, ["run-02"]),
        ({"words": (Word("'; DROP TABLE runs; --"),)}, []),
    ],
)
def test_a_list_is_narrowed(three: RunHistory, asked: dict[str, object], runs: list[str]) -> None:
    assert found(three, **asked) == runs


def test_what_there_is_to_choose_from_is_as_it_was_typed(three: RunHistory) -> None:
    choices = three.list.choices(USUAL)
    assert (choices.tags, choices.recipes) == (("Keeper", "two words"), ("command", "piper"))


def test_a_row_has_what_is_kept_beside_its_run(three: RunHistory) -> None:
    three.keep(ended(2), RecordKind.SAMPLE, {"path": "samples/9.wav", "step": 9})
    first, second, third = three.list.find(RunsAsked(), NOON, USUAL).rows
    assert (first.score, first.sample) == (None, None)
    assert second.score == score(5.1)
    assert second.sample == {"path": "samples/9.wav", "step": 9}
    assert (second.recipe, second.trains_on, second.run.title) == ("piper", "me/a", "bell")
    assert third.recipe == "command"


def test_scores_of_another_name_are_not_mixed_among_each_other(history: RunHistory) -> None:
    for number, (name, value, lower) in enumerate(
        (("wer", 0.3, True), ("bleu", 20.0, False), ("wer", 0.1, True), ("bleu", 30.0, False))
    ):
        history.add(ended(number))
        history.keep(
            ended(number), RecordKind.SCORE, score(value, name=name, is_lower_better=lower)
        )
    assert found(history, sort=SortBy.SCORE) == ["run-03", "run-01", "run-02", "run-00"]


def test_a_page_of_two_thousand_runs_is_there_at_once(history: RunHistory) -> None:
    with transaction(history._db):
        for number in range(2_000):
            history.add(ended(number, settings_json='{"recipe": "piper"}', run_id=f"run-{number}"))
    began = time.perf_counter()
    page = history.list.find(RunsAsked(first=50, limit=25), NOON, USUAL)
    narrowed = history.list.find(RunsAsked(words=(Word("run-7"),), sort=SortBy.COST), NOON, USUAL)
    assert history.live() == []
    assert time.perf_counter() - began < 0.5
    assert (page.total, page.rows[0].run.run_id, len(page.rows)) == (2_000, "run-1949", 25)
    assert narrowed.total == 111


def test_a_history_that_cannot_be_read_is_an_error_with_a_way_out(history: RunHistory) -> None:
    history.add(ended(1))
    history.close()
    for read in (
        lambda: history.list.find(RunsAsked(), NOON, USUAL),
        lambda: history.list.choices(USUAL),
        lambda: history.list.paid(),
    ):
        with pytest.raises(NotConfigured, match="cannot be read") as refused:
            read()
        assert refused.value.hint
