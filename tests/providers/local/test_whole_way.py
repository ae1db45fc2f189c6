"""Runs on this very computer, the whole way: real processes, the real program that is asked, the emulated Hub."""

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
from pod_image.own_machine.gpus import LEASES_VARIABLE, Gpu, is_free
from pod_image.own_machine.identity import Identity, living
from pod_image.own_machine.run_place import RunPlace
from tests.providers.own_runs import RESULTS_REPO, OwnRuns, own_runs, readable

LOCAL = {"provider": "local"}
RUNS = "data/runs"


@pytest.mark.promise("secrets-nowhere")
@pytest.mark.promise("results-commands")
@pytest.mark.slow
def test_a_run_on_this_computer_is_told_to_stop_delivers_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    async def story(runs: OwnRuns, token: str) -> None:
        run = await runs.launched()
        place = RunPlace(tmp_path / "home" / RUNS / run.pod_id)
        seen: list[bytes] = []

        async def stop() -> None:
            seen.extend(map(readable, living(place)))
            sent = await send(runs.bench, run, new_instruction(InstructionName.STOP))
            assert sent.way is Way.EXEC

        told = await runs.followed(run, stop)
        assert told.run.end_reason is EndReason.STOPPED
        assert told.run.cost_usd == 0.0
        assert len(seen) >= 4  # first process, agent, guard, command
        assert not any(token.encode() in each for each in seen)
        files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
        assert not any(token.encode() in path.read_bytes() for path in files)
        results = await runs.bench.results(RESULTS_REPO).files("run-01")
        assert "run-01/files/out/so-far.txt" in [each.path for each in results]
        assert not place.disk.exists()
        assert living(place) == set()
        assert await runs.bench.at("local").provider.pods() == []

    with HubEmulator(tmp_path / "hub") as hub:

        async def at_bench() -> None:
            async with own_runs(hub, tmp_path / "home", LOCAL) as runs:
                await story(runs, hub.tokens["write"])

        asyncio.run(at_bench())


@pytest.mark.promise("money-release")
@pytest.mark.promise("money-reap")
@pytest.mark.slow
def test_a_run_that_lost_its_first_process_is_seen_still_and_ended_with_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then no other run gets its GPU."""
    gpu, leases = Gpu("GPU-aaaa", "A Stand-in", 24), tmp_path / "leases"
    driver = tmp_path / "bin" / "nvidia-smi"
    driver.parent.mkdir()
    driver.write_text(f"#!/bin/sh\necho '0, {gpu.uuid}, {gpu.name}, 24564'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{driver.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(LEASES_VARIABLE, str(leases))

    async def story(runs: OwnRuns) -> None:
        run = await runs.launched()
        place = RunPlace(tmp_path / "home" / RUNS / run.pod_id)
        first = Identity.read(place.process)
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        while first.is_alive:  # noqa: ASYNC110 (nobody says when a process is dead)
            await asyncio.sleep(0.02)
        assert not is_free(leases, gpu)
        here = runs.bench.at("local")
        assert [each.id for each in await here.provider.pods()] == [run.pod_id]
        aborted = await release(runs.bench, run)
        assert living(place) == set()
        assert is_free(leases, gpu)
        assert aborted.end_reason is EndReason.ABORTED
        assert place.disk.is_dir()  # nothing of it was delivered
        assert str(place.disk) in await here.provider.remains(run.pod_id)

    with HubEmulator(tmp_path / "hub") as hub:

        async def at_bench() -> None:
            async with own_runs(hub, tmp_path / "home", LOCAL) as runs:
                await story(runs)

        asyncio.run(at_bench())
