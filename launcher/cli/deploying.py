"""What `launcher deploy` does: sweep, plan, ask, rent, follow to the end."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import typer

from launcher.api.desk import Desk
from launcher.api.planning import planned_again, swept
from launcher.cli.documents.account import reap_document
from launcher.cli.documents.plan import plan_document
from launcher.cli.documents.said import moves_facts
from launcher.cli.following import (
    Followed,
    end_on_signals,
    ending_text,
    follow_to_end,
    launch_and_show,
    raise_if_bad,
)
from launcher.cli.notifying import with_addresses
from launcher.cli.options import Asked
from launcher.cli.request import composed_from
from launcher.cli.session import PLACE_ALONE, find, find_for, run, with_secrets
from launcher.cli.shown_plan import plan_as_asked, refuse_settings
from launcher.cli.terminal.command_line import name_of
from launcher.cli.terminal.layout import usd
from launcher.cli.terminal.live import Live
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.plan_view import plan_text
from launcher.cli.terminal.reap_view import reaped_text
from launcher.domain.account import ROUNDING_USD
from launcher.domain.labels import LabelName
from launcher.domain.plan import Composed, Plan
from launcher.errors import InvalidRequest, LauncherError
from launcher.services.common.places import place_of
from launcher.services.common.workbench import Workbench
from launcher.services.labelling import send_labels
from launcher.services.launching.naming import checked_labels
from launcher.services.launching.unwatched import refuse_unwatched
from launcher.services.planning.plan import raise_errors
from launcher.services.planning.shown_plans import recall
from launcher.services.planning.waiting import StockWait
from launcher.stores.secrets import HUB_KEYS, Keys
from pod_image.contract.figures import dollars_per_hour
from pod_image.contract.next_steps import Said


def deploy_and_follow(
    asked: Asked,
    output: Output,
    *,
    is_agreed: bool,
    detach: bool,
    plan_hash: str | None = None,
    labels: Mapping[LabelName, str] | None = None,
    longest: timedelta = timedelta(0),
    composed: Composed | None = None,
) -> None:
    """Rent for this run, or for the plan of that hash, once the person has agreed, and say how it ended. `longest`: how
    long a GPU that fits is waited for.

    `composed`: its settings, where they come from somewhere else than `asked`.

    Raises InvalidRequest where nobody can be asked, PlanMoved, RunFailed when the run ended badly, typer.Exit on "no".
    """
    if plan_hash is not None:
        refuse_settings(asked)
    called = checked_labels(labels or {})
    if composed is None and plan_hash is None:
        composed = composed_from(asked)
    if not is_agreed and not sys.stdin.isatty():
        raise InvalidRequest(
            "Nothing was rented, because there is no terminal to ask for confirmation.",
            hint="Add --yes to rent without being asked. launcher plan shows what would happen.",
        )
    if composed is None:
        keys = find((*PLACE_ALONE, *HUB_KEYS))
    else:
        keys = with_secrets(find_for(composed.settings), composed.settings, is_needed=True)
    keys = with_addresses(keys, asked.notify, is_off=asked.is_silent)
    end_on_signals()
    choices = _Choices(asked, composed, plan_hash or "", is_agreed, detach, called, longest)
    followed = run(keys, lambda bench: _deploy(bench, keys, output, choices))
    if followed is None:
        output.talk("Nothing was rented.")
        raise typer.Exit(1)
    output.answer(
        followed.document(),
        lambda: _closing_text(followed),
        quiet=followed.run.run_id,
    )
    raise_if_bad(followed)


@dataclass(frozen=True)
class _Choices:
    """What to launch, by its settings or by a plan's hash; and how."""

    asked: Asked
    composed: Composed | None
    plan_hash: str
    is_agreed: bool
    detach: bool
    labels: Mapping[LabelName, str]
    longest: timedelta


async def _deploy(
    bench: Workbench, keys: Keys, output: Output, choices: _Choices
) -> Followed | None:
    """None when the person said no."""
    await _sweep(bench, output)
    wait = StockWait(bench.clock, choices.longest)
    attempt = _Attempt(bench, keys, output, choices)
    return await wait.until_free(
        attempt.rent_and_follow, lambda said, until: _waits(output, said, until)
    )


class _Attempt:
    """From the plan to the run's end. Made again where a GPU was gone by the time of its order: then more money than
    was agreed to is asked for again."""

    def __init__(self, bench: Workbench, keys: Keys, output: Output, choices: _Choices) -> None:
        self._bench, self._keys, self._output, self._choices = bench, keys, output, choices
        self._agreed_usd = math.inf if choices.is_agreed else 0.0

    async def rent_and_follow(self) -> Followed | None:
        """None when the person said no. Raises NothingAvailable where nothing was rented for want of a GPU."""
        bench, output, labels = self._bench, self._output, self._choices.labels
        plan, keys = await _planned(bench, self._keys, self._choices, output)
        output.talk(plan_text(plan))
        output.event(plan_document(plan))
        raise_errors(plan)
        if self._choices.detach:
            refuse_unwatched(plan.settings)
        if plan.worst_case_usd > self._agreed_usd + ROUNDING_USD:
            if not _agreed(plan):
                return None
            self._agreed_usd = plan.worst_case_usd
        with Live(output) as live:
            watches = not self._choices.detach
            launched = await launch_and_show(
                bench, plan, keys, live, labels=labels, watches=watches
            )
            if self._choices.detach:
                return Followed(launched)
            followed = await follow_to_end(bench, launched, live, is_starter=True)
        if labels:
            with suppress(LauncherError):  # they are kept here, and go with the next look around
                await send_labels(bench, followed.run)
        return followed


def _waits(output: Output, said: Said, until: datetime) -> None:
    output.talk(f"{in_terminal(said)} Waiting for one until {until:%H:%M} UTC.")


async def _planned(
    bench: Workbench, keys: Keys, choices: _Choices, output: Output
) -> tuple[Plan, Keys]:
    """The plan, and the keys with the secrets that its command gets."""
    composed = choices.composed
    if composed is not None:
        return await plan_as_asked(Desk.at(bench, keys), choices.asked, composed), keys
    shown = recall(bench, choices.plan_hash)
    keys = with_secrets(keys, shown.asked.settings, is_needed=True)
    plan = await planned_again(Desk.at(bench, keys), shown)
    if plan.moves:
        output.event({"schema": "deploy.moves", "version": 1, "moves": moves_facts(plan.moves)})
    for each in plan.moves:
        output.talk(f"Changed since the plan was shown: {each.sentence}")
    return plan.made, keys


async def _sweep(bench: Workbench, output: Output) -> None:
    """Before money is spent: pods of ours that nobody needs any more."""
    report = await swept(Desk.at(bench))
    for gone in report.released:
        output.talk(reaped_text(gone))
    if report.released:
        output.event(reap_document(report))


def _agreed(plan: Plan) -> bool:
    place = place_of(plan.settings)
    question = (
        f"\nRent this for {dollars_per_hour(plan.offer.price_per_hour_usd)}, "
        f"{usd(plan.worst_case_usd)} at most?"
        if place.is_rented
        else f"\nStart this on {place.title}, as you? It costs nothing."
    )
    return bool(typer.confirm(question, default=False, err=True))


def _closing_text(followed: Followed) -> str:
    found: Any = followed.run
    if found.end_reason is not None:
        return ending_text(followed)
    return (
        f"{found.run_id} is running on pod {found.pod_id} ({found.gpu_name}, "
        f"{dollars_per_hour(found.price_per_hour_usd)}, never over {usd(found.most_usd)}).\n  Watch it: "
        f"launcher watch {name_of(found)}\n  Finish it now: launcher stop {name_of(found)}"
    )
