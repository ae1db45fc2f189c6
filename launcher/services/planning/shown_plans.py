"""A plan that was shown is kept for an hour under its hash: it can be launched by that, and nothing else in its place.

`keep` writes a shown plan down, `recall` finds it, `plan_again` makes it anew as it is today, held to what was agreed;
`moved` says how two differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from launcher.domain.agreed import SHORTEST_HASH, Agreed
from launcher.domain.plan import Composed, Plan
from launcher.domain.plan_moves import (
    Moved,
    moves_of_facts,
    moves_of_offers,
    moves_of_requests,
)
from launcher.errors import InvalidRequest, PlanMoved, UnknownPlan
from launcher.services.common.our_image import ordered_image
from launcher.services.common.places import place_of
from launcher.services.common.workbench import Workbench
from launcher.services.planning.choosing import AgreedChoice
from launcher.services.planning.composed_document import composed_document, read_composed
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import Keys
from launcher.stores.shown_plans import ShownPlans, is_over
from pod_image.contract.next_steps import NextStep, Sentence

_NEW_ONE = Sentence("Make a new one: ", NextStep.MAKE_PLAN, ". A plan is kept for an hour.")
_IN_PLAIN = "readable in the pod's definition"
_AS_SECRETS = "as secrets of the account"


@dataclass(frozen=True)
class ShownPlan:
    """A plan as it was shown. Holds no secret; names of this computer's files may be in its settings."""

    hash: str
    shown_at: datetime
    asked: Composed
    resume: bool
    forced: tuple[str, ...]
    agreed: Agreed
    facts: Mapping[str, Any]
    """What `moved` compares, by name."""
    most_usd: float
    """The most that the run may cost: what was agreed to."""


def keep(bench: Workbench, plan: Plan) -> str:
    """Remember for an hour that this plan was shown. Never raises: why it could not be kept, or "".

    A plan that cannot be launched has no hash, and is not kept.
    """
    if not plan.hash:
        return ""
    try:
        _kept(bench).keep(plan.hash, _document(plan), bench.clock.now())
    except OSError as exc:
        return str(exc.strerror or exc)
    return ""


def recall(bench: Workbench, plan_hash: str) -> ShownPlan:
    """The plan whose hash is, or begins with, `plan_hash`. Raises UnknownPlan, which says how to make a new one."""
    kept, start = _kept(bench), plan_hash.strip().lower()
    if len(start) < SHORTEST_HASH:
        raise UnknownPlan(
            f"{plan_hash!r} is too short for a plan's hash: give at least its first {SHORTEST_HASH} characters.",
            hint=_NEW_ONE,
        )
    found = [
        each
        for each in kept.begin_with(start)
        if not is_over(kept.shown_at(each), bench.clock.now())
    ]
    if len(found) > 1:
        raise UnknownPlan(
            f"{len(found)} plans begin with {start}.",
            hint=f"Give more of it: {' or '.join(found)}.",
        )
    plan = _read(found[0], kept.read(found[0])) if found else None
    if plan is None:
        raise _unknown(bench, start)
    return plan


async def plan_again(bench: Workbench, shown: ShownPlan, keys: Keys) -> Plan:
    """The plan as it is today, for exactly what was agreed: the same requests, the GPUs of then in their order, none
    dearer. Raises PlanMoved with everything that is other than agreed, and what `make_plan` raises.

    What may differ: a price that fell, and a GPU to fall back on that is not free any more.
    """
    plan = await make_plan(
        bench,
        shown.asked,
        keys,
        resume=shown.resume,
        forced=shown.forced,
        choice=AgreedChoice(shown.agreed, shown.asked.settings.data_centers),
        may_pod_tell=bool(shown.facts.get("told_from_pod")),
    )
    serious = [each for each in moved(shown, plan) if not each.is_harmless]
    if serious:
        said = "\n".join(each.sentence for each in serious)
        raise PlanMoved(
            f"Plan {shown.hash[:SHORTEST_HASH]}… is not what would run now.\n{said}",
            moves=serious,
            hint=Sentence("Check what would run now, and confirm that: ", NextStep.MAKE_PLAN, "."),
        )
    assert (
        plan.worst_case_usd <= shown.most_usd + 1e-6
    )  # no GPU is dearer, and the caps are the same
    return plan


def moved(old: ShownPlan, new: Plan) -> tuple[Moved, ...]:
    """Every field that is other than in the plan that was shown; harmless ones are marked.

    Whatever differs in the requests is among them, even where no field has a name of its own.
    """
    assert new.agreed is not None
    found = [*moves_of_offers(old.agreed, new.agreed), *moves_of_facts(old.facts, facts_of(new))]
    if all(each.is_harmless for each in found):
        found += moves_of_requests(old.agreed, new.agreed)
    return tuple(found)


def facts_of(plan: Plan) -> dict[str, Any]:
    """What a person would call the parts of a plan, by name, as JSON types."""
    settings, found = plan.settings, plan.dataset
    asked = (plan.asked or plan.composed).settings
    parts = {part.name: part.commit for part in found.parts} if found else {}
    if found and not parts:
        parts = {found.repo: found.commit}
    return {
        "run_id": plan.run_id,
        "resume": plan.resume,
        "account": plan.account_id,
        **{f"settings.{name}": value for name, value in asked.applicable().items()},
        **{f"dataset.{name}": commit for name, commit in parts.items()},
        **{f"input.{each.name}": each.commit for each in plan.inputs},
        **{f"folder.{each.name}": each.folder for each in plan.inputs},
        "image": ordered_image(settings.image, place_of(settings)),
        **{f"brought.{file.path}": file.listed.sha256 for file in plan.brought.files},
        "secrets": _IN_PLAIN if plan.secrets_in_plain else _AS_SECRETS,
        "told_from_pod": list(plan.told_from_pod),
    }


def _kept(bench: Workbench) -> ShownPlans:
    return ShownPlans(bench.config.plans_folder)


def _document(plan: Plan) -> dict[str, Any]:
    assert plan.agreed is not None
    asked = plan.asked or plan.composed
    return {
        **composed_document(asked),
        "resume": plan.resume,
        "forced": list(plan.forced),
        "agreed": plan.agreed.document(),
        "facts": facts_of(plan),
        "most_usd": plan.worst_case_usd,
    }


def _read(plan_hash: str, document: dict[str, Any] | None) -> ShownPlan | None:
    """None where there is none, and for a file that is damaged, or of another release."""
    if document is None:
        return None
    try:
        agreed = Agreed.read(document["agreed"])
        if agreed.hash != plan_hash:
            return None
        return ShownPlan(
            hash=plan_hash,
            shown_at=datetime.fromisoformat(document["shown_at"]),
            asked=read_composed(document),
            resume=bool(document["resume"]),
            forced=tuple(document["forced"]),
            agreed=agreed,
            facts=dict(document["facts"]),
            most_usd=float(document["most_usd"]),
        )
    except (AttributeError, InvalidRequest, KeyError, TypeError, ValueError):
        return None


def _unknown(bench: Workbench, start: str) -> UnknownPlan:
    kept = _kept(bench)
    old = [each for each in kept.begin_with(start) if kept.shown_at(each) is not None]
    for each in old:
        kept.drop(each)
    if old:
        return UnknownPlan(f"Plan {start} has expired after an hour.", hint=_NEW_ONE)
    return UnknownPlan(
        f"No plan {start} was shown on this computer in the last hour.", hint=_NEW_ONE
    )
