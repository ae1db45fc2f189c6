"""Each version of a run can be had again, and is named only where the repo shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from launcher.domain.run import Run
from launcher.domain.run_address import RunAddress
from launcher.services.following.adopted import keep
from launcher.services.following.attached import read_run
from launcher.services.following.delivered_files import download_results, list_results
from launcher.services.following.versions import version_of_end, versions_of
from pod_image.contract.outcomes import EndReason
from pod_image.hub import Repo, leave_tag, publish, resolve_commit
from tests.kit.clouds import RESULTS_REPO
from tests.kit.repo_runs import record
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

REPO = Repo(RESULTS_REPO, "model")


async def delivered(harness: LauncherHarness, tag: str, attempt: int, nonce: str) -> Run:
    """An attempt that ended, tagged as its pod would, read from the repo."""
    told = record(
        attempt=attempt, nonce=nonce, state="ended", end_reason="finished", not_delivered=()
    )
    files: dict[str, Path | bytes] = {
        "run-01/run.json": told.to_json().encode(),
        "run-01/voice/voice.onnx": f"voice {attempt}".encode(),
    }
    publish(harness.hub, REPO, files, "results")
    if tag:
        leave_tag(harness.hub, REPO, resolve_commit(harness.hub, REPO), [tag])
    return keep(harness.bench, await read_run(harness.bench, RunAddress(RESULTS_REPO, "run-01")))


@in_virtual_time
async def test_every_version_is_brought_as_it_was(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    first = await delivered(harness, "run-01", 1, "aaaaaaaaaa")
    second = await delivered(harness, "run-01.2", 2, "bbbbbbbbbb")
    await delivered(harness, "run-010", 3, "cccccccccc")
    bench = harness.bench
    assert list(await versions_of(bench, second)) == ["run-01", "run-01.2"]
    assert await version_of_end(bench, first) == "run-01"
    assert await version_of_end(bench, second) == "run-01.2"
    old = await download_results(bench, second, revision="run-01")
    new = await download_results(bench, second)
    assert old.folder != new.folder
    assert (old.folder / "voice" / "voice.onnx").read_bytes() == b"voice 1"
    assert (new.folder / "voice" / "voice.onnx").read_bytes() == b"voice 3"
    assert len(await list_results(bench, second, "run-01")) == 2


@in_virtual_time
async def test_an_attempt_at_an_address_of_a_version_is_that_versions(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    await delivered(harness, "run-01", 1, "aaaaaaaaaa")
    await delivered(harness, "run-01.2", 2, "bbbbbbbbbb")
    address = RunAddress(RESULTS_REPO, "run-01", "run-01")
    assert (await read_run(harness.bench, address)).run.attempt_nonce == "aaaaaaaaaa"


@in_virtual_time
async def test_a_tag_is_said_only_where_this_very_attempt_ended_at_it(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    await delivered(harness, "run-01", 1, "aaaaaaaaaa")
    second = await delivered(harness, "", 2, "bbbbbbbbbb")
    assert await version_of_end(harness.bench, second) == ""


@in_virtual_time
async def test_an_end_that_no_pod_tags_is_not_looked_for(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await delivered(harness, "run-01", 1, "aaaaaaaaaa")
    harness.core.log.clear()
    assert await version_of_end(harness.bench, replace(run, end_reason=EndReason.FAILED)) == ""
    assert len(harness.core.log) == 0


@in_virtual_time
async def test_a_hub_that_is_away_leaves_the_version_unsaid_and_holds_nobody_up(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await delivered(harness, "run-01", 1, "aaaaaaaaaa")
    harness.core.faults.switch_on("down-for-hours")
    before = harness.loop.time()
    assert await version_of_end(harness.bench, run) == ""
    assert harness.loop.time() - before < 30


@in_virtual_time
async def test_a_version_costs_two_requests_at_the_end(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await delivered(harness, "run-01", 1, "aaaaaaaaaa")
    harness.core.log.clear()
    await version_of_end(harness.bench, run)
    assert len(harness.core.log) == 2
