"""RunPod's own SDK against the emulator: it was not written for us."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import runpod

from launcher.emulator.runpod import RunPodEmulator, ScriptedRunner, Timing
from tests.emulator.runpod.contract import Contract, Watched
from tests.emulator.runpod.live import until
from tests.kit.clouds import GPU


@pytest.fixture
def cloud(
    tmp_path: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunPodEmulator]:
    watched: list[Watched] = []

    def watch(app: Any) -> Watched:
        watched.append(Watched(app))
        return watched[0]

    timing = Timing(provisioning_seconds=0.1, gone_seconds=0.0)
    with RunPodEmulator(tmp_path, ScriptedRunner(), timing=timing, watch=watch) as cloud:
        monkeypatch.setenv("RUNPOD_API_BASE_URL", cloud.url)
        monkeypatch.setattr(runpod, "api_key", cloud.api_key)
        yield cloud
    for exchange in watched[0].exchanges:
        contract.check(exchange)


def rent(**changes: Any) -> dict[str, Any]:
    """With a disk as large as the cloud rents them; the SDK's own 10 GB are refused."""
    given = {"container_disk_in_gb": 20, **changes}
    pod: dict[str, Any] = runpod.create_pod("sdk", "acme/train:1", GPU, **given)
    return pod


def test_it_rents_lists_stops_starts_and_terminates(cloud: RunPodEmulator) -> None:
    pod = rent(env={"A": 1}, ports="22/tcp,8888/http", min_memory_in_gb=16, docker_args="sleep 9")
    assert (pod["status"], pod["env"], pod["disk"]) == ("PROVISIONING", {"A": "1"}, 20)
    assert [each["id"] for each in runpod.get_pods()] == [pod["id"]]
    until(lambda: runpod.get_pod(pod["id"])["status"] == "RUNNING")
    assert runpod.stop_pod(pod["id"])["status"] == "EXITED"
    assert runpod.resume_pod(pod["id"])["status"] == "PROVISIONING"
    assert runpod.terminate_pod(pod["id"]) is None
    assert runpod.get_pod(pod["id"]) is None
    assert runpod.get_pods() == []


def test_it_reads_the_catalogue_and_the_user(cloud: RunPodEmulator) -> None:
    assert GPU in [gpu["id"] for gpu in runpod.get_gpus()]
    assert runpod.get_gpu(GPU)["availability"] == "HIGH"
    with pytest.raises(ValueError, match="No GPU found"):
        runpod.get_gpu("RTX 4090")
    user = runpod.update_user_settings("ssh-ed25519 AAAA someone")
    assert (user["pubKey"], user["networkVolumes"]) == ("ssh-ed25519 AAAA someone", [])


def test_it_makes_templates_and_registry_credentials(cloud: RunPodEmulator) -> None:
    registry = runpod.create_container_registry_auth("r", "someone", "demo-password")
    template = runpod.create_template(
        "t", "acme/train:1", registry_auth_id=registry["id"], container_disk_in_gb=20
    )
    pod = runpod.create_pod("from-template", template_id=template["id"], gpu_type_id=GPU)
    assert (pod["image"], pod["registry"]) == ("acme/train:1", registry["id"])
    runpod.terminate_pod(pod["id"])
    assert runpod.delete_container_registry_auth(registry["id"])


def test_it_rents_a_cpu_pod(cloud: RunPodEmulator) -> None:
    pod = runpod.create_pod("cpu", "acme/train:1", instance_id="cpu3c-4-8", container_disk_in_gb=20)
    assert pod["cpu"] == {"id": "cpu3c", "vcpuCount": 4, "memory": 8}


def test_it_understands_our_refusals(cloud: RunPodEmulator) -> None:
    with pytest.raises(runpod.error.QueryError, match="no longer any instances available"):
        rent(container_disk_in_gb=10)
    cloud.world.faults.switch_on("no-capacity", times=None)
    with pytest.raises(runpod.error.QueryError, match="no longer any instances available"):
        rent()
    cloud.world.faults.switch_off()
    cloud.world.account.balance_usd = 0.0
    with pytest.raises(runpod.error.QueryError, match="insufficient balance"):
        rent()
    with pytest.raises(runpod.error.AuthenticationError):
        runpod.get_gpus(api_key="demo-key")


def test_it_follows_a_log(cloud: RunPodEmulator) -> None:
    from runpod.apps.logs import stream_pod_logs

    pod = rent()
    until(lambda: runpod.get_pod(pod["id"])["status"] == "RUNNING")

    async def first_two() -> list[str]:
        lines = []
        stream = stream_pod_logs(pod["id"], log_type="system")
        async for line in stream:
            lines.append(line["line"])
            if len(lines) == 2:
                break
        await stream.aclose()
        return lines

    assert asyncio.run(first_two()) == [
        "create container acme/train:1",
        "start container for acme/train:1: begin",
    ]
