"""Plans: made of composed settings, or again by the hash of one that was shown.

What a plan is deployed with is loaded when somebody may deploy it: many are only looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TypedDict, Unpack

from launcher.api.desk import LOG, Desk
from launcher.domain.plan import Composed
from launcher.domain.plan import Plan as MadePlan
from launcher.services.common.run_secrets import named_secrets
from launcher.services.planning.plan import make_plan
from launcher.services.planning.shown_plans import ShownPlan, keep, moved, plan_again, recall
from launcher.stores.secrets import KeyringStore, Keys, find_named

if TYPE_CHECKING:
    from launcher.api.made_plan import Plan
    from launcher.services.ending.reap import ReapReport


def _log_unkept(why: str) -> None:
    LOG.warning("The plan is not kept: %s", why)


class _How(TypedDict, total=False):
    resume: bool
    forced: Collection[str]
    may_pod_tell: bool
    on_unkept: Callable[[str], None]
    """Hears why the plan could not be kept."""


async def planned(desk: Desk, composed: Composed, **how: Unpack[_How]) -> Plan:
    """The plan for composed settings, to be deployed; see `shown`."""
    from launcher.api.made_plan import Plan

    made, keys = await _made(desk, composed, **how)
    return Plan(desk, made, keys)


async def shown(desk: Desk, composed: Composed, **how: Unpack[_How]) -> MadePlan:
    """The plan for composed settings, to be looked at; kept for an hour by its hash. Raises what `make_plan` raises."""
    made, _ = await _made(desk, composed, **how)
    return made


async def planned_before(desk: Desk, plan_hash: str) -> Plan:
    """The plan of that hash, made again as it was agreed to. Raises UnknownPlan, PlanMoved."""
    return await planned_again(desk, recall(desk.bench, plan_hash))


async def planned_again(desk: Desk, before: ShownPlan) -> Plan:
    """The same of a plan that was recalled; its `moves` say what is other than shown, and may be. Raises PlanMoved."""
    from launcher.api.made_plan import Plan

    keys = _with_named(desk, before.asked)
    made = await plan_again(desk.bench, before, keys)
    return Plan(desk, made, keys, moved(before, made))


async def _made(
    desk: Desk,
    composed: Composed,
    *,
    resume: bool = False,
    forced: Collection[str] = (),
    may_pod_tell: bool = True,
    on_unkept: Callable[[str], None] = _log_unkept,
) -> tuple[MadePlan, Keys]:
    keys = _with_named(desk, composed)
    made = await make_plan(
        desk.bench, composed, keys, resume=resume, forced=forced, may_pod_tell=may_pod_tell
    )
    why = keep(desk.bench, made)
    if why:
        on_unkept(why)
    return made, keys


def _with_named(desk: Desk, composed: Composed) -> Keys:
    """The keys with the secrets that the run's command gets, as far as they are there."""
    return find_named(desk.keys, named_secrets(composed.settings), os.environ, KeyringStore())


async def swept(desk: Desk) -> ReapReport:
    """Before money is spent: pods of ours that nobody needs any more are released. Raises ProviderError."""
    from launcher.services.ending.reap import reap

    return await reap(desk.bench)
