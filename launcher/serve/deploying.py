"""Launching a plan that was shown, by its hash alone: once, written down before, and within what was agreed."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

from launcher.domain.plan import Plan
from launcher.domain.run import Run
from launcher.serve.audit import Caller
from launcher.serve.ground import Ground
from launcher.services.common.run_secrets import named_secrets
from launcher.services.ending.reap import reap
from launcher.services.live.launches import Launch
from launcher.services.planning.plan import raise_errors
from launcher.services.planning.shown_plans import plan_again, recall
from launcher.stores.secrets import Keys


class Deploys:
    """One launch for each plan: who asks twice, since an answer was lost, gets the run of the first time."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._asking: dict[str, asyncio.Lock] = {}
        self._begun: dict[str, Launch] = {}

    async def deploy(self, plan_hash: str, caller: Caller) -> Run:
        """Launch the plan and wait until its run is written down. Raises PlanMoved, UnknownPlan, Problem and whatever
        keeps a plan from being launched."""
        async with self._asking.setdefault(plan_hash, asyncio.Lock()):
            launch = self._begun.get(plan_hash)
            if launch is None or (launch.is_over and launch.run is None):
                launch = await self._begin(plan_hash, caller)
        await launch.has_run.wait()
        if launch.run is None:
            assert launch.error is not None
            raise launch.error
        return launch.run

    def hash_of(self, launch: Launch) -> str:
        """That it was asked for by; empty for one that somebody began elsewhere, as in the form."""
        return next((asked for asked, begun in self._begun.items() if begun is launch), "")

    async def _begin(self, plan_hash: str, caller: Caller) -> Launch:
        ground = self._ground
        plan, keys = await self._plan(plan_hash)
        about = {
            "plan": plan_hash,
            "run": f"{plan.settings.results}/{plan.run_id}",
            "most_usd": round(plan.worst_case_usd, 4),
            "price_per_hour_usd": plan.offer.price_per_hour_usd,
        }
        ground.audit.must_write(caller, "deploy", **about)
        await self._sweep(caller)
        launch = ground.live.launches.begin(f"plan-{caller.request_id}", plan, keys, nullcontext)
        self._begun[plan_hash] = launch
        assert launch.task is not None
        launch.task.add_done_callback(lambda _: self._write_end(launch, caller, plan_hash))
        return launch

    async def _plan(self, plan_hash: str) -> tuple[Plan, Keys]:
        ground = self._ground
        shown = recall(ground.bench, plan_hash)
        # It may be one that a person made at the serving computer, with what clients may not name.
        ground.allowed.check(shown.asked.settings)
        keys = ground.keys_for(shown.asked.settings)
        keys.need_named(named_secrets(shown.asked.settings))
        plan = await plan_again(ground.bench, shown, keys)
        raise_errors(plan)
        return plan, keys

    async def _sweep(self, caller: Caller) -> None:
        """Before money is spent: pods of ours that nobody needs any more."""
        report = await reap(self._ground.bench)
        for found in report.released:
            act = "not released" if found.trouble else "released"
            about = {"pod": found.pod.id, "why": found.why, "trouble": found.trouble}
            self._ground.audit.write(caller, act, **about)

    def _write_end(self, launch: Launch, caller: Caller, plan_hash: str) -> None:
        run = launch.run
        self._ground.audit.write(
            caller,
            "deployed" if launch.error is None and run is not None else "not deployed",
            plan=plan_hash,
            run=run.address if run is not None else "",
            pod=run.pod_id if run is not None else "",
            why=type(launch.error).__name__ if launch.error is not None else "",
        )
