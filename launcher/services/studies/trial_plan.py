"""A trial as a run: its settings composed, planned by reading alone, and what it may cost at most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launcher.domain.plan import Composed, Plan
from launcher.domain.studies.search_space import Value
from launcher.domain.studies.study import Asked
from launcher.presets import Preset
from launcher.services.common.boot_budget import boot_budget
from launcher.services.common.workbench import Workbench
from launcher.services.launching.launch import MOST_PODS
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan, raise_errors
from launcher.stores.secrets import Keys


def composed_trial(asked: Asked, params: Mapping[str, Value], run_id: str) -> Composed:
    """Settings of one trial: what all share, then what is tried. Raises InvalidRequest, MissingSetting."""
    more: dict[str, Any] = {**params, **({"run_id": run_id} if run_id else {})}
    preset = None
    if asked.preset:
        preset = Preset(asked.preset, asked.preset, "", dict(asked.preset_values))
    return compose(preset, {**asked.given, **more})


async def planned_trial(
    bench: Workbench, keys: Keys, asked: Asked, params: Mapping[str, Value], run_id: str
) -> Plan:
    """Raises what `make_plan` raises, and what keeps the plan from being launched."""
    plan = await make_plan(bench, composed_trial(asked, params, run_id), keys, forced=asked.forced)
    raise_errors(plan)
    return plan


def boot_allowance_usd(plan: Plan) -> float:
    """What pods of the launch can cost that never come up; the plan's own worst case is that of the one which does."""
    hours = boot_budget(plan.settings, plan.image_gb).minutes / 60
    dearest = max(offer.price_per_hour_usd for offer in plan.candidates)
    return (MOST_PODS - 1) * min(hours * dearest, plan.worst_case_usd)
