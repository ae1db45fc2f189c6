"""The history as a list that is searched, sorted and read a page at a time: SQLite looks, a page alone is read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from launcher.domain.run import Run
from launcher.stores.labels import WITH_TAG, labels_of_row, searched_tag
from launcher.stores.run_rows import FROM_RUNS
from pod_image.contract.outcomes import EndReason


class SortBy(StrEnum):
    """What a list is sorted by."""

    NAME = "name"
    RUN = "run"
    RECIPE = "recipe"
    TRAINS_ON = "trains_on"
    STATE = "state"
    STARTED = "started"
    TIME = "time"
    COST = "cost"
    SCORE = "score"


class RunKind(StrEnum):
    """Which runs of the history."""

    ALL = ""
    LIVE = "live"
    GOOD = "good"
    """Ended, with what was asked for."""
    BAD = "bad"
    """Ended otherwise."""


@dataclass(frozen=True)
class Word:
    """A run is found that holds the text anywhere, or is in one of the states: state or end reason, as the history
    writes it."""

    text: str
    states: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunsAsked:
    """Every condition holds of what is found. `recipe`: its name in the settings; `tag` whatever its capitals."""

    words: tuple[Word, ...] = ()
    kind: RunKind = RunKind.ALL
    tag: str = ""
    recipe: str = ""
    sort: SortBy = SortBy.STARTED
    is_descending: bool = True
    first: int = 0
    limit: int = 50


@dataclass(frozen=True)
class ListedRun:
    """A run of a list, with what is kept beside it that a list shows."""

    run: Run
    recipe: str
    trains_on: str
    score: dict[str, Any] | None = None
    """Kept of the best checkpoint; empty where it is known that there is none, None where nobody has looked."""
    sample: dict[str, Any] | None = None
    """The same of the newest sample."""


@dataclass(frozen=True)
class RunsFound:
    rows: tuple[ListedRun, ...]
    total: int
    """However many are on the page."""


@dataclass(frozen=True)
class Choices:
    """What there is to choose from: tags as somebody typed them, and recipes by name."""

    tags: tuple[str, ...]
    recipes: tuple[str, ...]


class PaidRun(NamedTuple):
    """What a run has cost, without the rest of it."""

    planned_at: datetime
    pod_id: str
    told_pod_id: str
    is_from_repo: bool
    cost_usd: float | None
    billed_usd: float | None


_SETTING = "CASE WHEN json_valid(settings_json) THEN json_extract(settings_json, '$.{name}') END"
_RECIPE = f"coalesce({_SETTING.format(name='recipe')}, :usual_recipe)"
_TRAINS_ON = f"coalesce({_SETTING.format(name='dataset_repo')}, '')"
_STATE = "coalesce(end_reason, state)"
_COST = "coalesce(billed_usd, cost_usd)"
_SECONDS = "julianday(coalesce(ended_at, :now)) - julianday(created_at)"
_FROM = (
    f"{FROM_RUNS} LEFT JOIN records AS score ON score.nonce = runs.nonce AND score.kind = 'score' "
    "LEFT JOIN records AS sample ON sample.nonce = runs.nonce AND sample.kind = 'sample'"
)
_TEXT = (
    "folded(run_id || ' ' || results_repo || ' ' || preset || ' ' || gpu_name || ' ' || coalesce(labels.name, '') "
    f"|| ' ' || coalesce(labels.notes, '') || ' ' || coalesce(labels.tags, '') || ' ' || {_RECIPE} || ' ' "
    f"|| {_TRAINS_ON})"
)
_VALUE = "json_extract(score.document, '$.value')"
_BY = {
    SortBy.NAME: ("nullif(folded(labels.name), '')",),
    SortBy.RUN: ("folded(run_id)", "results_repo"),
    SortBy.RECIPE: (_RECIPE,),
    SortBy.TRAINS_ON: (f"nullif(folded({_TRAINS_ON}), '')",),
    SortBy.STATE: ("state = 'ended'", _STATE),
    SortBy.STARTED: ("planned_at",),
    SortBy.TIME: (_SECONDS,),
    SortBy.COST: (_COST,),
    # Scores of other names are of another kind: each by itself, and of each the best first or last.
    SortBy.SCORE: (
        f"CASE WHEN json_extract(score.document, '$.is_lower_better') THEN -{_VALUE} ELSE {_VALUE} END",
    ),
}  # fmt: skip
_GOOD = tuple(reason.value for reason in EndReason if reason.is_success)


class RunList:
    """`usual_recipe`: of runs whose settings name none. `reading` turns a fault of the file into our error."""

    def __init__(
        self,
        db: sqlite3.Connection,
        columns: str,
        run_of_row: Callable[[sqlite3.Row], Run],
        reading: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._db, self._columns, self._run_of_row = db, columns, run_of_row
        self._reading = reading
        db.create_function("folded", 1, _folded, deterministic=True)

    def find(self, asked: RunsAsked, now: datetime, usual_recipe: str) -> RunsFound:
        """A page of the runs that are asked for. Raises NotConfigured where the history cannot be read."""
        conditions, values = _conditions(asked)
        values |= {"now": now.isoformat(), "usual_recipe": usual_recipe}
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._reading():
            total = self._db.execute(f"SELECT count(*) {FROM_RUNS} {where}", values).fetchone()[0]
            rows = self._db.execute(
                f"SELECT {self._columns}, {_RECIPE} AS recipe, {_TRAINS_ON} AS trains_on, "
                f"score.document AS score, sample.document AS sample {_FROM} {where} "
                f"{_order(asked)} LIMIT :limit OFFSET :first",
                {**values, "limit": asked.limit, "first": asked.first},
            ).fetchall()
        return RunsFound(tuple(self._listed(row) for row in rows), total)

    def choices(self, usual_recipe: str) -> Choices:
        """What lists can be narrowed to. Raises NotConfigured where the history cannot be read."""
        with self._reading():
            labelled = self._db.execute(
                "SELECT DISTINCT labels.tags, labels.document FROM labels "
                "JOIN runs USING (results_repo, run_id) WHERE labels.tags != ''"
            ).fetchall()
            recipes = self._db.execute(
                f"SELECT DISTINCT {_RECIPE} FROM runs", {"usual_recipe": usual_recipe}
            ).fetchall()
        tags: dict[str, str] = {}
        for row in labelled:
            for tag in labels_of_row(row["document"]).tags:
                tags.setdefault(tag.casefold(), tag)
        named = sorted(str(row[0]) for row in recipes)
        return Choices(tuple(tags[name] for name in sorted(tags)), tuple(named))

    def paid(self) -> list[PaidRun]:
        """Of every run what it has cost. Raises NotConfigured where the history cannot be read."""
        with self._reading():
            rows = self._db.execute(f"SELECT {', '.join(PaidRun._fields)} FROM runs").fetchall()
        return [
            PaidRun(datetime.fromisoformat(at), pod, told, bool(from_repo), cost, billed)
            for at, pod, told, from_repo, cost, billed in rows
        ]

    def _listed(self, row: sqlite3.Row) -> ListedRun:
        return ListedRun(
            self._run_of_row(row),
            str(row["recipe"]),
            str(row["trains_on"]),
            json.loads(row["score"]) if row["score"] else None,
            json.loads(row["sample"]) if row["sample"] else None,
        )


def _conditions(asked: RunsAsked) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    values: dict[str, Any] = {}
    for number, word in enumerate(asked.words):
        values[f"word{number}"] = word.text.casefold()
        either = [f"instr({_TEXT}, :word{number}) > 0"]
        if word.states:
            either.append(f"{_STATE} IN ({_listing(word.states, f'word{number}_', values)})")
        conditions.append(f"({' OR '.join(either)})")
    if asked.kind is RunKind.LIVE:
        conditions.append("state != 'ended'")
    elif asked.kind is not RunKind.ALL:
        is_good = f"coalesce(end_reason, '') IN ({_listing(_GOOD, 'good', values)})"
        conditions.append(
            f"state = 'ended' AND {'' if asked.kind is RunKind.GOOD else 'NOT '}{is_good}"
        )
    if asked.tag:
        values["tag"] = searched_tag(asked.tag)
        conditions.append(WITH_TAG.replace("?", ":tag"))
    if asked.recipe:
        values["recipe"] = asked.recipe
        conditions.append(f"{_RECIPE} = :recipe")
    return conditions, values


def _listing(words: Sequence[str], name: str, values: dict[str, Any]) -> str:
    """Places for the words in a statement."""
    values |= {f"{name}{number}": word for number, word in enumerate(words)}
    return ", ".join(f":{name}{number}" for number in range(len(words)))


def _order(asked: RunsAsked) -> str:
    """What has nothing to be sorted by comes last, whichever way; equals stand newest first."""
    way = "DESC" if asked.is_descending else "ASC"
    by = _BY[asked.sort]
    terms = [f"{by[0]} IS NULL", *(f"{each} {way}" for each in by)]
    if asked.sort is SortBy.STARTED:  # so that the index serves
        return f"ORDER BY planned_at {way}, runs.rowid {way}"
    if asked.sort is SortBy.SCORE:
        terms.insert(1, "json_extract(score.document, '$.name')")
    return f"ORDER BY {', '.join(terms)}, planned_at DESC, runs.rowid DESC"


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()
