"""Tools before money is spent: what there is to choose from, a plan, and the deploy of a plan that was shown."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.types import CallToolResult
from pydantic import Field

from launcher.api.asked import Asked, read
from launcher.api.planning import planned
from launcher.domain.plan import Plan
from launcher.forms.fields import fields
from launcher.presets import find_preset, look_at_presets
from launcher.recipes import recipe_of
from launcher.serve.mcp.answers import answer
from launcher.serve.mcp.foreign import foreign, one_line
from launcher.serve.mcp.ground import Ground
from launcher.serve.mcp.launching import deploy, most_of_launch_usd
from launcher.serve.mcp.next_steps import for_agents
from launcher.serve.mcp.run_tools import run_facts
from pod_image.contract.common_settings import Cloud
from pod_image.contract.figures import dollars_per_hour
from pod_image.contract.findings import Severity

MOST_OFFERS = 40
_MOST_CANDIDATES = 5

Text = Annotated[str, Field(max_length=200)]
Value = str | int | float | bool | list[str]


class PlanningTools:
    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def presets(self) -> CallToolResult:
        """Named settings to start a plan from, with what each is for."""
        found = look_at_presets(self._ground.desk.bench.config).usable
        return answer(
            {
                "presets": [
                    {
                        "name": one.name,
                        "title": one_line(one.title),
                        "description": one_line(one.description),
                    }
                    for one in found
                ]
            }
        )

    async def settings(
        self,
        preset: Annotated[
            Text, Field(description="Name of a preset: only settings that apply with it.")
        ] = "",
        recipe: Annotated[Text, Field(description="Such as piper or command.")] = "",
        advanced: Annotated[bool, Field(description="Also list rarely needed settings.")] = False,
    ) -> CallToolResult:
        """The settings that a plan takes: name, meaning, default, limits."""
        config = self._ground.desk.bench.config
        values = find_preset(config, preset).values if preset else {}
        wanted = recipe or str(values.get("recipe", ""))
        chosen = [
            field
            for _, group in fields()
            for field in group
            if (not wanted or field.is_for(wanted)) and (advanced or field.level == "basic")
        ]
        return answer(
            {
                "settings": [
                    {
                        "name": field.name,
                        "meaning": field.help,
                        "default": values.get(field.name, field.default),
                        "unit": field.unit,
                        "limits": field.limits,
                        "choices": list(field.choices),
                    }
                    for field in chosen
                ]
            }
        )

    async def offers(
        self,
        gpu_count: Annotated[int, Field(ge=1, le=8, description="GPUs in one pod.")] = 1,
        min_memory_gb: Annotated[
            int, Field(ge=0, le=1000, description="Minimum memory of each GPU, in GB.")
        ] = 0,
    ) -> CallToolResult:
        """GPUs that can be rented now, cheapest first. Prices are in US dollars an hour for all GPUs of a pod."""
        bench = self._ground.desk.bench
        found = await bench.provider.offers(gpu_count, Cloud.ANY, ())
        large = [offer for offer in found if offer.memory_gb >= min_memory_gb]
        return answer(
            {
                "offers": [
                    {
                        "gpu": one_line(offer.gpu_name, 60),
                        "memory_gb": offer.memory_gb,
                        "tier": offer.cloud.value,
                        "price_per_hour_usd": offer.price_per_hour_usd,
                        "stock": offer.stock.value,
                    }
                    for offer in large[:MOST_OFFERS]
                ],
                "left_out": max(0, len(large) - MOST_OFFERS),
            }
        )

    async def plan(
        self,
        preset: Annotated[Text, Field(description="Name of a preset, from the tool presets.")] = "",
        settings: Annotated[
            dict[str, Value],
            Field(
                description='Settings by name, such as {"dataset_repo": "me/clips", "max_hours": 2}.'
            ),
        ] = {},  # noqa: B006  # never changed; the schema shows it
        command: Annotated[
            list[str], Field(max_length=200, description="The program to run and its arguments.")
        ] = [],  # noqa: B006
        resume: Annotated[bool, Field(description="Continue the run that run_id names.")] = False,
        force: Annotated[
            list[str], Field(max_length=50, description="Codes of dataset errors to ignore.")
        ] = [],  # noqa: B006
    ) -> CallToolResult:
        """Plan a run: what it would do and cost. Nothing is rented. Show the answer to the person; deploy takes its
        hash, within an hour. results_repo is always required, and dataset_repo for most trainings."""
        ground = self._ground
        asked = Asked(options=settings, preset=preset, command=tuple(command))
        composed = ground.allowed.held(read(asked, ground.desk.bench.config).composed())
        made = await planned(ground.desk, composed, resume=resume, forced=force)
        if made.hash:
            ground.shown.add(made.hash)
        return answer(self._plan_facts(made.made), *_findings(made.made))

    async def deploy(
        self,
        plan_hash: Annotated[
            str,
            Field(pattern="^[0-9a-f]{8,64}$", description="Hash of a plan that was shown here."),
        ],
    ) -> CallToolResult:
        """Rent a GPU for exactly the plan with this hash, which the person has seen and agreed to. This spends
        money. It answers within half a minute; watch says when the pod is armed. Called twice with the same hash,
        it rents once."""
        launching = await deploy(self._ground, plan_hash)
        facts: dict[str, Any] = {"plan": launching.plan_hash, **self._budget_facts()}
        if launching.run is not None:
            facts |= run_facts(self._ground.held(launching.run).known)
        facts["is_armed"] = launching.is_over
        return answer(facts)

    async def budget(self) -> CallToolResult:
        """What agents may spend today, what is reserved, and what is left, in US dollars."""
        await self._ground.settle()
        return answer(self._budget_facts())

    def _budget_facts(self) -> dict[str, Any]:
        ground = self._ground
        spent, allowed = ground.ledger.spent_usd(), ground.allowed_usd or 0.0
        return {
            "day": ground.ledger.day,
            "allowed_usd": round(allowed, 4),
            "booked_usd": round(spent, 4),
            "left_usd": round(max(0.0, allowed - spent), 4),
            "may_rent": ground.allowed_usd is not None,
        }

    def _plan_facts(self, plan: Plan) -> dict[str, Any]:
        found, estimate = plan.dataset, plan.estimate
        values = plan.settings.applicable()
        return {
            "hash": plan.hash,
            "can_be_launched": not plan.errors,
            "run": plan.run_id,
            "results_repo": plan.settings.results,
            "makes_results_repo": plan.makes_results_repo,
            "runs": one_line(recipe_of(plan.settings).summary(plan.settings, resume=plan.resume)),
            "gpu": one_line(plan.offer.gpu_name, 60),
            "tier": plan.offer.cloud.value,
            "price_per_hour_usd": plan.offer.price_per_hour_usd,
            "if_it_is_taken": [
                f"{one_line(each.gpu_name, 60)}, {each.cloud} tier, {dollars_per_hour(each.price_per_hour_usd)}"
                for each in plan.candidates[1 : _MOST_CANDIDATES + 1]
            ],
            "most_usd": round(plan.worst_case_usd, 4),
            "booked_at_deploy_usd": round(most_of_launch_usd(plan), 4),
            "hours_until_capped": round(plan.hours_until_capped, 3),
            "expected": {"hours": round(estimate.hours, 3), "cost_usd": round(estimate.cost_usd, 4)}
            if estimate
            else None,
            "dataset": {
                "repo": found.repo,
                "commits": list(found.commits),
                "clips": found.clips,
                "minutes": found.minutes,
            }
            if found
            else None,
            "inputs": [{"name": one.name, "commit": one.commit} for one in plan.inputs],
            "chosen": {
                name: values[name]
                for name, origin in plan.composed.origins.items()
                if origin.value == "you"
            },
            **self._budget_facts(),
        }


def _findings(plan: Plan) -> list[str]:
    """They quote names and texts of datasets."""
    worth = [each for each in plan.findings if each.severity is not Severity.NOTE]
    notes = [each for each in plan.findings if each.severity is Severity.NOTE]
    lines = [
        f"{each.severity.value} {each.code}: {for_agents(each.message)} {for_agents(each.hint)}".strip()
        for each in (*worth, *notes)
    ]
    source = "launcher, quoting datasets and repos where it names them,"
    return [foreign(source, lines, keeps="first")] if lines else []
