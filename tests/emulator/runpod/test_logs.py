"""The log stream: what comes, from where, and how it is taken up again."""

import json
from collections.abc import Generator

import httpx
import pytest

from launcher.emulator.runpod import ScriptedContainer, ScriptedRunner
from launcher.emulator.runpod.clock import parse_rfc3339_nanos
from tests.emulator.runpod.conftest import Cloud


def talks(container: ScriptedContainer) -> Generator[float, None, None]:
    for number in range(10_000):
        container.log(f"line {number}")
        yield 1.0


def events(reply: httpx.Response) -> list[tuple[str, dict[str, str]]]:
    """(id, data) of each event."""
    assert reply.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in reply.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((lines["id"], json.loads(lines["data"])))
    return found


def lines(reply: httpx.Response) -> list[str]:
    return [data["line"] for _, data in events(reply)]


async def test_a_log_has_lines_of_the_container_and_of_the_system(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    runner.program = talks
    pod = await cloud.running()
    reply = await cloud.get(f"/v2/pods/{pod.id}/logs")
    assert [data["source"] for _, data in events(reply)] == ["system", "system", "container"]
    assert lines(await cloud.get(f"/v2/pods/{pod.id}/logs?source=container")) == ["line 0"]
    assert reply.headers["cache-control"] == "no-cache"


async def test_the_tail_is_100_lines_unless_said_otherwise(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    runner.program = talks
    pod = await cloud.running()
    cloud.advance(200)
    path = f"/v2/pods/{pod.id}/logs?source=container"
    assert lines(await cloud.get(path))[0] == "line 101"
    assert lines(await cloud.get(f"{path}&tail=2")) == ["line 199", "line 200"]
    assert lines(await cloud.get(f"{path}&tail=0")) == []
    assert (await cloud.get(f"{path}&tail=5001")).status_code == 422


async def test_a_log_goes_back_5000_lines(cloud: Cloud, runner: ScriptedRunner) -> None:
    runner.program = talks
    pod = await cloud.running()
    cloud.advance(6_000)
    reply = await cloud.get(f"/v2/pods/{pod.id}/logs?source=container&since=2026-11-22T10:00:00Z")
    assert len(lines(reply)) == 5_000


@pytest.mark.parametrize("style", ["time", "time/serial"])
async def test_an_id_echoed_unchanged_continues_where_it_stopped(
    cloud: Cloud, runner: ScriptedRunner, style: str
) -> None:
    runner.program = talks
    cloud.world.log_ids = style
    pod = await cloud.running()
    cloud.advance(5)
    path = f"/v2/pods/{pod.id}/logs"
    seen = events(await cloud.get(path))
    half = seen[len(seen) // 2][0]
    assert ("/" in half) == (style == "time/serial")
    rest = events(await cloud.get(path, headers={"Last-Event-ID": half}))
    assert rest == seen[len(seen) // 2 + 1 :]


async def test_the_id_wins_over_since_and_since_over_tail(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    runner.program = talks
    pod = await cloud.running()
    cloud.advance(9)
    path = f"/v2/pods/{pod.id}/logs?source=container"
    moment, data = events(await cloud.get(path))[6][0], "line 6"
    since = moment.partition("/")[0]
    assert lines(await cloud.get(f"{path}&tail=1&since={since}"))[0] == data
    last = {"Last-Event-ID": moment}
    both = await cloud.get(f"{path}&since=2026-11-22T10:00:00Z", headers=last)
    assert lines(both)[0] == "line 7"


@pytest.mark.parametrize("value", ["yesterday", "2026-11-22", "x/1"])
async def test_what_was_never_an_id_is_422(cloud: Cloud, value: str) -> None:
    pod = await cloud.running()
    headers = {"Last-Event-ID": value}
    assert (await cloud.get(f"/v2/pods/{pod.id}/logs", headers=headers)).status_code == 422


async def test_an_open_stream_carries_new_lines_and_heartbeats(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    def speaks_once_late(container: ScriptedContainer) -> Generator[float, None, None]:
        yield 40.0
        container.log("late")
        yield 1e9

    runner.program = speaks_once_late
    cloud.world.stream_seconds = 60.0
    pod = await cloud.running()
    reply = await cloud.get(f"/v2/pods/{pod.id}/logs?source=container")
    assert lines(reply) == ["late"]
    before, after = reply.text.split("id: ")
    assert before.count(": heartbeat") == 2
    assert after.count(": heartbeat") == 1


async def test_the_stream_of_an_ended_pod_ends(cloud: Cloud, runner: ScriptedRunner) -> None:
    runner.program = talks
    cloud.world.stream_seconds = None
    pod = await cloud.running()
    await cloud.delete(f"/v2/pods/{pod.id}")
    reply = await cloud.get(f"/v2/pods/{pod.id}/logs")
    assert lines(reply)[-1] == "remove container"


async def test_lines_of_a_removed_container_vanish_and_those_of_the_system_stay(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    runner.program = talks
    pod = await cloud.running()
    await cloud.post(f"/v2/pods/{pod.id}/action", json={"action": "stop"})
    found = events(await cloud.get(f"/v2/pods/{pod.id}/logs"))
    assert {data["source"] for _, data in found} == {"system"}


async def test_times_have_nine_digits(cloud: Cloud) -> None:
    pod = await cloud.running()
    _, data = events(await cloud.get(f"/v2/pods/{pod.id}/logs"))[0]
    assert len(data["ts"]) == len("2026-11-22T10:00:00.123456789Z")
    assert parse_rfc3339_nanos(data["ts"]) == 1_795_341_600_400_000_000


async def test_an_unknown_pod_has_no_log(cloud: Cloud) -> None:
    assert (await cloud.get("/v2/pods/nothing/logs")).status_code == 404
