"""An agent's whole way over the Model Context Protocol: plan, deploy, watch, samples, stop."""

from __future__ import annotations

from pathlib import Path

from tests.kit.virtual_time import in_virtual_time
from tests.serve.mcp.conftest import agent
from tests.services.harness import LauncherHarness


@in_virtual_time
async def test_an_agent_plans_deploys_watches_and_stops_a_run(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    async with agent(harness) as ask:
        plan = await ask.planned(max_cost_usd=1.0)
        assert (plan["can_be_launched"], harness.posts()) == (True, 0)
        deployed = (await ask("deploy", plan_hash=plan["hash"][:12])).facts
        assert (deployed["is_armed"], deployed["state"]) == (True, "running")
        seen = (await ask("watch", wait_seconds=10)).facts
        assert (seen["run"], seen["phase"], seen["step"]) == ("run-01", "train", 3)
        assert seen["losses"]["mel"] > 0
        logs = await ask("logs", lines=3)
        assert logs.facts["lines"] == 3
        stopped = (await ask("stop", run="run-01")).facts
        assert stopped["sent"] is True
        await ask("watch", wait_seconds=50)
        harness.loop.jump(10)
        over = (await ask("watch")).facts
        assert (over["state"], over["end_reason"]) == ("ended", "stopped")
    assert harness.live() == []
