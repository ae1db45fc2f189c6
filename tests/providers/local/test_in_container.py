"""Runs in a container on this computer, the whole way: above an engine whose containers are processes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from launcher.emulator.hub import HubEmulator
from launcher.services.ending.release import release
from launcher.services.following.instructions import Way, new_instruction, send
from pod_image.contract.instructions import InstructionName
from pod_image.contract.outcomes import EndReason
from pod_image.own_machine.run_place import RunPlace
from tests.kit.engine_stand_in import StandInEngine
from tests.providers.own_runs import RESULTS_REPO, OwnRuns, own_runs, readable

IN_CONTAINER = {"provider": "local", "container": "on", "container_image": "localhost/ours:1"}
RUNS = "data/runs"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandInEngine:
    engine = StandInEngine(tmp_path)
    engine.put_first(monkeypatch)
    return engine


@pytest.mark.promise("secrets-nowhere")
@pytest.mark.promise("results-commands")
@pytest.mark.slow
def test_a_run_in_a_container_is_told_to_stop_delivers_and_leaves_nothing(
    tmp_path: Path, engine: StandInEngine
) -> None:
    async def story(runs: OwnRuns, token: str) -> None:
        run = await runs.launched()
        place = RunPlace(tmp_path / "home" / RUNS / run.pod_id)
        seen: list[bytes] = []

        async def stop() -> None:
            seen.append(readable(int(place.process["pid"])))
            assert engine.containers == [f"pod-launcher-{run.pod_id}"]
            sent = await send(runs.bench, run, new_instruction(InstructionName.STOP))
            assert sent.way is Way.EXEC
            assert engine.calls("exec")  # in the container: the run wrote what is executed

        told = await runs.followed(run, stop)
        assert told.run.end_reason is EndReason.STOPPED
        assert seen
        assert not any(token.encode() in each for each in seen)
        assert not any(token.encode() in content for content in contents_below(tmp_path / "home"))
        assert not any(token.encode() in content for content in contents_below(engine.state))
        (words,) = engine.calls("run")
        assert f"pod-launcher.nonce={run.nonce}" in words
        assert "localhost/ours:1" in words
        results = await runs.bench.results(RESULTS_REPO).files("run-01")
        assert "run-01/files/out/so-far.txt" in [each.path for each in results]
        assert not place.disk.exists()
        assert engine.containers == []
        assert await runs.bench.at("local").provider.pods() == []

    with HubEmulator(tmp_path / "hub") as hub:

        async def at_bench() -> None:
            async with own_runs(hub, tmp_path / "home", IN_CONTAINER) as runs:
                await story(runs, hub.tokens["write"])

        asyncio.run(at_bench())


@pytest.mark.promise("money-release")
@pytest.mark.promise("money-reap")
@pytest.mark.slow
def test_a_container_that_lost_the_process_around_it_is_seen_still_and_removed(
    tmp_path: Path, engine: StandInEngine
) -> None:
    async def story(runs: OwnRuns) -> None:
        run = await runs.launched()
        place = RunPlace(tmp_path / "home" / RUNS / run.pod_id)
        os.kill(int(place.process["pid"]), signal.SIGKILL)
        here = runs.bench.at("local")
        assert [each.id for each in await here.provider.pods()] == [run.pod_id]
        aborted = await release(runs.bench, run)
        assert aborted.end_reason is EndReason.ABORTED
        assert engine.containers == []
        assert await here.provider.pods() == []
        assert str(place.disk) in await here.provider.remains(run.pod_id)

    with HubEmulator(tmp_path / "hub") as hub:

        async def at_bench() -> None:
            async with own_runs(hub, tmp_path / "home", IN_CONTAINER) as runs:
                await story(runs)

        asyncio.run(at_bench())


def contents_below(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
