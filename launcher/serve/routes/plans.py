"""Plans: what a run would do and cost, and the hash that it can be launched by."""

from __future__ import annotations

from fastapi import APIRouter

from launcher.errors import LauncherError
from launcher.serve.documents.plans import PlanAsked, PlanFacts, plan_facts
from launcher.serve.ground import Ground
from launcher.serve.routes.settings import composed_from
from launcher.services.planning.plan import make_plan
from launcher.services.planning.shown_plans import keep


def plan_routes(ground: Ground) -> APIRouter:
    routes = APIRouter(tags=["plans"])

    @routes.post("/plans", response_model=PlanFacts)
    async def create_plan(asked: PlanAsked) -> PlanFacts:
        """Plan a run: check its dataset, choose a GPU, and say what it would cost. Nothing is rented.

        The plan is kept for an hour; POST /api/v1/runs launches it by its hash. A plan with an error among
        its findings cannot be launched and has no hash.
        """
        composed = await composed_from(ground, asked)
        keys = ground.keys_for(composed.settings)
        plan = await make_plan(
            ground.bench, composed, keys, resume=asked.resume, forced=asked.let_pass
        )
        trouble = keep(ground.bench, plan)
        if trouble:
            raise LauncherError(
                f"The plan could not be kept: {trouble}.",
                hint="Make room on the disk of the serving computer.",
            )
        return plan_facts(plan)

    return routes
