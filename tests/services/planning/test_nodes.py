"""What a plan says of a run on several nodes: what all of them cost, and who has to end them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.plan_view import plan_text
from launcher.domain.plan import Plan
from launcher.errors import NothingAvailable
from launcher.providers.registry import default_place
from launcher.services.planning.compose import compose
from launcher.services.planning.nodes import findings_on_nodes
from launcher.services.planning.plan import make_plan
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.settings import RecipeName
from tests.kit.clouds import GPU, RESULTS_REPO
from tests.kit.plans import offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


def found(**settings: Any) -> dict[str, Finding]:
    made = plan("run-01", offer(price=1.38, nodes=2), settings={"min_cuda_version": "", **settings})
    findings = findings_on_nodes(default_place(), made.settings, made.offer)
    return {each.code: each for each in findings}


async def planned(harness: LauncherHarness, **given: Any) -> Plan:
    command = {"recipe": "command", "argv": ["true"], "results_repo": RESULTS_REPO}
    return await make_plan(harness.bench, compose(None, {**command, **given}), harness.keys)


def test_of_one_pod_nothing_is_said() -> None:
    assert found() == {}


def test_who_ends_the_pods_and_what_happens_without_them_is_a_warning() -> None:
    said = found(nodes=2)
    assert set(said) == {"nodes_price", "nodes_watched"}
    watched = said["nodes_watched"]
    assert watched.severity is Severity.WARNING
    assert "cannot release itself" in str(watched.message)
    assert "off, asleep or offline" in str(watched.message)
    assert in_terminal(watched.hint) == "launcher reap releases such a cluster."
    assert str(said["nodes_price"].message).startswith("$1.38 an hour is for 2 pods at $0.69 each.")


def test_a_voice_and_a_command_train_on_several_pods_and_nothing_else() -> None:
    able = {
        recipe.value for recipe in RecipeName if "nodes_recipe" not in found(nodes=2, recipe=recipe)
    }
    assert able == {"command", "piper"}


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"recipe": RecipeName("llm-lora")}, "nodes_recipe"), ({"registry": "r"}, "nodes_registry")],
)
def test_what_cannot_be_done_on_several_nodes_is_an_error(
    settings: dict[str, Any], code: str
) -> None:
    assert found(nodes=2, **settings)[code].severity is Severity.ERROR


def test_hosts_of_a_cluster_are_not_chosen_by_their_cuda_version() -> None:
    assert found(nodes=2, min_cuda_version="13.0")["nodes_cuda"].severity is Severity.NOTE


@in_virtual_time
async def test_price_worst_case_and_request_are_those_of_all_nodes(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    given = {"max_hours": 2.0, "max_cost_usd": 100.0, "gpu_types": [GPU]}
    one, three = await planned(harness, **given), await planned(harness, nodes=3, **given)
    assert three.offer.price_per_hour_usd == pytest.approx(3 * one.offer.price_per_hour_usd)
    assert three.worst_case_usd == pytest.approx(3 * one.worst_case_usd)
    (*_, request) = three.requests
    assert "/v2/clusters" in request.as_shell()
    assert "3 nodes of 1 x RTX 4090" in plan_text(three)
    assert three.hash != one.hash
    capped = await planned(harness, nodes=3, max_cost_usd=1.0, gpu_types=[GPU])
    assert capped.worst_case_usd == 1.0


@in_virtual_time
async def test_the_account_has_to_have_room_for_all_of_them(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.account.spend_limit_usd = 1.0
    assert not (await planned(harness, gpu_types=[GPU])).errors
    refused = await planned(harness, gpu_types=[GPU], nodes=2)
    assert [each.code for each in refused.errors] == ["spend_limit"]


@in_virtual_time
async def test_there_are_no_clusters_in_the_other_tier(tmp_path: Path) -> None:
    with pytest.raises(NothingAvailable):
        await planned(LauncherHarness(tmp_path), nodes=2, cloud="community")
