"""Launching a plan that this server has shown, within what agents may spend; nothing is rented beside it."""

from __future__ import annotations

import asyncio
import os

from launcher.api.planning import swept
from launcher.domain.plan import Plan
from launcher.errors import InvalidRequest, LauncherError, RentUnclear
from launcher.serve.mcp.ground import Ground, Launching
from launcher.services.common.boot_budget import boot_budget
from launcher.services.common.run_secrets import named_secrets
from launcher.services.launching.launch import MOST_PODS, launch
from launcher.services.launching.progress import Progress
from launcher.services.planning.plan import raise_errors
from launcher.services.planning.shown_plans import plan_again, recall
from launcher.stores.secrets import KeyringStore, Keys, find_named
from pod_image.contract.figures import dollars, dollars_per_hour
from pod_image.contract.settings import RunSettings

ANSWER_SECONDS = 20.0
"""A tool answers before its client gives up; the launch goes on behind it."""


async def deploy(ground: Ground, plan_hash: str) -> Launching:
    """Begin the launch, or find the one that is under way; it is armed, failed, or goes on when this returns.

    Raises UnknownPlan, PlanMoved, InvalidRequest (not shown here, nothing may be spent, the budget is over), and what
    keeps the run from being launched.
    """
    shown = recall(ground.desk.bench, plan_hash)
    if shown.hash not in ground.shown:
        raise InvalidRequest(
            f"Plan {plan_hash} was not shown by this server.",
            hint="Call the tool plan, show its answer to the person, and deploy the hash that it gives.",
        )
    launching = ground.launches.get(shown.hash)
    if launching is None or launching.error is not None:
        keys = _keys(ground, shown.asked.settings)
        plan = await plan_again(ground.desk.bench, shown, keys)
        raise_errors(plan)
        launching = await _begin(ground, shown.hash, plan, keys)
    assert launching.task is not None
    await asyncio.wait([launching.task], timeout=ANSWER_SECONDS)
    if launching.error is not None:
        raise launching.error
    if launching.task.done():
        launching.task.result()
    return launching


def most_of_launch_usd(plan: Plan) -> float:
    """What it can cost at the most: the run, and before it pods that are paid for and never come up."""
    dearest = max(offer.price_per_hour_usd for offer in plan.candidates)
    boot_hours = boot_budget(plan.settings, plan.image_gb).minutes / 60
    return plan.worst_case_usd + (MOST_PODS - 1) * boot_hours * dearest


def _keys(ground: Ground, settings: RunSettings) -> Keys:
    names = named_secrets(settings)
    keys = find_named(ground.desk.keys, names, os.environ, KeyringStore())
    keys.need_named(names)
    return keys


async def _begin(ground: Ground, plan_hash: str, plan: Plan, keys: Keys) -> Launching:
    most_usd = most_of_launch_usd(plan)
    if ground.allowed_usd is None:
        raise InvalidRequest(_would_have(plan, most_usd), hint=_ALLOW)
    await swept(ground.desk)
    await ground.settle()
    address = f"{plan.settings.results}/{plan.run_id}"
    begun = ground.launches.get(plan_hash)
    if begun is not None and begun.error is None:
        return begun  # another call was quicker meanwhile
    booking = ground.ledger.reserve(plan_hash, address, most_usd, ground.allowed_usd)
    launching = Launching(plan_hash, booking)
    ground.launches[plan_hash] = launching
    launching.task = asyncio.create_task(_launch(ground, plan, keys, launching))
    return launching


async def _launch(ground: Ground, plan: Plan, keys: Keys, launching: Launching) -> None:
    def report(progress: Progress) -> None:
        launching.run = progress.run or launching.run

    try:
        launching.run = await launch(ground.desk.bench, plan, keys, report)
    except LauncherError as error:
        launching.error = error
        await _give_back(ground, launching)


async def _give_back(ground: Ground, launching: Launching) -> None:
    """Of a launch that failed: what it cost counts, and nothing where nothing was ordered."""
    booking = launching.booking
    if not ground.attempts(booking) and not isinstance(launching.error, RentUnclear):
        ground.ledger.settle(booking.id, 0.0)
    await ground.settle(looks=False)


_ALLOW = (
    "Tell the person what it would cost. To let agents rent, the person starts this server with "
    "--allow-spend and a daily amount in dollars."
)


def _would_have(plan: Plan, most_usd: float) -> str:
    offer = plan.offer
    return (
        f"Nothing was rented: this server may not spend anything. It would have rented {offer.gpu_name} "
        f"({offer.cloud} tier) at {dollars_per_hour(offer.price_per_hour_usd)} for {plan.run_id}, "
        f"{dollars(plan.worst_case_usd)} at most, and booked {dollars(most_usd)}; results would go to "
        f"{plan.settings.results}."
    )
