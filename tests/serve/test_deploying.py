"""Renting by a plan's hash: exactly what was shown, once, written down before."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.services.planning.shown_plans import keep
from tests.kit.virtual_time import in_patient_time
from tests.serve.harness import COMMAND, Served, served


async def refused(site: Served, plan_hash: str, status: int) -> dict[str, object]:
    answer = await site.client.post("/api/v1/runs", json={"plan_hash": plan_hash})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert site.harness.posts() == 0
    found: dict[str, object] = answer.json()
    return found


@in_patient_time
async def test_a_hash_that_nobody_was_shown_rents_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        problem = await refused(site, "0" * 64, 404)
        assert problem["kind"] == "unknown-plan"
        assert "POST /api/v1/plans" in str(problem["next_step"])
        for other in (
            {"plan_hash": "abc"},
            {},
            {"settings": COMMAND},
            {"plan_hash": "0" * 64, "x": 1},
        ):
            answer = await site.client.post("/api/v1/runs", json=other)
            assert answer.status_code == 422
        assert site.audited() == []


def change_prices(site: Served, factor: float) -> None:
    catalogue = site.harness.world.catalogue
    catalogue.gpus = tuple(
        replace(gpu, secure_usd=gpu.secure_usd * factor, community_usd=gpu.community_usd * factor)
        for gpu in catalogue.gpus
    )


@in_patient_time
async def test_a_plan_that_moved_is_refused_with_what_moved(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        plan = await site.plan()
        change_prices(site, 2.0)
        problem = await refused(site, plan["hash"], 409)
        assert problem["kind"] == "plan-moved"
        moves = problem["moves"]
        assert isinstance(moves, list)
        assert "price" in {each["field"] for each in moves}


@in_patient_time
async def test_a_plan_whose_price_fell_is_launched_by_the_hash_that_was_shown(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as site:
        plan = await site.plan()
        change_prices(site, 0.5)
        run = await site.post("/runs", {"plan_hash": plan["hash"]})
        assert run["launch"]["plan_hash"] == plan["hash"]
        running = await site.until(run["id"], "running")
        agreed = plan["candidates"][0]["price_per_hour_usd"]
        assert running["price_per_hour_usd"] == pytest.approx(agreed / 2)


@in_patient_time
async def test_the_hour_of_a_plan_ends(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        plan = await site.plan()
        await asyncio.sleep(3_601)
        assert (await refused(site, plan["hash"], 404))["kind"] == "unknown-plan"


@in_patient_time
async def test_the_same_hash_twice_rents_once_and_answers_with_the_same_run(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        body = {"plan_hash": (await site.plan())["hash"]}
        both = await asyncio.gather(site.post("/runs", body), site.post("/runs", body))
        again = await site.post("/runs", body)
        assert {run["id"] for run in (*both, again)} == {both[0]["id"]}
        await site.until(both[0]["id"], "running")
        assert site.harness.posts() == 1
        assert len((await site.get("/runs"))["runs"]) == 1


@in_patient_time
async def test_what_spends_money_is_written_down_before_with_who_and_how_much(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as site:
        plan = await site.plan()
        run = await site.post("/runs", {"plan_hash": plan["hash"]})
        running = await site.until(run["id"], "running")
        asked, done = site.audited()
        assert (asked["act"], done["act"]) == ("deploy", "deployed")
        assert asked["plan"] == done["plan"] == plan["hash"]
        assert asked["token"] == site.ground.token.id
        assert asked["most_usd"] == pytest.approx(plan["worst_case_usd"], abs=1e-4)
        assert asked["run"] == "demo/voices/run-01"
        assert asked["at"] < running["created_at"]
        assert done["pod"]
        assert stat.S_IMODE(site.ground.audit.path.stat().st_mode) == 0o600


@in_patient_time
async def test_what_cannot_be_written_down_is_not_paid_for(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        plan = await site.plan()
        site.ground.audit.path.mkdir(parents=True)
        problem = await refused(site, plan["hash"], 503)
        assert problem["kind"] == "not-written"


@in_patient_time
async def test_a_plan_of_the_serving_computers_own_is_held_to_what_clients_may(
    tmp_path: Path,
) -> None:
    own = tmp_path / "train.py"
    own.write_text("print('mine')")
    async with served(tmp_path) as site:
        bench, keys = site.harness.bench, site.harness.keys
        plan = await make_plan(bench, compose(None, {**COMMAND, "bring": [str(own)]}), keys)
        assert keep(bench, plan) == ""
        problem = await refused(site, plan.hash, 422)
        assert "is not inside a folder" in str(problem["detail"])


@in_patient_time
async def test_a_launch_that_finds_nothing_is_an_answer_and_may_be_tried_again(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as site:
        plan = await site.plan()
        site.harness.world.faults.switch_on("no-capacity")
        problem = await refused(site, plan["hash"], 409)
        assert problem["kind"] == "nothing-available"
        assert site.audited() == []
        site.harness.world.faults.switch_off("no-capacity")
        run = await site.post("/runs", {"plan_hash": plan["hash"]})
        await site.until(run["id"], "running")


@in_patient_time
async def test_ending_the_server_releases_what_is_not_armed_yet(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        site.harness.script.armed_after = None
        run = await site.deployed()
        await asyncio.sleep(30)
        assert len(site.harness.live()) == 1
        harness = site.harness
    assert harness.live() == []
    assert harness.bench.runs.by_nonce(run) is not None


@in_patient_time
async def test_a_run_that_needs_nobody_goes_on_when_the_server_ends(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        await site.until(await site.deployed(), "running")
        harness = site.harness
    assert len(harness.live()) == 1


@in_patient_time
async def test_a_launch_that_fails_says_why_in_its_run_and_in_the_audit(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        plan = await site.plan()
        site.harness.world.faults.switch_on("insufficient-balance")
        run = await site.post("/runs", {"plan_hash": plan["hash"]})
        ended = await site.until(run["id"], "ended")
        assert ended["launch"]["is_over"]
        assert ended["launch"]["problem"]["kind"] == "insufficient-balance"
        assert [each["act"] for each in site.audited()] == ["deploy", "not deployed"]
        assert site.audited()[-1]["why"] == "InsufficientBalance"
