"""Each fault does what its sentence says, as often as it was asked to."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from launcher.emulator.runpod import FAULTS, RunPodWorld, ScriptedContainer, ScriptedRunner
from launcher.emulator.runpod.faults import DEMO
from launcher.emulator.runpod.problems import NO_CAPACITY
from tests.emulator.runpod.conftest import Cloud
from tests.kit.clouds import GPU, pod_body


async def create(cloud: Cloud, /, **changes: Any) -> httpx.Response:
    return await cloud.post("/v2/pods", json=pod_body(**changes))


async def listed(cloud: Cloud) -> list[str]:
    return [pod["id"] for pod in (await cloud.get("/v2/pods")).json()["pods"]]


def test_every_fault_has_a_sentence_and_a_test() -> None:
    tests = Path(__file__).read_text()
    assert all(sentence.endswith(".") for sentence in FAULTS.values())
    assert [name for name in FAULTS if f'"{name}"' not in tests] == []


def test_an_unknown_fault_is_an_error_that_names_those_there_are(world: RunPodWorld) -> None:
    with pytest.raises(KeyError, match="no such fault: flood; there are create-500-but-rents"):
        world.faults.switch_on("flood")


async def test_a_fault_strikes_as_often_as_asked_and_is_counted(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("server-errors", times=2)
    statuses = [(await cloud.get("/v2/pods")).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert cloud.world.faults.struck == {"server-errors": 2}


async def test_a_fault_that_changed_nothing_has_not_struck(cloud: Cloud) -> None:
    faults = cloud.world.faults
    for name in ("list-empty", "list-lag", "log-stream-cuts", "no-capacity", "clock-skew"):
        faults.switch_on(name)
    assert (await cloud.get("/v2/pods")).json()["pods"] == []
    assert faults.struck == {}
    assert (await cloud.post("/v2/pods", json=pod_body())).status_code != 201
    assert faults.struck == {"no-capacity": 1}
    faults.switch_off("no-capacity", "list-empty")
    await cloud.rent()
    assert (await cloud.get("/v2/pods")).json()["pods"] == []
    assert faults.struck["list-lag"] == 1
    assert faults.struck["clock-skew"] >= 1


async def test_a_fault_without_a_number_strikes_until_it_is_switched_off(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("server-errors")
    for _ in range(5):
        assert (await cloud.get("/v2/pods")).status_code == 503
    assert list(cloud.world.faults.on) == ["server-errors"]
    cloud.world.faults.switch_off()
    assert (await cloud.get("/v2/pods")).status_code == 200


async def test_a_fault_of_every_call_may_be_limited_to_some(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("server-errors", path="/v2/pods", method="POST", status=500)
    assert (await cloud.get("/v2/pods")).status_code == 200
    assert (await cloud.get("/v2/catalog/gpus")).status_code == 200
    assert (await create(cloud)).status_code == 500


@pytest.mark.parametrize(
    ("name", "rents"), [("create-500-but-rents", True), ("create-503-rents-nothing", False)]
)
async def test_a_failed_create_may_or_may_not_have_rented(
    cloud: Cloud, name: str, rents: bool
) -> None:
    cloud.world.faults.switch_on(name, times=1)
    assert (await create(cloud, name="mine")).status_code == int(name.split("-")[1])
    assert [pod.name for pod in cloud.world.live_pods()] == (["mine"] if rents else [])
    assert (await create(cloud)).status_code == 201


@pytest.mark.parametrize(
    ("name", "error", "rents"),
    [
        ("create-dropped-but-rents", httpx.RemoteProtocolError, True),
        ("create-timeout-but-rents", httpx.ReadTimeout, True),
        ("create-dropped-rents-nothing", httpx.RemoteProtocolError, False),
    ],
)
async def test_a_create_without_a_reply_may_or_may_not_have_rented(
    cloud: Cloud, name: str, error: type[Exception], rents: bool
) -> None:
    cloud.world.faults.switch_on(name, times=1)
    with pytest.raises(error):
        await create(cloud)
    assert len(cloud.world.live_pods()) == int(rents)
    assert cloud.world.requests[-1].status == 0


async def test_a_lagging_list_hides_the_new_and_shows_the_gone(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("list-lag", seconds=20)
    pod = await cloud.rent()
    assert await listed(cloud) == []
    cloud.advance(20)
    assert await listed(cloud) == [pod.id]
    await cloud.delete(f"/v2/pods/{pod.id}")
    cloud.advance(10)
    assert await listed(cloud) == [pod.id]
    cloud.advance(10)
    assert await listed(cloud) == []


async def test_an_empty_list_is_no_proof(cloud: Cloud) -> None:
    pod = await cloud.rent()
    cloud.world.faults.switch_on("list-empty", times=1)
    assert await listed(cloud) == []
    assert await listed(cloud) == [pod.id]


async def test_a_stuck_pod_stays_provisioning_and_bills(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("stuck-provisioning", times=1)
    pod = await cloud.rent()
    cloud.advance(3600)
    assert pod.status == "PROVISIONING"
    assert cloud.world.account.balance_usd < 25.0 - 0.69
    assert (await cloud.delete(f"/v2/pods/{pod.id}")).status_code == 204


async def test_a_pod_may_end_in_error_and_be_started_again(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("pod-error", times=1)
    pod = await cloud.rent()
    cloud.advance(1)
    shown = (await cloud.get(f"/v2/pods/{pod.id}")).json()
    assert (shown["status"], shown["actions"]) == ("ERROR", ["start", "terminate"])
    await cloud.post(f"/v2/pods/{pod.id}/action", json={"action": "start"})
    cloud.advance(1)
    assert pod.status == "RUNNING"


async def test_a_host_with_an_old_driver_says_so_again_and_again_and_the_pod_is_called_running(
    cloud: Cloud,
) -> None:
    cloud.world.faults.switch_on("no-container", times=1)
    pod = await cloud.rent()
    cloud.advance(10)
    shown = (await cloud.get(f"/v2/pods/{pod.id}")).json()
    assert (shown["status"], shown["runtime"], pod.container) == ("RUNNING", None, None)
    said = [text for text in pod.log.texts("system") if "please update your driver" in text]
    assert len(said) > 1
    await cloud.delete(f"/v2/pods/{pod.id}")
    cloud.advance(10)
    assert cloud.world.live_pods() == []


async def test_a_host_may_start_no_container_without_a_word(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("no-container", times=1, silent=True)
    pod = await cloud.rent()
    cloud.advance(10)
    assert pod.status == "RUNNING"
    assert pod.log.texts() == ["create container acme/train:1"]


async def test_a_slow_pull_delays_the_start(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("slow-image-pull", times=1, seconds=300)
    pod = await cloud.rent()
    cloud.advance(300)
    assert pod.status == "STARTING"
    cloud.advance(1)
    assert pod.status == "RUNNING"


async def test_a_storm_of_429_names_its_window_and_wait(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("rate-limited", times=1, seconds=7, window="hour")
    reply = await cloud.get("/v2/pods")
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "7")
    assert reply.json()["detail"] == "rate limit exceeded for the hour window"


async def test_the_proxy_may_answer_with_a_page(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("html-error-page", times=1, status=520)
    reply = await cloud.get("/v2/pods")
    assert (reply.status_code, reply.headers["content-type"]) == (520, "text/html; charset=utf-8")


async def test_a_late_reply_comes_after_the_work(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("slow-replies", times=1, seconds=30)
    before = cloud.clock.now()
    assert (await create(cloud)).status_code == 201
    assert cloud.clock.now() - before == 30


async def test_a_dropped_reply_comes_never_though_the_work_is_done(cloud: Cloud) -> None:
    pod = await cloud.running()
    cloud.world.faults.switch_on("dropped-replies", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await cloud.delete(f"/v2/pods/{pod.id}")
    assert not pod.is_live


async def test_a_dying_host_takes_the_pod_along_without_a_word(
    cloud: Cloud, runner: ScriptedRunner
) -> None:
    def says_goodbye(container: ScriptedContainer) -> Generator[float, None, None]:
        try:
            yield 1e9
        finally:
            container.log("goodbye")

    runner.program = says_goodbye
    pod = await cloud.running()
    cloud.world.faults.switch_on("pod-vanishes", times=1)
    assert (await cloud.get(f"/v2/pods/{pod.id}")).status_code == 404
    assert await listed(cloud) == []
    assert runner.started[0].exit_code(cloud.clock.now()) == 137
    assert pod.log.texts("container") == []


async def test_a_host_may_die_later(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("pod-vanishes", times=1, seconds=60)
    pod = await cloud.running()
    cloud.advance(58)
    assert pod.is_live
    cloud.advance(2)
    assert not pod.is_live


@pytest.mark.parametrize("way", ["delete", "action"])
async def test_an_end_may_fail_or_be_ignored(cloud: Cloud, way: str) -> None:
    pod = await cloud.running()

    async def end() -> int:
        if way == "delete":
            return (await cloud.delete(f"/v2/pods/{pod.id}")).status_code
        body = {"action": "terminate"}
        return (await cloud.post(f"/v2/pods/{pod.id}/action", json=body)).status_code

    cloud.world.faults.switch_on("delete-500", times=2)
    assert [await end(), await end()] == [500, 500]
    cloud.world.faults.switch_on("delete-ignored", times=1)
    assert await end() == 204
    cloud.world.faults.switch_on("delete-404", times=1)
    assert await end() == 404
    cloud.advance(60)
    assert pod.status == "RUNNING"
    assert await end() == 204
    assert not pod.is_live


async def test_a_log_stream_may_break_off(cloud: Cloud, runner: ScriptedRunner) -> None:
    def talks(container: ScriptedContainer) -> Generator[float, None, None]:
        for number in range(10):
            container.log(f"line {number}")
            yield 1.0
        yield 1e9

    runner.program = talks
    pod = await cloud.running()
    cloud.advance(10)
    cloud.world.faults.switch_on("log-stream-cuts", times=1, lines=3)
    with pytest.raises(httpx.RemoteProtocolError):
        await cloud.get(f"/v2/pods/{pod.id}/logs")
    seen = cloud.app.exchanges[-1]
    assert seen.reply.count(b"data: ") == 3
    assert not seen.is_whole
    assert (await cloud.get(f"/v2/pods/{pod.id}/logs")).text.count("data: ") == 12


async def test_the_log_service_may_be_down(cloud: Cloud) -> None:
    pod = await cloud.running()
    cloud.world.faults.switch_on("logs-unavailable", times=1)
    assert (await cloud.get(f"/v2/pods/{pod.id}/logs")).status_code == 503


async def test_there_may_be_nothing_anywhere(cloud: Cloud) -> None:
    pod = await cloud.running()
    await cloud.post(f"/v2/pods/{pod.id}/action", json={"action": "stop"})
    cloud.world.faults.switch_on("no-capacity")
    assert (await create(cloud)).json()["detail"] == NO_CAPACITY
    start = {"action": "start"}
    reply = await cloud.post(f"/v2/pods/{pod.id}/action", json=start)
    assert reply.json()["detail"] == NO_CAPACITY
    query = "include=AVAILABILITY&product=POD"
    gpus = (await cloud.get(f"/v2/catalog/gpus?{query}")).json()["gpus"]
    assert {gpu["availability"] for gpu in gpus} == {"NONE"}


@pytest.mark.parametrize(
    ("limits", "works"),
    [
        ({"gpu": GPU}, {"gpu": {"id": "NVIDIA L4", "count": 1}}),
        ({"data_center": "EU-RO-1"}, {"dataCenterIds": ["EU-RO-1", "EU-SE-1"]}),
        ({"cloud": "SECURE"}, {"cloud": "COMMUNITY"}),
    ],
)
async def test_a_shortage_may_be_of_one_kind_alone(
    cloud: Cloud, limits: dict[str, Any], works: dict[str, Any]
) -> None:
    cloud.world.faults.switch_on("no-capacity", **limits)
    refused = await create(cloud, dataCenterIds=["EU-RO-1"])
    assert refused.json()["detail"] == NO_CAPACITY
    assert (await create(cloud, **works)).status_code == 201


async def test_the_balance_may_be_said_to_be_too_low(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("insufficient-balance", times=1)
    assert (await create(cloud)).status_code == 402
    assert (await create(cloud)).status_code == 201


async def test_a_pod_may_be_dearer_than_the_catalogue_says(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("dearer-than-listed", times=1, factor=2.0)
    costs = [(await create(cloud)).json()["cost"] for _ in range(2)]
    assert costs == pytest.approx([1.38, 0.69])


async def test_exec_may_be_refused(cloud: Cloud) -> None:
    pod = await cloud.running()
    cloud.world.faults.switch_on("exec-refused")
    reply = await cloud.post(f"/v2/pods/{pod.id}/exec", json={"command": ["true"]})
    assert reply.status_code == 403


async def test_secrets_may_be_refused(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("secrets-refused")
    body = {"name": "hub", "value": "demo-secret"}
    assert (await cloud.post("/v2/account/secrets", json=body)).status_code == 403
    assert (await cloud.get("/v2/account/secrets")).status_code == 403


async def test_a_container_may_never_get_far(cloud: Cloud, runner: ScriptedRunner) -> None:
    cloud.world.faults.switch_on("container-restart-loop", times=3, seconds=5)
    pod = await cloud.running()
    cloud.advance(100)
    assert pod.status == "RUNNING"
    assert len(runner.started) == 4
    assert [c.exit_code(cloud.clock.now()) for c in runner.started] == [137, 137, 137, None]


async def test_a_restart_may_wipe_the_disk(cloud: Cloud, runner: ScriptedRunner) -> None:
    pod = await cloud.running()
    cloud.world.faults.switch_on("restart-wipes-disk", times=1)
    await cloud.post(f"/v2/pods/{pod.id}/action", json={"action": "restart"})
    cloud.advance(3)
    assert runner.wiped == [pod.id]


async def test_the_servers_clock_may_differ(cloud: Cloud) -> None:
    cloud.world.faults.switch_on("clock-skew", seconds=-3600)
    pod = await cloud.running()
    shown = (await cloud.get(f"/v2/pods/{pod.id}")).json()
    assert shown["createdAt"] == "2026-11-22T09:00:00.000Z"
    assert shown["startedAt"] == "2026-11-22T09:00:01.000Z"
    assert pod.log.lines()[0].wire()["ts"].startswith("2026-11-22T09:00:00.4")


async def test_a_pods_key_may_be_refused_everywhere(cloud: Cloud) -> None:
    pod = await cloud.running()
    cloud.world.faults.switch_on("pod-key-refused")
    path = f"/v2/pods/{pod.id}"
    assert (await cloud.get(path, key=pod.key.value)).status_code == 403
    assert (await cloud.delete(path, key=pod.key.value)).status_code == 403
    assert (await cloud.get(path)).status_code == 200


def test_a_demo_strikes_a_number_of_times_where_for_ever_would_show_nothing(
    world: RunPodWorld,
) -> None:
    assert set(DEMO) <= set(FAULTS)
    for name in FAULTS:
        world.faults.switch_on_for_demo(name)
    assert set(world.faults.on) == set(FAULTS)
    assert world.faults.on["delete-500"].times == 3
    assert world.faults.on["exec-refused"].times is None


async def test_a_members_own_key_may_not_delete_its_cluster_unless_it_is_said_to(
    cloud: Cloud,
) -> None:
    compute = {"gpuTypeId": GPU, "gpuCountPerPod": 1, "podCount": 2}
    body = {"name": "c", "type": "TRAINING", "image": "acme/train:1", "compute": compute}
    made, other = [(await cloud.post("/v2/clusters", json=body)).json()["id"] for _ in range(2)]
    member = next(
        pod
        for pod in cloud.world.live_pods()
        if pod.membership and pod.membership.cluster_id == made
    )
    key = {"Authorization": f"Bearer {member.key.value}"}
    assert (await cloud.delete(f"/v2/clusters/{made}", headers=key)).status_code == 403
    cloud.world.faults.switch_on("members-delete-cluster")
    assert (await cloud.delete(f"/v2/clusters/{other}", headers=key)).status_code == 403
    assert (await cloud.delete(f"/v2/clusters/{made}", headers=key)).status_code == 204
    assert list(cloud.world.clusters) == [other]


@pytest.mark.parametrize(("is_first", "shown"), [(False, [0]), (True, [1, 2])])
async def test_one_half_of_a_cluster_may_be_placed_late(
    cloud: Cloud, is_first: bool, shown: list[int]
) -> None:
    cloud.world.faults.switch_on("cluster-pods-late", seconds=30, first=is_first)
    compute = {"gpuTypeId": GPU, "gpuCountPerPod": 1, "podCount": 3}
    body = {"name": "c", "type": "TRAINING", "image": "acme/train:1", "compute": compute}
    made = (await cloud.post("/v2/clusters", json=body)).json()

    async def listed(path: str) -> list[int]:
        answer = await cloud.get(path)
        return sorted(pod["cluster"]["rank"] for pod in answer.json()["pods"])

    lists = ("/v2/pods?includeClusterPods=true", f"/v2/clusters/{made['id']}/pods")
    assert made["pods"]["total"] == len(shown)
    assert [await listed(path) for path in lists] == [shown, shown]
    cloud.clock.advance(31)
    assert [await listed(path) for path in lists] == [[0, 1, 2]] * 2
    late = (await cloud.post("/v2/clusters", json=body)).json()["id"]
    assert (await cloud.delete(f"/v2/clusters/{late}")).status_code == 204
    assert len(cloud.world.live_pods()) == 3


@pytest.mark.parametrize(("fault", "status"), [("delete-404", 404), ("delete-ignored", 204)])
async def test_a_cluster_may_live_on_after_a_delete(cloud: Cloud, fault: str, status: int) -> None:
    compute = {"gpuTypeId": GPU, "gpuCountPerPod": 1, "podCount": 2}
    body = {"name": "c", "type": "TRAINING", "image": "acme/train:1", "compute": compute}
    made = (await cloud.post("/v2/clusters", json=body)).json()["id"]
    cloud.world.faults.switch_on(fault, times=1)
    assert (await cloud.delete(f"/v2/clusters/{made}")).status_code == status
    assert len(cloud.world.live_pods()) == 2
    assert (await cloud.delete(f"/v2/clusters/{made}")).status_code == 204
