"""The workbench: opened with what there is, and the Hub's access told in findings."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from launcher.cli.terminal.next_steps import in_terminal
from launcher.config import Config
from launcher.domain.run import RunState
from launcher.emulator.hub.server import HubEmulator
from launcher.emulator.runpod import RunPodEmulator
from launcher.errors import HubError, InvalidRequest, NotConfigured
from launcher.hub.access import HubAccess, check_access
from launcher.hub.results_repo import ResultsRepo
from launcher.services.common.observations import EventSeen, RunEnded
from launcher.services.common.workbench import open_workbench
from launcher.services.ending.reap import reap
from launcher.services.following.delivered_files import download_results
from launcher.services.following.instructions import new_instruction, send
from launcher.services.following.receipts import receipt
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.stores.secrets import Keys
from pod_image.contract.events import to_line
from pod_image.contract.findings import Severity
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.outcomes import EndReason
from pod_image.hub import Hub, Repo, publish
from tests.kit.clouds import HUB_URL, RESULTS_REPO, TOKENS
from tests.kit.plans import plan
from tests.kit.virtual_time import StreamingTransport, in_virtual_time
from tests.services.harness import LauncherHarness, at_once

# --- opening


async def test_without_a_runpod_key_the_rest_still_works(tmp_path: Path) -> None:
    config = Config(tmp_path / "config", tmp_path / "data", hub_url=HUB_URL)
    async with open_workbench(config, Keys()) as bench:
        assert bench.runs.runs() == []
        assert bench.provider.calls == 0
        with pytest.raises(NotConfigured, match="no RunPod API key"):
            await bench.provider.pods()
    assert (tmp_path / "data" / "runs.sqlite").exists()


@pytest.mark.parametrize("trouble", ["no database", "a file in place of the folder"])
async def test_where_it_is_not_needed_an_empty_history_stands_in_for_one_that_cannot_be_opened(
    tmp_path: Path, trouble: str
) -> None:
    config = Config(tmp_path / "config", tmp_path / "data", hub_url=HUB_URL)
    if trouble == "no database":
        config.make_folders()
        config.history_path.write_bytes(b"\x00garbage" * 1_000)
    else:
        config.data_folder.write_text("in the way")
    with pytest.raises(NotConfigured):
        async with open_workbench(config, Keys()):
            raise AssertionError("it opened")
    async with open_workbench(config, Keys(), needs_history=False) as bench:
        assert bench.runs.runs() == []
        assert "cannot be" in bench.runs.trouble
    if trouble == "no database":
        assert config.history_path.read_bytes().startswith(b"\x00garbage")


async def test_an_address_without_tls_is_refused_before_the_key_is_used(tmp_path: Path) -> None:
    config = Config(
        tmp_path / "config", tmp_path / "data", place_urls={"runpod": "http://example.com"}
    )
    with pytest.raises(NotConfigured, match="not an https address"):
        async with open_workbench(config, Keys(runpod=SecretStr("demo-key"))):
            raise AssertionError("it opened")


@pytest.mark.slow
def test_a_whole_life_on_the_emulators_with_real_processes(tmp_path: Path) -> None:
    """The same client, create body and agent as in earnest; stopped by exec, delivered, released."""

    async def live() -> None:
        with RunPodEmulator(tmp_path / "cloud") as cloud, HubEmulator(tmp_path / "hub") as hub:
            config = Config(
                tmp_path / "c", tmp_path / "d", place_urls={"runpod": cloud.url}, hub_url=hub.url, poll_seconds=0.5
            )  # fmt: skip
            tokens = {name: SecretStr(value) for name, value in hub.tokens.items()}
            keys = Keys(SecretStr(cloud.api_key), tokens["read"], tokens["write"])
            argv = ("sh", "-c", "mkdir -p out; echo made > out/x.txt; sleep 60")
            async with open_workbench(config, keys) as bench:
                run = await launch(bench, plan(settings={"argv": argv}), keys)
                async for seen in watch(bench, run):
                    is_training = isinstance(seen, EventSeen) and '"train"' in to_line(seen.event)
                    if is_training and bench.runs.get("run-01").state is RunState.RUNNING:
                        await asyncio.sleep(0.5)
                        await send(bench, run, new_instruction(InstructionName.STOP))
                        break
                last = [seen async for seen in watch(bench, bench.runs.get("run-01"))][-1]
                assert isinstance(last, RunEnded)
                assert last.run.end_reason is EndReason.STOPPED
                got = await download_results(bench, last.run, patterns=["files/**"])
                assert [path.read_text() for path in got.files] == ["made\n"]
                names = [part.name for part in receipt(bench.runs, last.run).slices]
                assert {"boot", "train", "deliver", "idle"} <= set(names)
            assert cloud.world.live_pods() == []
            assert cloud.world.account.secrets == {}

    asyncio.run(live())


# --- the provider's clock


class Dated(StreamingTransport):
    """A cloud whose clock is ahead of ours."""

    ahead = timedelta(0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        from email.utils import format_datetime

        from tests.kit.clocks import LoopClock

        response = await super().handle_async_request(request)
        response.headers["date"] = format_datetime(LoopClock().now() + self.ahead, usegmt=True)
        return response


@in_virtual_time
async def test_a_wrong_clock_here_neither_kills_a_pod_nor_shortens_its_life(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.transport = Dated(harness.transport._app)
    harness.transport.ahead = timedelta(hours=-5)  # this machine's clock is five hours ahead
    bench = harness.open_bench()
    harness.script.ends_after = None
    await bench.provider.pods()
    run = await launch(bench, plan(), harness.keys)
    assert run.deadline is not None
    assert run.deadline - bench.provider_now() < timedelta(hours=1)
    await bench.clock.sleep(3000)
    assert [pod.id for pod in (await reap(bench)).kept] == [run.pod_id]
    await bench.clock.sleep(1200)
    assert [each.pod.id for each in (await reap(bench)).released] == [run.pod_id]


# --- access


def codes(report: Any) -> list[tuple[str, str]]:
    return [(finding.severity.value, finding.code) for finding in report.findings]


def with_tokens(harness: LauncherHarness, dataset: str, upload: str) -> HubAccess:
    return HubAccess(harness.hub_of(dataset), harness.hub_of(upload), run_blocking=at_once)


@in_virtual_time
async def test_access_is_told_in_findings_and_the_dataset_is_pinned(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.hub.api.create_repo("demo/clips", repo_type="dataset", private=True)
    made = publish(harness.hub, Repo("demo/clips", "dataset"), {"metadata.csv": b"a|b"}, "clips")
    report = await check_access(harness.bench.hub, [("demo/clips", "main")], RESULTS_REPO)
    assert report.dataset_commits == (made.commit,)
    assert not report.makes_results_repo
    assert codes(report) == [("warning", "token_too_wide")]
    absent = await check_access(harness.bench.hub, [("demo/clips", "main")], "demo/new-voices")
    assert absent.makes_results_repo
    assert ("note", "results_repo_made") in codes(absent)


@in_virtual_time
async def test_the_ways_of_having_no_access_are_told_apart(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    no_dataset = await check_access(harness.bench.hub, [("demo/nothing", "main")], RESULTS_REPO)
    assert ("error", "no_such_repo") in codes(no_dataset)
    refused = await check_access(
        with_tokens(harness, TOKENS["read"], "not-a-token"), [], RESULTS_REPO
    )
    assert ("error", "token_refused") in codes(refused)
    reader = await check_access(
        with_tokens(harness, TOKENS["read"], TOKENS["read"]), [], RESULTS_REPO
    )
    assert ("error", "no_right") in codes(reader)
    harness.core.faults.switch_on("down-for-hours")
    down = await check_access(harness.bench.hub, [], RESULTS_REPO)
    assert ("error", "network") in codes(down)
    assert all(finding.hint for finding in down.findings if finding.severity is Severity.ERROR)


@in_virtual_time
async def test_a_refused_token_is_a_matter_of_configuration_and_the_rest_the_hubs_word(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    with pytest.raises(NotConfigured):
        await ResultsRepo(with_tokens(harness, "", "not-a-token"), RESULTS_REPO).files("run-01")
    with pytest.raises(HubError) as caught:
        await harness.bench.results("demo/absent").files("run-01")
    assert in_terminal(caught.value.hint)


@in_virtual_time
async def test_a_command_left_while_others_commit_takes_the_next_number(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    results = harness.bench.results(RESULTS_REPO)
    instruction = Instruction(id="c-1", command=InstructionName.SAVE)
    overtaken = {"times": 0}

    async def overtake(call: Any, *args: Any, **options: Any) -> Any:
        if call is publish and overtaken["times"] < 2:
            overtaken["times"] += 1
            name = f"run-01/_control/000{overtaken['times']}.json"
            publish(harness.hub, Repo(RESULTS_REPO, "model"), {name: b"{}"}, "another was quicker")
        return call(*args, **options)

    busy = ResultsRepo(HubAccess(harness.hub, harness.hub, run_blocking=overtake), RESULTS_REPO)
    assert await busy.leave_instruction("run-01", instruction) == "run-01/_control/0003.json"
    overtaken["times"] = -9
    with pytest.raises(HubError, match="others kept committing"):
        await busy.leave_instruction("run-01", instruction)
    assert len(await results.files("run-01")) >= 3


@in_virtual_time
async def test_downloading_a_run_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    with pytest.raises(InvalidRequest, match="no files in demo/voices"):
        await download_results(harness.bench, run)


def test_a_hub_made_from_tokens_hides_them() -> None:
    access = HubAccess.with_tokens(HUB_URL, SecretStr("demo-a"), SecretStr("demo-b"))
    assert isinstance(access.upload, Hub)
    assert "demo-" not in f"{access.dataset!r}{access.upload!r}"
