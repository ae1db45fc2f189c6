"""What agents may spend in a day: booked before, settled after, shared, and not refilled by a restart or a clock."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from launcher.domain.plan import PlannedImage
from launcher.domain.pod import PodOrder
from launcher.domain.run import RunState
from launcher.errors import InvalidRequest, NotConfigured
from launcher.serve.mcp.budget import Ledger
from launcher.serve.mcp.ground import agents_folder
from launcher.serve.mcp.launching import most_of_launch_usd
from launcher.services.common.boot_budget import boot_budget
from launcher.services.common.intents import run_lock
from launcher.services.launching.launch import MOST_PODS
from launcher.services.launching.orders import new_attempt
from tests.kit.clouds import GPU, RESULTS_REPO
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.serve.mcp.conftest import agent
from tests.services.harness import Killed, LauncherHarness

BEGUN = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Moving:
    def __init__(self) -> None:
        self.at = BEGUN

    def now(self) -> datetime:
        return self.at


def ledger(folder: Path, clock: Moving | None = None) -> Ledger:
    clock = clock or Moving()
    return Ledger(folder, clock.now, clock.now)


@in_virtual_time
async def test_without_a_budget_nothing_is_rented_and_it_is_said_what_would_have_been(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    async with agent(harness, spends=None) as ask:
        shown = await ask.planned()
        assert (shown["may_rent"], shown["left_usd"]) == (False, 0.0)
        refused = await ask("deploy", plan_hash=shown["hash"])
    assert "It would have rented" in refused.error
    assert "--allow-spend" in refused.error
    assert (harness.posts(), harness.live()) == (0, [])


@in_virtual_time
async def test_the_most_of_a_run_is_booked_and_becomes_what_it_cost(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    async with agent(harness) as ask:
        shown = await ask.planned()
        assert shown["booked_at_deploy_usd"] > shown["most_usd"]
        deployed = (await ask("deploy", plan_hash=shown["hash"])).facts
        assert deployed["booked_usd"] == pytest.approx(shown["booked_at_deploy_usd"])
        harness.loop.jump(600)
        budget = (await ask("budget")).facts
        assert 0 < budget["booked_usd"] < 0.1
        assert budget["left_usd"] == pytest.approx(5.0 - budget["booked_usd"])
    [file] = [one for one in agents_folder(harness.config).iterdir() if one.suffix == ".json"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_pods_that_fetch_a_large_image_are_booked_for_as_long_as_they_may_take() -> None:
    sized = {"settings": {"boot_minutes": 0.0}, "image": PlannedImage("x", size_bytes=60 * 10**9)}
    large = plan("run-01", **sized)
    minutes = boot_budget(large.settings, 60.0).minutes
    assert minutes > boot_budget(large.settings).minutes
    never_came_up = (MOST_PODS - 1) * minutes / 60 * large.offer.price_per_hour_usd
    assert most_of_launch_usd(large) == pytest.approx(large.worst_case_usd + never_came_up)


@in_virtual_time
async def test_a_run_that_the_rest_of_the_day_does_not_pay_for_is_not_rented(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    async with agent(harness, spends=1.5) as ask:
        await ask.deployed(cloud="secure", gpu_types=["RTX 4090"])
        shown = await ask.planned(cloud="secure", gpu_types=["RTX 4090"])
        refused = await ask("deploy", plan_hash=shown["hash"])
    assert "agents may spend are left" in refused.error
    assert "Lower max_hours or max_cost_usd" in refused.error
    assert harness.posts() == 1


@in_virtual_time
async def test_a_restart_does_not_refill_the_budget_and_two_servers_share_it(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    async with agent(harness) as first, agent(harness) as second:
        booked = (await first.deployed())["booked_usd"]
        assert (await second("budget")).facts["booked_usd"] == booked
    async with agent(harness) as later:
        assert (await later("budget")).facts["booked_usd"] == booked


@in_virtual_time
async def test_a_launch_that_rented_nothing_costs_nothing(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    async with agent(harness) as ask:
        shown = await ask.planned()
        harness.world.faults.switch_on("no-capacity")
        assert (await ask("deploy", plan_hash=shown["hash"])).error
        assert (await ask("budget")).facts["booked_usd"] == 0.0


@in_virtual_time
async def test_a_pod_that_never_came_up_frees_nothing_while_the_next_may_be_ordered(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    async with agent(harness) as ask:
        booked = ask.ground.ledger.reserve("a" * 64, f"{RESULTS_REPO}/run-01", 3.0, 5.0)
        first = new_attempt(harness.bench, plan("run-01"))
        over = replace(first, state=RunState.ENDED, cost_usd=0.02)
        ask.ground.desk.bench.runs.add(over)
        with run_lock(harness.bench, RESULTS_REPO, "run-01"):
            assert (await ask("budget")).facts["booked_usd"] == booked.reserved_usd
        assert (await ask("budget")).facts["booked_usd"] == 0.02


@in_virtual_time
async def test_a_crash_between_booking_and_order_leaves_the_booking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = LauncherHarness(tmp_path)

    async def killed(*_: object, **__: object) -> PodOrder:
        raise Killed

    async with agent(harness) as ask:
        shown = await ask.planned()
        with monkeypatch.context() as patch:
            patch.setattr("launcher.serve.mcp.launching.launch", killed)
            with pytest.raises(Killed):
                await ask("deploy", plan_hash=shown["hash"])
    async with agent(harness) as later:
        budget = (await later("budget")).facts
    assert budget["booked_usd"] == pytest.approx(shown["booked_at_deploy_usd"])
    assert harness.posts() == 0


def test_each_day_has_its_own_budget_and_a_clock_that_went_back_refills_none(
    tmp_path: Path,
) -> None:
    clock = Moving()
    book = ledger(tmp_path, clock)
    book.reserve("a" * 64, "me/voice/run-01", 4.0, 5.0)
    clock.at = BEGUN + timedelta(days=1)
    assert (book.day, book.spent_usd()) == ("2026-11-23", 0.0)
    book.reserve("b" * 64, "me/voice/run-02", 4.0, 5.0)
    clock.at = BEGUN - timedelta(days=3)
    assert (book.day, book.spent_usd()) == ("2026-11-23", 4.0)
    with pytest.raises(InvalidRequest, match=r"\$1\.00 of the \$5\.00"):
        book.reserve("c" * 64, "me/voice/run-03", 4.0, 5.0)


def test_two_ledgers_of_one_folder_never_book_more_than_the_day_has(tmp_path: Path) -> None:
    one, other = ledger(tmp_path), ledger(tmp_path)
    booked = one.reserve("a" * 64, "me/voice/run-01", 3.0, 5.0)
    with pytest.raises(InvalidRequest):
        other.reserve("b" * 64, "me/voice/run-02", 3.0, 5.0)
    other.settle(booked.id, 0.25)
    one.settle(booked.id, 0.0)  # one that is settled stays as it is
    assert one.spent_usd() == 0.25
    other.reserve("b" * 64, "me/voice/run-02", 3.0, 5.0)
    assert one.spent_usd() == 3.25


def test_servers_that_book_at_the_same_time_book_no_more_than_the_day_has(tmp_path: Path) -> None:
    def book(number: int) -> bool:
        try:
            ledger(tmp_path).reserve("a" * 64, f"me/voice/run-{number:02}", 1.0, 5.0)
        except InvalidRequest:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        booked = list(threads.map(book, range(12)))
    assert booked.count(True) == 5
    assert ledger(tmp_path).spent_usd() == 5.0


@pytest.mark.parametrize("content", ["", "{", '{"bookings": [{"id": 1}]}', "[]"])
def test_a_ledger_that_cannot_be_read_spends_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "ledger.json").write_text(content)
    with pytest.raises(NotConfigured, match="nothing is rented"):
        ledger(tmp_path).reserve("a" * 64, "me/voice/run-01", 0.01, 5.0)
    assert (tmp_path / "ledger.json").read_text() == content


def test_a_negative_or_odd_booking_of_a_damaged_ledger_refills_nothing(tmp_path: Path) -> None:
    book = ledger(tmp_path)
    book.reserve("a" * 64, "me/voice/run-01", 4.0, 5.0)
    document = json.loads((tmp_path / "ledger.json").read_text())
    document["bookings"][0]["reserved_usd"] = -100.0
    (tmp_path / "ledger.json").write_text(json.dumps(document))
    with pytest.raises(NotConfigured):
        book.spent_usd()


@in_virtual_time
async def test_a_price_that_moved_rents_and_books_nothing(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    catalogue = harness.world.catalogue
    async with agent(harness) as ask:
        shown = await ask.planned(gpu_types=["RTX 4090"], cloud="secure")
        catalogue.gpus = tuple(
            replace(gpu, secure_usd=0.75) if gpu.id == GPU else gpu for gpu in catalogue.gpus
        )
        moved = await ask("deploy", plan_hash=shown["hash"])
        assert "Price of RTX 4090: $0.69 an hour, now $0.75 an hour." in moved.error
        assert "the tool plan" in moved.error
        assert (await ask("budget")).facts["booked_usd"] == 0.0
    assert harness.posts() == 0
