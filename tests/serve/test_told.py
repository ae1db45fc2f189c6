"""Events, log and samples: each once, from where a client left off, from wherever they can still be had."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

from launcher.domain.run import RunState
from launcher.services.common.observations import EventSeen, LogSeen
from launcher.services.launching.launch import launch
from launcher.services.live.journal import Journal
from pod_image.contract.events import from_line
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import RESULTS_REPO
from tests.kit.plans import plan
from tests.kit.repo_runs import AT, line, put, record
from tests.kit.runs import run
from tests.kit.virtual_time import in_patient_time
from tests.serve.harness import Served, items, served


async def first(site: Served, path: str, count: int, **headers: str) -> list[tuple[str, str, Any]]:
    """So many items of a stream that is then left."""
    found = []
    async with (
        site.client.stream("GET", f"/api/v1{path}", headers=headers) as answer,
        aclosing(items(answer)) as shown,
    ):
        async for item in shown:
            found.append(item)
            if len(found) == count:
                break
    return found


@in_patient_time
async def test_a_stream_that_was_cut_off_goes_on_after_the_last_item(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        run = await site.deployed()
        path = f"/runs/{run}/events/stream"
        before = await first(site, path, 4)
        after = await first(site, path, 100, **{"last-event-id": before[-1][0]})
        seqs = [int(id) for id, kind, _ in (*before, *after) if kind != "over"]
        assert seqs == list(range(1, len(seqs) + 1))
        assert after[-1][1:] == ("over", {"state": "ended", "end_reason": "finished"})
        late = await first(site, f"{path}?after={seqs[-1]}", 5)
        assert [kind for _, kind, _ in late] == ["over"]
        assert site.ground.streams.take(site.ground.token.id)


@in_patient_time
async def test_events_come_in_pages_after_a_number(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        run = await site.deployed()
        await site.until(run, "ended")
        seen: list[int] = []
        page: dict[str, Any] = {"last_seq": 0, "is_over": False}
        while not page["is_over"]:
            page = await site.get(
                f"/runs/{run}/events", params={"after": page["last_seq"], "limit": 3}
            )
            assert len(page["events"]) <= 3
            seen += [each["seq"] for each in page["events"]]
        assert seen == list(range(1, len(seen) + 1))
        assert len(seen) > 9
        assert (await site.get(f"/runs/{run}/events?after=999"))["events"] == []


@in_patient_time
async def test_a_quiet_stream_says_that_it_lives(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        site.harness.script.ends_after = 300.0
        run = await site.deployed()
        await site.until(run, "running")
        lines = []
        async with site.client.stream("GET", f"/api/v1/runs/{run}/events/stream") as answer:
            async for line in answer.aiter_lines():
                lines.append(line)
                if line == ": still here":
                    break
        assert lines[0] == "retry: 3000"


@in_patient_time
async def test_the_log_has_what_was_printed_and_streams_by_numbers_of_this_process(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as site:
        run = await site.deployed()
        path = f"/runs/{run}/log/stream"
        before = await first(site, path, 2)
        rest = await first(site, path, 100, **{"last-event-id": before[-1][0]})
        lines = [data["text"] for _, kind, data in (*before, *rest) if kind == "line"]
        assert [line for line in lines if line.startswith("printed")] == [
            f"printed at step {step}" for step in (1, 2, 3)
        ]
        other = await first(site, path, 100, **{"last-event-id": "another-5"})
        assert [data["text"] for _, kind, data in other if kind == "line"] == lines
        text = (await site.client.get(f"/api/v1/runs/{run}/log?tail=2")).text
        assert text.splitlines() == lines[-2:]


@in_patient_time
async def test_a_run_that_ended_unseen_is_read_from_its_results_repo(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        run = await site.deployed()
        await site.until(run, "ended")
        known = site.ground.run(run)
        told = (await site.get(f"/runs/{run}/events"))["events"]
        Journal(site.ground.config.data_folder / "events").remove(known)
    async with served(tmp_path) as again:
        again.harness.bench.runs.put(known)
        events = (await again.get(f"/runs/{run}/events"))["events"]
        delivered = [each["seq"] for each in events]
        assert delivered == [each["seq"] for each in told][: len(delivered)]
        assert events[-1]["event"] == "ended"
        found = await again.get(f"/runs/{run}")
        assert found["step"] == 3
        assert (await again.get(f"/runs/{run}/samples"))["samples"]


@in_patient_time
async def test_an_attempt_that_was_lost_is_not_told_by_the_one_that_came_after(
    tmp_path: Path,
) -> None:
    lost = run(
        results_repo=RESULTS_REPO,
        state=RunState.ENDED,
        end_reason=EndReason.LOST,
        created_at=AT,
    )
    async with served(tmp_path) as site:
        site.harness.bench.runs.add(lost)
        later = record(attempt=2, nonce="klmnopqrst")
        put(site.harness.hub, later, line(1, "phase", phase="train"), line(2, "step", step=7))
        assert (await site.get(f"/runs/{lost.nonce}/events"))["events"] == []
        assert (await site.get(f"/runs/{lost.nonce}"))["step"] is None


@in_patient_time
async def test_many_clients_of_a_run_cost_no_more_calls_than_one(tmp_path: Path) -> None:
    async def calls(folder: Path, clients: int) -> int:
        async with served(folder) as site:
            run = await site.deployed()
            path = f"/runs/{run}/events/stream"
            told = await asyncio.gather(*(first(site, path, 100) for _ in range(clients)))
            assert all(each == told[0] for each in told)
            return len(site.harness.world.requests)

    assert await calls(tmp_path / "one", 1) == await calls(tmp_path / "many", 8)


@in_patient_time
async def test_a_launch_elsewhere_on_this_computer_is_followed_here_too(tmp_path: Path) -> None:
    async with served(tmp_path) as site:
        run = await launch(site.harness.bench, plan(), site.harness.keys)
        found = await first(site, f"/runs/{run.nonce}/events/stream", 100)
        assert found[-1][1] == "over"


@in_patient_time
async def test_numbers_that_are_none_and_words_for_terminals_come_out_as_harmless_json(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as site:
        run = await site.deployed()
        await site.until(run, "running")
        known = site.ground.run(run)
        line = (
            '{"event": "step", "at": "2027-01-01T00:00:00Z", "run_id": "run-01", "seq": 90, '
            '"step": 7, "losses": {"mel": NaN}, "steps_per_second": Infinity}'
        )
        event = from_line(line)
        assert event is not None
        site.ground.live.feed(known, EventSeen(event))
        site.ground.live.feed(known, LogSeen("container", "\x1b[2Jgone\x07", None))
        detail = await site.get(f"/runs/{run}")
        assert (detail["step"], detail["losses"], detail["steps_per_second"]) == (7, {}, None)
        page = await site.client.get(f"/api/v1/runs/{run}/events?after=89")
        assert "NaN" not in page.text
        assert "Infinity" not in page.text
        assert "\x1b" not in (await site.client.get(f"/api/v1/runs/{run}/log")).text
