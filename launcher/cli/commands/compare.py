"""`launcher compare`: runs beside each other."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from launcher.cli import offering
from launcher.cli.documents.runs import Compare, ComparedRunFacts, run_facts
from launcher.cli.flags import JsonOption, QuietOption, command_app
from launcher.cli.session import run_at
from launcher.cli.terminal.layout import lasted, paragraph, table, usd
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.run_time import lasted_seconds
from launcher.domain.scores import BestScore
from launcher.errors import InvalidRequest
from launcher.forms.value_text import value_text
from launcher.recipes.base import Shown
from launcher.services.common.workbench import Workbench
from launcher.services.following.comparing import (
    MOST_COMPARED,
    ComparedRun,
    SettingRow,
    beside_each_other,
    common_curve,
    differing,
)
from launcher.services.following.find_run import find_run
from launcher.services.live.known import known_picture
from pod_image.contract.settings import SETTINGS

app = command_app()


@app.command()
def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN...",
            help="Two or more, such as run-01 run-02.",
            autocompletion=offering.runs,
        ),
    ],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare runs: how each ended, its loss, best score, time and cost, and the settings that differ."""
    keys = list(dict.fromkeys(runs))
    if not 2 <= len(keys) <= MOST_COMPARED:
        raise InvalidRequest(
            f"Two to {MOST_COMPARED} different runs can be compared; {len(keys)} given.",
            hint="launcher runs lists them.",
        )
    compared = run_at(keys[0], lambda bench: _looked_up(bench, keys))
    Output(as_json=as_json, quiet=quiet).answer(
        _document(compared), lambda: _text(compared), quiet=_quiet(compared)
    )


async def _looked_up(bench: Workbench, keys: list[str]) -> list[ComparedRun]:
    once = {run.nonce: run for run in [await find_run(bench, key) for key in keys]}
    found = list(once.values())
    if len(found) < 2:
        raise InvalidRequest("These are names of one run.", hint="launcher runs lists them.")
    return beside_each_other(found, [await known_picture(bench, run) for run in found])


def _document(compared: list[ComparedRun]) -> Compare:
    curve, shown = common_curve(compared)
    return {
        "schema": "compare",
        "version": 1,
        "runs": [_facts(one, curve, shown) for one in compared],
        "settings": [
            {"name": row.name, "values": list(row.values)}
            for row in differing(*(one.run for one in compared))
        ],
    }


def _facts(one: ComparedRun, curve: str, shown: Shown) -> ComparedRunFacts:
    loss, best = one.last_loss(curve, shown), one.best
    return {
        **run_facts(one.run),
        "steps": one.steps,
        "seconds": one.seconds,
        "last_loss": None
        if loss is None
        else {"name": loss.name, "value": loss.value, "step": int(loss.step)},
        "best_score": None
        if best is None
        else {"name": best.name, "value": best.value, "step": best.step},
    }


def _text(compared: list[ComparedRun]) -> str:
    curve, shown = common_curve(compared)
    rows = [_row(one, curve, shown) for one in compared]
    head = ("RUN", "STATE", "STEPS", "LAST LOSS", "BEST SCORE", "TIME", "COST", "GPU")
    parts = [table(head, rows, right=(2, 5, 6)), "", *_what_is_meant(compared, curve, shown)]
    different = differing(*(one.run for one in compared))
    if not different:
        return "\n".join([*parts, "They were started with the same settings."])
    parts.append("Settings that differ:")
    names = [one.name for one in compared]
    return "\n".join([*parts, *(_setting(row, names) for row in different)])


def _row(one: ComparedRun, curve: str, shown: Shown) -> tuple[str, ...]:
    run, loss = one.run, one.last_loss(curve, shown)
    return (
        one.name,
        (run.end_reason or run.state).value,
        "-" if one.steps is None else f"{one.steps:,}",
        "-" if loss is None else f"{loss.value:.4g} at {loss.step:,.0f}",
        _score(one.best),
        lasted(lasted_seconds(run)),
        usd(run.known_cost_usd),
        run.gpu_name or "-",
    )


def _score(best: BestScore | None) -> str:
    return "-" if best is None else f"{best.text} at {best.step:,}"


def _what_is_meant(compared: list[ComparedRun], curve: str, shown: Shown) -> list[str]:
    """What the columns of loss and score are, in words; nothing where they are empty."""
    titles = dict.fromkeys(one.best.kind.title for one in compared if one.best is not None)
    said = (
        [f"LAST LOSS is the newest value of “{shown.curve_title(curve)}”, with its step."]
        if curve
        else []
    )
    said += [f"BEST SCORE is “{'”, “'.join(titles)}”, with its step."] if titles else []
    return [" ".join(said), ""] if said else []


def _setting(row: SettingRow, names: list[str]) -> str:
    """Each value with the runs that have it: any number of runs fits on a page."""
    by_value: dict[str, list[str]] = {}
    for name, value in zip(names, row.values, strict=True):
        by_value.setdefault(_value(row.name, value), []).append(name)
    said = "; ".join(f"{value} ({', '.join(who)})" for value, who in by_value.items())
    return paragraph(f"{SETTINGS[row.name].knob.label}: {said}", indent=2, hanging=4)


def _value(name: str, value: Any) -> str:
    return "-" if value is None else value_text(name, value)


def _quiet(compared: list[ComparedRun]) -> str:
    return "\n".join(row.name for row in differing(*(one.run for one in compared)))
