"""A run by its results repo alone: what it tells, and what it can never do."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from launcher.domain.run import Run, RunState
from launcher.domain.run_address import RunAddress
from launcher.domain.run_picture import picture_of
from launcher.errors import HubError, InvalidRequest
from launcher.hub import told_events
from launcher.hub.access import HubAccess
from launcher.services.common.observations import EventSeen
from launcher.services.common.workbench import Workbench
from launcher.services.following.attached import list_runs, read_run
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.stores.runs import RecordKind
from pod_image.contract.outcomes import EndReason
from pod_image.hub import Repo, publish
from tests.kit.clouds import RESULTS_REPO
from tests.kit.plans import plan
from tests.kit.repo_runs import ADDRESS, AT, line, put, record
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness, at_once


def alone(harness: LauncherHarness) -> Workbench:
    return harness.second_home()


@in_virtual_time
async def test_an_ended_run_is_read_as_the_computer_that_followed_it_has_it(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    seen = [each async for each in watch(harness.bench, run, from_start=True)]
    followed = harness.bench.runs.get("run-01")
    read = await read_run(alone(harness), ADDRESS)
    told = [each.event for each in seen if isinstance(each, EventSeen)]
    assert list(read.events) == told
    assert read.picture == picture_of(told)
    assert read.run.is_from_repo
    same = (
        "run_id", "results_repo", "attempt", "state", "end_reason", "detail", "cost_usd", "created_at", "armed_at",
        "ended_at", "deadline", "gpu_name", "price_per_hour_usd", "max_hours", "max_cost_usd", "last_seq",
        "not_delivered", "attempt_nonce", "shown_pod_id",
    )  # fmt: skip
    for name in same:
        assert getattr(read.run, name) == getattr(followed, name), name
    assert read.documents[RecordKind.ENDED] == harness.bench.runs.kept(followed, RecordKind.ENDED)


@in_virtual_time
async def test_a_run_that_goes_on_is_read_as_far_as_it_delivered(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    put(
        harness.hub,
        record(),
        line(1, "phase", phase="boot", state="started"),
        line(2, "armed", works=True, arms=[]),
        line(3, "step", step=7, losses={"mel": 0.5}, cost_usd=0.02),
    )
    read = await read_run(alone(harness), ADDRESS)
    assert (read.run.state, read.run.end_reason) == (RunState.RUNNING, None)
    assert (read.run.cost_usd, read.run.last_seq) == (0.02, 3)
    assert read.picture.step is not None
    assert read.picture.step.step == 7
    assert set(read.moments) == {"created", "boot", "armed", "first_step"}
    assert read.is_whole


@in_virtual_time
async def test_without_a_run_id_the_newest_run_of_the_repo_is_meant(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.loop.jump(600)
    put(harness.hub, record())
    later = record(run_id="run-02", nonce="bbbbbbbbbb", created_at=AT + timedelta(minutes=5))
    files: dict[str, Path | bytes] = {
        "run-02/run.json": later.to_json().encode(),
        "_inputs/x": b"x",
        "notes/a.txt": b"no run",
    }
    publish(harness.hub, Repo(RESULTS_REPO, "model"), files, "results")
    bench = alone(harness)
    assert (await read_run(bench, RunAddress(RESULTS_REPO))).run.run_id == "run-02"
    assert [run.run_id for run in await list_runs(bench, RESULTS_REPO)] == ["run-02", "run-01"]


@in_virtual_time
async def test_a_public_repo_needs_no_token_and_a_private_one_does(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    put(harness.hub, record())
    without = HubAccess(harness.hub_of(None), harness.hub_of(None), run_blocking=at_once)
    bench = replace(alone(harness), hub=without)
    with pytest.raises(HubError, match="401"):
        await read_run(bench, ADDRESS)
    harness.core.store.repos["model", RESULTS_REPO].is_private = False
    assert (await read_run(bench, ADDRESS)).run.run_id == "run-01"


@in_virtual_time
async def test_a_run_that_is_not_there_names_those_that_are_as_they_are_typed(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    put(harness.hub, record())
    with pytest.raises(InvalidRequest, match="has no run run-09") as caught:
        await read_run(alone(harness), replace(ADDRESS, run_id="run-09"))
    assert str(caught.value.hint) == f"It has: {RESULTS_REPO}/run-01."


@in_virtual_time
async def test_a_run_whose_deadline_is_long_past_is_over_whatever_its_record_says(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    put(harness.hub, record(), line(1, "step", step=1, losses={"mel": 1.0}))
    bench = alone(harness)
    harness.loop.jump(2 * 3600 + 301)
    run = (await read_run(bench, ADDRESS)).run
    assert (run.state, run.end_reason) == (RunState.ENDED, EndReason.LOST)
    assert run.ended_at == AT + timedelta(seconds=11)


@in_virtual_time
async def test_an_end_that_only_the_record_tells_is_an_end(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    over = record(
        state="ended",
        end_reason="stopped",
        detail="By hand.",
        not_delivered=("a.bin",),
        cost_usd=0.3,
        ended_at=AT + timedelta(minutes=9),
    )
    put(harness.hub, over, line(1, "step", step=1, losses={"mel": 1.0}))
    read = await read_run(alone(harness), ADDRESS)
    assert (read.run.end_reason, read.run.not_delivered, read.run.cost_usd) == (
        EndReason.STOPPED,
        1,
        0.3,
    )
    assert [event.seq for event in read.events] == [1, 2]
    assert read.picture.ended is not None


def with_hostile_numbers() -> bytes:
    told = json.loads(record().to_json())
    told |= {
        "price_per_hour_usd": -5,
        "cost_usd": 1e300,
        "attempt": 10**15,
        "gpu": "\x1b[2J" + "x" * 9000,
    }
    told["settings"] = {"max_hours": float("inf"), "max_cost_usd": "much", "run_id": "../../etc"}
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    "told",
    [
        with_hostile_numbers(),
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        record(run_id="run-77").to_json().encode(),
        record(created_at=datetime(1, 1, 1, tzinfo=UTC), deadline=datetime(9999, 1, 1, tzinfo=UTC))
        .to_json()
        .encode(),
    ],
    ids=["numbers", "empty", "no text", "deep", "of another run", "times"],
)  # fmt: skip
def test_what_strangers_write_is_read_within_bounds(tmp_path: Path, told: bytes) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        put(
            harness.hub,
            told,
            "{" * 50_000,
            '{"event":"step"}',
            "null",
            line(2, "step", step=2, losses={"mel": 0.5}),
            line(1, "step", step=1, losses={"mel": 1.0}),
            line(1, "step", step=9, losses={"mel": 9.0}),
        )
        read = await read_run(alone(harness), ADDRESS)
        run = read.run
        assert [event.seq for event in read.events] == [1, 2]
        assert run.run_id == "run-01"
        assert 1 <= run.attempt <= 10_000
        assert len(run.gpu_name) <= 100
        assert run.gpu_name.isprintable()
        assert run.price_per_hour_usd >= 0
        assert 0 <= run.most_usd < 1e9

    check()


@in_virtual_time
async def test_what_a_repo_says_of_a_pod_is_no_pod_of_the_run(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    put(harness.hub, record())
    run = (await read_run(alone(harness), ADDRESS)).run
    assert (run.pod_id, run.secret_names) == ("", ())
    assert run.shown_pod_id == "stranger-pod"
    assert run.nonce != "abcdefghij"
    assert run.attempt_nonce == "abcdefghij"
    assert len(run.nonce) > 10


@in_virtual_time
async def test_a_file_of_events_that_is_too_long_is_read_at_its_start_and_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.hub.results_repo.FIRST_EVENTS_BYTES", 1_000)
    monkeypatch.setattr("launcher.hub.results_repo.LAST_EVENTS_BYTES", 1_000)
    harness = LauncherHarness(tmp_path)
    steps = [line(seq, "step", step=seq, losses={"mel": 1.0}) for seq in range(1, 60)]
    put(harness.hub, record(), *steps, line(60, "ended", reason="finished"))
    read = await read_run(alone(harness), ADDRESS)
    assert not read.is_whole
    seqs = [event.seq for event in read.events]
    assert seqs == sorted(seqs)
    assert (seqs[0], seqs[-1]) == (1, 60)
    assert len(seqs) < 30
    assert read.run.end_reason is EndReason.FINISHED


def test_a_file_of_line_ends_alone_is_given_up_after_a_bounded_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(told_events, "MOST_LINES", 1_000)
    told = told_events.read_events(b"\n" * 5_000 + line(1, "step", step=1).encode())
    assert told == told_events.ToldEvents((), is_whole=False)


def test_a_run_known_from_its_repo_alone_is_never_among_those_that_may_cost_money(
    tmp_path: Path,
) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        put(harness.hub, record())
        bench = alone(harness)
        run: Run = (await read_run(bench, ADDRESS)).run
        bench.runs.add(run)
        assert bench.runs.live() == []
        assert bench.runs.get("run-01") == run
        assert bench.runs.by_nonce("abcdefghij") is None
        bench.runs.delete(run)
        assert bench.runs.runs() == []

    check()
