"""The release: it comes whatever else is broken, and no answer to it is believed by a pod that still lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from pod_image.agent.places.runpod import RunPodPod
from pod_image.agent.release import release_for_ever
from pod_image.agent.timing import Timing
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import MachineClock
from tests.kit.virtual_time import in_virtual_time, now_seconds
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage, nothing, training

TIMING = Timing()


def ways(harness: AgentHarness) -> list[str]:
    """What the pod has tried to end itself, in order."""
    calls = [record for record in harness.world.requests if record.key_kind == "pod"]
    kinds = {"DELETE": "delete", "POST": "action"}
    return [kinds[record.method] for record in calls if record.method in kinds]


@pytest.mark.parametrize("fault", ["delete-ignored", "delete-404"])
@in_virtual_time
async def test_a_pod_that_lives_after_its_release_stops_itself_at_last(
    tmp_path: Path, fault: str
) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.world.faults.switch_on(fault)
    pod = harness.rent()
    await harness.until("ended")
    began = now_seconds()
    while pod.status != "EXITED":
        assert now_seconds() - began < 3 * TIMING.gone_seconds, "it was not stopped"
        await asyncio.sleep(1.0)
    assert ways(harness) == ["delete", "action", "action"]
    assert pod.rate().total < pod.price_usd / 10  # the disk alone


class Cloud:
    """A cloud that gives one answer to everything, and remembers what was asked for and when."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.asked: list[tuple[str, float]] = []
        self.broken = 0

    def http(self) -> httpx.AsyncClient:
        if self.broken:
            self.broken -= 1
            raise OSError(24, "Too many open files")
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        word = "delete" if request.method == "DELETE" else request.content.decode().split('"')[3]
        self.asked.append((word, asyncio.get_running_loop().time()))
        return httpx.Response(self.status)

    async def released_for(self, seconds: float, say: Callable[[str], None]) -> None:
        pod = RunPodPod("http://cloud.test", "pod-1", self.http, key="demo-key")
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await release_for_ever(pod, MachineClock(), TIMING, say)


@pytest.mark.parametrize("status", [204, 404])
@in_virtual_time
async def test_disbelief_goes_round_and_round(status: int) -> None:
    cloud, said = Cloud(status), list[str]()
    await cloud.released_for(6.5 * TIMING.gone_seconds, said.append)
    assert [way for way, _ in cloud.asked] == ["delete", "terminate", "stop"] * 2 + ["delete"]
    moments = [at for _, at in cloud.asked]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert all(gap == pytest.approx(TIMING.gone_seconds, abs=1.0) for gap in gaps)
    assert "terminate is next" in " ".join(said)


@in_virtual_time
async def test_a_pod_whose_release_is_refused_is_not_stopped_before_its_time() -> None:
    cloud = Cloud(500)
    await cloud.released_for(TIMING.stop_instead_seconds - 60, lambda text: None)
    assert {way for way, _ in cloud.asked} == {"delete", "terminate"}
    await cloud.released_for(TIMING.stop_instead_seconds + 60, lambda text: None)
    assert cloud.asked[-1][0] == "stop"


@in_virtual_time
async def test_neither_a_broken_output_nor_want_of_sockets_ends_the_trying() -> None:
    def closed(text: str) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    cloud = Cloud(204)
    cloud.broken = 7
    await cloud.released_for(300.0, closed)
    assert len(cloud.asked) >= 5


@in_virtual_time
async def test_an_answer_that_never_ends_does_not_hold_up_the_next_try() -> None:
    cloud, began = Cloud(204), now_seconds()
    answer, drips = cloud._answer, iter((1e9,))

    async def drip(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(next(drips, 0.0))
        return await answer(request)

    cloud._answer = drip  # type: ignore[method-assign]  # planted in this one cloud
    await cloud.released_for(60.0, lambda text: None)
    assert [way for way, _ in cloud.asked][:1] == ["terminate"]
    assert now_seconds() - began < 90


async def _raises() -> None:
    raise OSError(5, "Input/output error")


async def _hangs() -> None:
    await asyncio.sleep(1e9)


@pytest.mark.parametrize("flush", [nothing, _raises, _hangs])
@in_virtual_time
async def test_an_output_that_fails_or_hangs_does_not_hold_up_the_release(
    tmp_path: Path, flush: Callable[[], Awaitable[None]]
) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.flush = flush
    harness.rent()
    await harness.until("ended")
    began = now_seconds()
    await harness.until_gone(hours=1.0)
    assert now_seconds() - began < 5.0


@in_virtual_time
async def test_a_folder_that_cannot_be_made_ends_the_pod(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    pod = harness.rent()
    (tmp_path / pod.id).mkdir()
    (tmp_path / pod.id / "run").write_text("a file where the folder should be")
    assert await harness.until_gone(hours=1.0) < 300
    assert len(harness.containers) == 1


@in_virtual_time
async def test_events_that_a_full_disk_does_not_take_back_cost_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes, **how: bool) -> None:
        raise OSError(28, "No space left on device")

    harness = AgentHarness(tmp_path, training(steps=100))
    pod = harness.rent()
    await harness.until("step", step=60)
    harness.containers[-1].kill()
    harness.wipe(pod.id)
    monkeypatch.setattr("pod_image.agent.start.write_whole", full)
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED


@in_virtual_time
async def test_a_stage_that_cannot_be_ended_does_not_hold_the_pod_past_its_cap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def held_by_the_kernel(self: ScriptedStage, grace_seconds: float) -> None:
        await asyncio.sleep(1e9)

    async def deaf(stage: ScriptedStage) -> int:
        for step in range(1, 1_000):
            stage.emit("step", step=step, losses={"loss": 1.0})
            await asyncio.sleep(60.0)
        return 0

    monkeypatch.setattr(ScriptedStage, "end", held_by_the_kernel)
    harness = AgentHarness(tmp_path, deaf)
    harness.rent(harness.document(max_hours=1.0))
    assert await harness.until_gone(hours=3.0) < 3_600 + 180
