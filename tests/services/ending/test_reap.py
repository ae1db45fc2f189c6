"""The reaper looks at what is, not at what happened: pods, their own words, and what this computer keeps of them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.pod import PodName
from launcher.domain.run import RunState
from launcher.emulator.runpod import ScriptedContainer
from launcher.errors import InvalidRequest, LauncherError, ProviderUnavailable, RentUnclear
from launcher.hub.access import HubAccess
from launcher.services.common.intents import intents_of
from launcher.services.common.pod_release import release_pod
from launcher.services.ending.reap import ReapReport, reap
from launcher.services.ending.release import release
from launcher.services.following.find_run import find_run
from launcher.services.following.instructions import new_instruction, send
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Stage
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.instructions import InstructionName
from pod_image.contract.outcomes import EndReason
from pod_image.hub import Repo, publish
from tests.kit.clouds import GPU, RESULTS_REPO
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time, now_seconds
from tests.services.harness import LauncherHarness, Lethal, at_once, killed
from tests.services.living import running


def whys(report: ReapReport) -> list[str]:
    return [each.why for each in report.released]


# --- a release that was asked for


@pytest.mark.promise("money-reap")
@in_virtual_time
async def test_an_abort_that_failed_is_done_by_the_next_sweep(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    harness.world.faults.switch_on("delete-500")
    with pytest.raises(ProviderUnavailable, match="could not be ended"):
        await release(harness.bench, run)
    assert harness.bench.runs.get("run-01").state is RunState.ENDING
    harness.world.faults.switch_off()
    assert whys(await reap(harness.open_bench())) == ["its release was asked for"]
    assert harness.live() == []
    over = harness.bench.runs.get("run-01")
    assert (over.state, over.end_reason) == (RunState.ENDED, EndReason.ABORTED)


@pytest.mark.parametrize("loss", ["deleted", "no database", "torn"])
def test_what_was_asked_for_outlives_the_history(tmp_path: Path, loss: str) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        run = await running(harness)
        harness.world.faults.switch_on("delete-500")
        assert not (await release_pod(harness.bench, run.pod_id)).is_done
        harness.world.faults.switch_off()
        lose_history(harness, loss)
        # Even of a pod whose environment says nothing any more.
        harness.world.pods[run.pod_id].env.clear()
        bench = harness.open_bench(needs_history=False)
        assert whys(await reap(bench)) == ["its release was asked for"]
        assert harness.live() == []

    check()


def lose_history(harness: LauncherHarness, loss: str) -> None:
    path = harness.config.history_path
    harness.bench.runs.close()
    for beside in path.parent.glob(f"{path.name}-*"):
        beside.unlink()
    if loss == "deleted":
        path.unlink()
    elif loss == "no database":
        path.write_bytes(b"\x00garbage" * 2_000)
    else:
        whole = bytearray(path.read_bytes())
        whole[4096:] = b"\xff" * (len(whole) - 4096)
        path.write_bytes(whole)


@in_virtual_time
async def test_that_a_release_was_asked_for_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    await release(harness.bench, await running(harness))
    folder = harness.config.releases_folder
    (note,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(note.stat().st_mode) == 0o600


@in_virtual_time
async def test_a_note_that_cannot_be_made_holds_no_release_up_and_is_said(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    harness.config.releases_folder.write_text("in the way")
    told: list[str] = []
    harness.bench.runs.on_trouble = told.append
    assert (await release_pod(harness.bench, run.pod_id)).is_done
    assert harness.live() == []
    (said,) = told
    assert run.pod_id in said


@in_virtual_time
async def test_the_note_is_there_while_the_provider_is_asked(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    harness.world.faults.switch_on("delete-500")
    task = asyncio.create_task(release_pod(harness.bench, run.pod_id))
    await asyncio.sleep(5)
    assert [path.name for path in harness.config.releases_folder.iterdir()] == [
        f"{run.pod_id}.asked"
    ]
    harness.world.faults.switch_off()
    await task


# --- a run that is over, a deadline


@in_virtual_time
async def test_a_pod_that_outstays_its_last_word_goes_half_a_minute_later(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.releases = False
    run = await launch(harness.bench, plan(), harness.keys)
    await harness.bench.clock.sleep(120)
    word = harness.bench.runs.update(
        run, end_reason=EndReason.FINISHED, ended_at=harness.bench.provider_now()
    )
    assert whys(await reap(harness.bench)) == []
    await harness.bench.clock.sleep(31)
    assert whys(await reap(harness.bench)) == ["its run is over"]
    assert harness.live() == []
    assert harness.bench.runs.by_nonce(word.nonce) is not None


# --- two computers


@pytest.mark.promise("money-reap")
@in_virtual_time
async def test_a_pod_that_another_computer_boots_stays_and_goes_when_it_never_becomes_ready(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    task = asyncio.create_task(
        launch(harness.bench, plan(settings={"boot_minutes": 20.0}), harness.keys)
    )
    await asyncio.sleep(15 * 60)
    (pod_id,) = harness.live()
    other = harness.second_home()
    report = await reap(other)
    assert ([pod.id for pod in report.kept], report.released) == ([pod_id], ())
    assert report.secrets_removed == ()
    task.cancel()
    with pytest.MonkeyPatch.context() as patch:  # the first computer is gone, and releases nothing

        async def nothing(*_: object, **__: object) -> str:
            return ""

        patch.setattr("launcher.services.launching.rental.Rental.give_back", nothing)
        with suppress(LauncherError):
            await task
    await asyncio.sleep(14 * 60)
    assert [pod.id for pod in (await reap(other)).kept] == [pod_id]
    await asyncio.sleep(2 * 60)
    assert whys(await reap(other)) == ["it never became ready"]
    assert (harness.live(), harness.secret_names()) == ([], [])


@pytest.mark.parametrize("proof", ["armed", "later words", "record", "nothing can be read"])
def test_a_pod_of_another_computer_that_works_stays_until_its_deadline(
    tmp_path: Path, proof: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        run = await running(harness)
        await asyncio.sleep(60)
        other = harness.second_home()
        await other.provider.pods()
        log = harness.world.pods[run.pod_id].log
        armed = next(line.text for line in log._lines if '"armed"' in line.text)
        log.forget_container()
        if proof == "armed":
            log.add("container", armed, int(now_seconds() * 1e9))
        if proof == "later words":
            event = {"event": "heartbeat", "at": "2026-11-22T10:20:00Z", "run_id": "run-01"}
            line = json.dumps({**event, "seq": 99, "phase": "train"})
            log.add("container", line, int(now_seconds() * 1e9))
        if proof == "record":
            document = harness.world.pods[run.pod_id].env[RUN_VARIABLE]
            publish_record(harness, document)
        if proof == "nothing can be read":
            nobody = harness.hub_of(None)
            other = replace(other, hub=HubAccess(nobody, nobody, run_blocking=at_once))
        await asyncio.sleep(30 * 60)
        assert [pod.id for pod in (await reap(other)).kept] == [run.pod_id]
        await asyncio.sleep(31 * 60)
        assert whys(await reap(other)) == ["its deadline has passed"]
        assert harness.live() == []

    check()


def publish_record(harness: LauncherHarness, document: str) -> None:
    from pod_image.contract.environment import RunDocument

    record = harness.script.record(RunDocument.from_json(document))
    publish(harness.hub, Repo(RESULTS_REPO, "model"), {"run-01/run.json": record}, "begun")


@in_virtual_time
async def test_a_pod_that_never_got_a_container_goes_also_without_a_hugging_face_token(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("stuck-provisioning")
    await killed(harness, Lethal(Stage.RENTED))
    (pod_id,) = harness.live()
    nobody = harness.hub_of(None)
    other = replace(harness.second_home(), hub=HubAccess(nobody, nobody, run_blocking=at_once))
    await asyncio.sleep(19 * 60)
    assert [pod.id for pod in (await reap(other)).kept] == [pod_id]
    await asyncio.sleep(2 * 60)
    assert whys(await reap(other)) == ["it never became ready"]
    assert harness.live() == []


def idle(container: ScriptedContainer) -> Generator[float, None, int | None]:
    yield 1e9
    return 0


@pytest.mark.promise("money-others")
@in_virtual_time
async def test_nobody_elses_pod_is_touched_whatever_it_is_called(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.runner.program = idle
    body = {"image": "x/y:1", "gpu": {"id": GPU, "count": 1}}
    name = str(PodName("run-09", 1, "abcdefghij"))
    forged = {"LAUNCHER_NONCE": "otherother", RUN_VARIABLE: '{"deadline": "2020-01-01T00:00:00Z"}'}
    strangers = [
        harness.world.rent({**body, "name": "a-pod"}),
        harness.world.rent({**body, "name": name, "env": forged}),
    ]
    await asyncio.sleep(3_600)
    report = await reap(harness.bench)
    assert (report.released, report.kept) == ((), ())
    assert set(harness.live()) == {pod.id for pod in strangers}


# --- without a readable history


@pytest.mark.parametrize("loss", ["no database", "torn", "locked", "newer"])
def test_reap_abort_and_stop_need_no_readable_history(
    tmp_path: Path, loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.stores.sqlite_file.BUSY_SECONDS", 0.05)

    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        run = await running(harness)
        held = hold_history(harness, loss)
        bench = harness.open_bench(needs_history=False)
        assert [pod.id for pod in (await reap(bench)).kept] == [run.pod_id]
        found = await find_run(harness.open_bench(needs_history=False), "run-01")
        assert (found.pod_id, found.results_repo) == (run.pod_id, RESULTS_REPO)
        stopping = harness.open_bench(needs_history=False)
        sent = await send(
            stopping, await find_run(stopping, run.pod_id), new_instruction(InstructionName.STOP)
        )
        assert sent.instruction.nonce == run.nonce
        aborting = harness.open_bench(needs_history=False)
        ended = await release(aborting, await find_run(aborting, ""))
        assert ended.state is RunState.ENDED
        assert (harness.live(), harness.secret_names()) == ([], [])
        held.close()

    check()


def hold_history(harness: LauncherHarness, loss: str) -> sqlite3.Connection:
    if loss in ("no database", "torn"):
        lose_history(harness, loss)
        return sqlite3.connect(":memory:")
    db = sqlite3.connect(harness.config.history_path, isolation_level=None)
    if loss == "newer":
        db.execute("PRAGMA user_version = 99")
    else:
        harness.bench.runs.close()
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
    return db


@pytest.mark.promise("money-reap")
@in_virtual_time
async def test_reap_ends_what_is_overdue_without_a_readable_history(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    await running(harness, max_hours=0.1)
    lose_history(harness, "no database")
    await asyncio.sleep(700)
    bench = harness.open_bench(needs_history=False)
    assert "cannot be opened" in bench.runs.trouble
    assert whys(await reap(bench)) == ["its deadline has passed"]
    assert harness.live() == []


@in_virtual_time
async def test_a_computer_whose_history_is_in_order_is_not_asked_to_guess(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await running(harness)
    other = harness.second_home()
    with pytest.raises(InvalidRequest, match="not clear from the history which run") as caught:
        await find_run(other, "")
    assert in_terminal(caught.value.hint) == f"Choose one of: {RESULTS_REPO}/run-01"
    with pytest.raises(InvalidRequest, match="no run 'run-02'"):
        await find_run(other, "run-02")
    assert (await find_run(other, "run-01")).nonce == run.nonce
    ended = await release(other, other.runs.get("run-01"))
    assert (ended.end_reason, harness.live()) == (EndReason.ABORTED, [])


# --- the dry run


async def killed_before_its_order(harness: LauncherHarness) -> None:
    await killed(harness, Lethal(Stage.RENTING))


async def killed_while_it_booted(harness: LauncherHarness) -> None:
    harness.script.armed_after = None
    await killed(harness, Lethal(Stage.SEEN))
    await asyncio.sleep(21 * 60)


async def never_born(harness: LauncherHarness) -> None:
    harness.world.faults.switch_on("create-503-rents-nothing", times=1)
    with pytest.raises(RentUnclear):
        await launch(harness.bench, plan(), harness.keys)


async def born_late(harness: LauncherHarness) -> None:
    harness.world.faults.switch_on("create-500-but-rents", times=1)
    harness.world.faults.switch_on("list-lag", seconds=90)
    with pytest.raises(RentUnclear):
        await launch(harness.bench, plan(), harness.keys)
    await asyncio.sleep(60)


async def finished_unwatched(harness: LauncherHarness) -> None:
    await launch(harness.bench, plan(), harness.keys)
    await asyncio.sleep(600)


async def overdue(harness: LauncherHarness) -> None:
    await running(harness, max_hours=0.1)
    await asyncio.sleep(700)


async def abort_failed(harness: LauncherHarness) -> None:
    run = await running(harness)
    harness.world.faults.switch_on("delete-500")
    with pytest.raises(ProviderUnavailable):
        await release(harness.bench, run)
    harness.world.faults.switch_off()


async def at_work(harness: LauncherHarness) -> None:
    await running(harness)


CASES: dict[str, Callable[[LauncherHarness], Awaitable[object]]] = {
    case.__name__: case
    for case in (
        killed_before_its_order,
        killed_while_it_booted,
        never_born,
        born_late,
        finished_unwatched,
        overdue,
        abort_failed,
        at_work,
    )
}


@pytest.mark.parametrize("case", CASES)
def test_a_dry_run_changes_nothing_and_shows_what_the_real_one_does(
    tmp_path: Path, case: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        await CASES[case](harness)
        before, secrets = state_of(harness), sorted(harness.secret_names())
        dry = await reap(harness.open_bench(), dry_run=True)
        assert state_of(harness) == before
        real = await reap(harness.open_bench())
        assert shown(dry) == shown(real)
        assert dry.is_dry_run
        removes = bool(real.released or real.settled or real.secrets_removed)
        assert removes is (case != "at_work")
        assert (state_of(harness) == before) is (case == "at_work")
        if case != "at_work":
            assert sorted(dry.secrets_removed) == secrets
            assert (harness.live(), harness.secret_names(), intents_of(harness.bench).open()) == (
                [],
                [],
                [],
            )
            assert shown(await reap(harness.open_bench(), dry_run=True)) == shown(ReapReport(True))

    check()


def state_of(harness: LauncherHarness) -> object:
    runs = [replace(run, provider_calls=0) for run in harness.bench.runs.runs()]
    return (
        sorted(harness.live()),
        sorted(harness.secret_names()),
        runs,
        intents_of(harness.bench).open(),
    )


def shown(report: ReapReport) -> object:
    return (
        sorted((each.pod.id, each.why) for each in report.released),
        sorted(pod.id for pod in report.kept),
        sorted((run.run_id, str(run.end_reason), run.detail) for run in report.settled),
        sorted(each.run.run_id for each in report.left_open),
        sorted(report.secrets_removed),
    )


@in_virtual_time
async def test_the_secrets_of_an_order_that_bore_no_pod_go_without_a_history_too(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    await never_born(harness)
    lose_history(harness, "deleted")
    report = await reap(harness.open_bench(), dry_run=True)
    assert sorted(report.secrets_removed) == sorted(harness.secret_names()) != []
    await reap(harness.open_bench())
    assert (harness.secret_names(), intents_of(harness.bench).open()) == ([], [])


@in_virtual_time
async def test_secrets_that_cannot_be_listed_keep_no_pod_alive_and_are_not_said_to_be_none(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    await overdue(harness)
    harness.world.faults.switch_on("server-errors", path="/v2/account/secrets")
    dry = await reap(harness.open_bench(), dry_run=True)
    assert (dry.secrets_removed, bool(dry.secrets_trouble)) == ((), True)
    report = await reap(harness.open_bench())
    assert (whys(report), harness.live()) == (["its deadline has passed"], [])
    assert report.secrets_trouble
    harness.world.faults.switch_off()
    assert len((await reap(harness.open_bench())).secrets_removed) == 2


@in_virtual_time
async def test_the_secrets_of_a_pod_that_could_not_be_released_stay_with_it(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    await overdue(harness)
    harness.world.faults.switch_on("delete-500")
    report = await reap(harness.open_bench())
    assert report.released[0].trouble
    assert (report.secrets_removed, len(harness.secret_names())) == ((), 2)
