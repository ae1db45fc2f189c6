"""What becomes of a pod by itself and by actions, in virtual time."""

from collections.abc import Generator

import pytest

from launcher.emulator.runpod import ScriptedContainer, ScriptedRunner
from tests.emulator.runpod.conftest import Cloud


async def act(cloud: Cloud, pod_id: str, action: str) -> int:
    reply = await cloud.post(f"/v2/pods/{pod_id}/action", json={"action": action})
    return reply.status_code


async def test_a_pod_provisions_pulls_and_runs(cloud: Cloud) -> None:
    pod = await cloud.rent()
    cloud.advance(0.5)
    assert pod.status == "STARTING"
    cloud.advance(0.5)
    assert pod.status == "RUNNING"
    assert pod.log.texts("system") == [
        "create container acme/train:1",
        "start container for acme/train:1: begin",
    ]


@pytest.mark.parametrize("code", [0, 1, 137])
async def test_an_exited_container_is_started_again_whatever_its_code(
    cloud: Cloud, runner: ScriptedRunner, code: int
) -> None:
    def ends_after_a_minute(container: ScriptedContainer) -> Generator[float, None, int | None]:
        container.log("working")
        yield 60.0
        return code

    runner.program = ends_after_a_minute
    pod = await cloud.running()
    cloud.advance(59)
    assert pod.uptime_seconds(cloud.clock.now()) == 59
    cloud.advance(4)
    assert pod.status == "RUNNING"
    assert len(runner.started) == 2
    assert pod.uptime_seconds(cloud.clock.now()) == 1
    assert pod.log.texts("container") == ["working", "working"]


async def test_a_leap_of_the_clock_happens_in_order(cloud: Cloud, runner: ScriptedRunner) -> None:
    def ends_after_a_minute(container: ScriptedContainer) -> Generator[float, None, None]:
        yield 60.0

    runner.program = ends_after_a_minute
    await cloud.running()
    started_at = cloud.clock.now()
    cloud.advance(62 * 10)
    starts = [container.now for container in runner.started[:10]]
    # Each is noticed and restarted at its own moment, not at the end of the leap.
    assert starts == [pytest.approx(started_at + 62 * n + 60) for n in range(10)]


async def test_next_due_lets_a_clock_jump_from_happening_to_happening(cloud: Cloud) -> None:
    pod = await cloud.rent()
    seen = [pod.status]
    while pod.status != "RUNNING":
        due = cloud.world.next_due()
        assert due is not None
        cloud.advance(due - cloud.clock.now())
        seen.append(pod.status)
    assert seen == ["PROVISIONING", "STARTING", "RUNNING"]


async def test_stop_wipes_the_disk_and_start_runs_again(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    pod = await cloud.running()
    assert await act(cloud, pod.id, "stop") == 200
    shown = (await cloud.get(f"/v2/pods/{pod.id}")).json()
    assert (shown["status"], shown["cost"], shown["runtime"]) == ("EXITED", 0.0, None)
    assert await act(cloud, pod.id, "start") == 200
    cloud.advance(1)
    assert pod.status == "RUNNING"
    assert runner.wiped == [pod.id]
    assert len(runner.started) == 2


async def test_restart_resets_the_uptime_and_keeps_the_status(cloud: Cloud) -> None:
    pod = await cloud.running()
    cloud.advance(100)
    assert await act(cloud, pod.id, "restart") == 200
    cloud.advance(3)
    assert pod.status == "RUNNING"
    assert pod.container_starts == 2
    assert pod.uptime_seconds(cloud.clock.now()) <= 1


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("PROVISIONING", "start"),
        ("PROVISIONING", "restart"),
        ("RUNNING", "start"),
        ("EXITED", "stop"),
        ("EXITED", "restart"),
        ("TERMINATED", "start"),
        ("TERMINATED", "terminate"),
    ],
)
async def test_an_action_out_of_place_is_409(cloud: Cloud, status: str, action: str) -> None:
    pod = await cloud.rent() if status == "PROVISIONING" else await cloud.running()
    if status == "EXITED":
        await act(cloud, pod.id, "stop")
    if status == "TERMINATED":
        await act(cloud, pod.id, "terminate")
    assert pod.status == status
    assert await act(cloud, pod.id, action) == 409


async def test_an_unknown_action_is_422(cloud: Cloud) -> None:
    pod = await cloud.running()
    assert await act(cloud, pod.id, "reset") == 422


@pytest.mark.parametrize("way", ["delete", "action"])
async def test_the_end_of_a_pod_is_204_then_404_and_absent_from_the_list(
    cloud: Cloud, runner: ScriptedRunner, way: str
) -> None:
    pod = await cloud.running()
    if way == "delete":
        reply = await cloud.delete(f"/v2/pods/{pod.id}")
        assert (reply.status_code, reply.content) == (204, b"")
    else:
        assert await act(cloud, pod.id, "terminate") == 204
    assert (await cloud.get(f"/v2/pods/{pod.id}")).json()["status"] == "TERMINATED"
    assert (await cloud.get("/v2/pods")).json()["pods"] == []
    assert (await cloud.delete(f"/v2/pods/{pod.id}")).status_code == 404
    cloud.advance(2)
    assert (await cloud.get(f"/v2/pods/{pod.id}")).status_code == 404
    assert runner.removed == [pod.id]
    assert runner.started[0].exit_code(cloud.clock.now()) == 143


async def test_a_dying_pod_has_a_moment_for_the_reply_to_its_own_call(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    pod = await cloud.running()
    await cloud.delete(f"/v2/pods/{pod.id}")
    assert runner.started[0].exit_code(cloud.clock.now()) is None
    cloud.advance(0.3)
    assert runner.started[0].exit_code(cloud.clock.now()) == 143


async def test_a_locked_pod_cannot_be_stopped_until_it_is_unlocked(cloud: Cloud) -> None:
    pod = await cloud.running()
    await cloud.patch(f"/v2/pods/{pod.id}", json={"locked": True})
    assert await act(cloud, pod.id, "stop") == 409
    await cloud.patch(f"/v2/pods/{pod.id}", json={"locked": False})
    assert await act(cloud, pod.id, "stop") == 200


async def test_a_new_name_changes_nothing_else(cloud: Cloud) -> None:
    pod = await cloud.running()
    reply = await cloud.patch(f"/v2/pods/{pod.id}", json={"name": "other"})
    assert reply.json()["name"] == "other"
    cloud.advance(10)
    assert pod.container_starts == 1


async def test_a_new_env_replaces_the_old_whole_and_makes_a_new_container(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    pod = await cloud.running(env={"A": "1", "B": "2"})
    reply = await cloud.patch(f"/v2/pods/{pod.id}", json={"env": {"A": "3"}})
    assert reply.json()["env"] == {"A": "3"}
    cloud.advance(3)
    assert runner.wiped == [pod.id]
    assert runner.started[1].spec.env["A"] == "3"
    assert "B" not in runner.started[1].spec.env


async def test_mounts_keep_their_kind(cloud: Cloud) -> None:
    pod = await cloud.running(mounts={"persistent": {"size": 20, "path": "/workspace"}})
    assert (await cloud.patch(f"/v2/pods/{pod.id}", json={"mounts": {}})).status_code == 400
    grown = {"persistent": {"size": 30, "path": "/workspace"}}
    reply = await cloud.patch(f"/v2/pods/{pod.id}", json={"mounts": grown})
    assert reply.json()["mounts"] == grown
    empty = await cloud.patch(f"/v2/pods/{pod.id}", json={"mounts": {"network": []}})
    assert empty.status_code == 400


async def test_a_private_image_without_credentials_never_starts_and_bills(cloud: Cloud) -> None:
    cloud.world.images.private.add("acme/*")
    pod = await cloud.rent()
    cloud.advance(3600)
    assert pod.status == "STARTING"
    assert "pull access denied" in pod.log.texts("system")[-1]
    assert cloud.world.account.balance_usd < 25.0 - 0.69


async def test_a_private_image_with_credentials_starts(cloud: Cloud) -> None:
    cloud.world.images.private.add("acme/*")
    login = {"name": "r", "username": "u", "password": "demo-password"}
    registry = (await cloud.post("/v2/registries", json=login)).json()["id"]
    await cloud.running(registry=registry)


async def test_an_absent_image_never_starts(cloud: Cloud) -> None:
    cloud.world.images.absent.add("acme/*")
    pod = await cloud.rent()
    cloud.advance(60)
    assert pod.status == "STARTING"
    assert "manifest unknown" in pod.log.texts("system")[-1]


async def test_a_clock_set_back_breaks_nothing(cloud: Cloud) -> None:
    pod = await cloud.running()
    balance = cloud.world.account.balance_usd
    cloud.advance(-500)
    assert pod.status == "RUNNING"
    assert cloud.world.account.balance_usd == balance
    assert (await cloud.get(f"/v2/pods/{pod.id}")).json()["runtime"]["uptime"] == 0
