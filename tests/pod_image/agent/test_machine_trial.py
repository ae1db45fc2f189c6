"""The first minute on a machine: what it says of GPU, disk and network, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pod_image.agent import machine_trial
from pod_image.agent.gpu_trial import examine
from pod_image.agent.machine_trial import (
    Expected,
    check_disk,
    check_gpus,
    check_network,
    judge_products,
    try_machine,
)
from pod_image.agent.places.base import PodReading
from pod_image.agent.places.runpod import RunPodPod
from pod_image.agent.ports import HubTrouble, RunHub
from tests.kit.clouds import CLIPS_REPO, HUB_URL, READ_TOKEN, RESULTS_REPO, WRITE_TOKEN
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, put_clips, training

UUID = "GPU-0a1b2c3d-0000-1111-2222-333344445555"
DRIVER = f"{UUID}, NVIDIA GeForce RTX 4090, 570.1, 24564 MiB"


def device(**changes: Any) -> dict[str, Any]:
    return {"name": "RTX 4090", "kind": "cuda", "is_right": True, "tflops": 55.0, **changes}


class Answers:
    """Programs that answer what they are told to."""

    def __init__(self, driver: str | None, products: str | None) -> None:
        self._driver, self._products = driver, products

    async def answer(self, argv: Sequence[str], timeout_seconds: float) -> str | None:
        return self._driver if argv[0] == "nvidia-smi" else self._products


async def gpus(driver: str | None, products: object, expected: int = 1) -> Any:
    text = products if isinstance(products, str | None) else json.dumps(products)
    return await check_gpus(Answers(driver, text), Expected(expected))  # type: ignore[arg-type]  # the part that is looked at alone


async def test_a_gpu_that_multiplies_right_and_fast_works() -> None:
    check = await gpus(DRIVER, {"has_torch": True, "devices": [device()]})
    assert check.works
    assert "55 TFLOP/s" in check.detail
    assert "570.1" in check.detail


async def test_the_verdict_tells_this_machine_from_others_by_its_gpus() -> None:
    slow = {"has_torch": True, "devices": [device(tflops=0.1), device()]}
    other = DRIVER.replace("GPU-0", "GPU-f")
    check = await gpus(f"{DRIVER}\n{other}", slow, expected=2)
    assert check.ids == (UUID, UUID.replace("GPU-0", "GPU-f"))
    assert UUID not in check.detail
    assert (await gpus("[N/A], NVIDIA A2, 570.1, 15356 MiB", slow, expected=2)).ids == ()
    assert (await gpus(None, slow)).ids == ()


@pytest.mark.parametrize(
    ("driver", "devices", "said"),
    [
        (None, [], "the driver is silent"),
        (DRIVER, [device(kind="cpu")], "CUDA shows 0 of 1"),
        (DRIVER, [device(is_right=False)], "gave a wrong result"),
        (DRIVER, [device(tflops=0.3)], "0.30 TFLOP/s"),
    ],
)
async def test_a_gpu_that_is_not_what_was_rented_fails(
    driver: str | None, devices: list[dict[str, Any]], said: str
) -> None:
    check = await gpus(driver, {"has_torch": True, "devices": devices})
    assert not check.works
    assert said in check.detail
    assert check.is_about_machine


async def test_each_of_several_gpus_is_counted_and_tried() -> None:
    two = {"has_torch": True, "devices": [device(), device(tflops=0.1)]}
    assert "1 of 2" in (await gpus(DRIVER, two, expected=2)).detail
    assert not (await gpus(f"{DRIVER}\n{DRIVER}", two, expected=2)).works


@pytest.mark.parametrize("products", [None, "", "Killed", "[1]"])
async def test_a_test_that_hangs_or_dies_fails(products: str | None) -> None:
    assert not (await gpus(DRIVER, products)).works


async def test_where_no_gpu_is_rented_none_is_tried() -> None:
    check = await gpus(None, None, expected=0)
    assert check.works
    assert check.detail == "no GPU is rented here"


async def test_an_image_without_torch_is_judged_by_its_driver() -> None:
    check = await gpus(DRIVER, {"has_torch": False, "devices": []})
    assert check.works
    assert "no torch" in check.detail


def test_a_wrong_product_counts_on_the_processor_too() -> None:
    check = judge_products([device(kind="cpu", is_right=False)], [], Expected(0))
    assert not check.works


def test_the_test_program_multiplies_exactly_on_this_machine() -> None:
    pytest.importorskip("torch")
    found = examine()
    assert found["has_torch"]
    assert all(each["is_right"] and each["tflops"] > 0 for each in found["devices"])


def test_a_cloud_on_this_computer_rents_out_no_gpu() -> None:
    reading = PodReading(None, None, None, "RTX 4090", 2)
    rented = RunPodPod("https://api.runpod.io", "pod", lambda: None, key="demo-key")  # type: ignore[arg-type, return-value]  # the part that is looked at alone
    here = RunPodPod("http://127.0.0.1:4000", "pod", lambda: None, key="demo-key")  # type: ignore[arg-type, return-value]  # the part that is looked at alone
    assert Expected.of(rented, reading) == Expected(2)
    assert Expected.of(here, reading) == Expected(0)


def ticking(seconds: float) -> Any:
    times = iter(range(100))
    return lambda: next(times) * seconds


def test_a_disk_is_written_read_back_and_left_as_it_was(tmp_path: Path) -> None:
    check = check_disk(tmp_path, 2 << 20, ticking(0.001))
    assert check.works
    assert "MB/s" in check.detail
    assert list(tmp_path.iterdir()) == []


def test_a_slow_disk_fails(tmp_path: Path) -> None:
    check = check_disk(tmp_path, 2 << 20, ticking(2.0))
    assert not check.works
    assert "1 MB/s" in check.detail


def test_a_disk_that_was_busy_for_a_moment_passes(tmp_path: Path) -> None:
    moments = iter([0.0, 2.0, 2.0, 2.001])
    check = check_disk(tmp_path, 2 << 20, lambda: next(moments))
    assert check.works
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_be_written_fails(tmp_path: Path) -> None:
    check = check_disk(tmp_path / "absent", 1 << 20)
    assert not check.works
    assert "cannot be written" in check.detail


def test_a_disk_that_gives_back_something_else_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"something else")
    assert "returned different data" in check_disk(tmp_path, 1 << 20, ticking(0.001)).detail


class Downloads:
    """A Hub of which only the speed is of interest."""

    def __init__(self, size_bytes: int, seconds: float, trouble: str = "") -> None:
        self._answer, self._trouble = (size_bytes, seconds), trouble

    def sample_download(self, commit: str, most_bytes: int) -> tuple[int, float]:
        if self._trouble:
            raise HubTrouble(self._trouble)
        return self._answer


@pytest.mark.parametrize(
    ("hub", "works", "said"),
    [
        (Downloads(16 << 20, 1.0), True, "16.8 MB/s"),
        (Downloads(16 << 20, 60.0), False, "0.3 MB/s"),
        (Downloads(1000, 60.0), True, "too small"),
        (Downloads(0, 0.0), True, "too small"),
        (Downloads(0, 0.0, "The Hub did not answer."), True, "not measured"),
    ],
)
def test_the_network_is_judged_by_what_comes_down(hub: Downloads, works: bool, said: str) -> None:
    check = check_network(hub, "")  # type: ignore[arg-type]  # the part that is looked at alone
    assert check.works is works
    assert said in check.detail


@in_virtual_time
async def test_the_largest_file_of_the_dataset_is_what_is_read(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training())
    hub = harness.hub_of(RunHub(HUB_URL, CLIPS_REPO, RESULTS_REPO, READ_TOKEN, WRITE_TOKEN))
    put_clips(harness.hub_of(RunHub(HUB_URL, CLIPS_REPO, RESULTS_REPO, WRITE_TOKEN, WRITE_TOKEN)))
    size_bytes, seconds = hub.sample_download("", 8)
    assert (size_bytes, seconds >= 0) == (8, True)
    without = harness.hub_of(RunHub(HUB_URL, "", RESULTS_REPO, "", WRITE_TOKEN))
    assert without.sample_download("", 8) == (0, 0.0)
    await harness.close_all()


def test_the_limits_leave_every_card_on_offer_room() -> None:
    assert machine_trial.SLOWEST_TFLOPS < 8


async def test_what_the_trying_cost_is_said_in_dollars(tmp_path: Path) -> None:
    async def at_once(call: Any) -> Any:
        return call()

    ports: Any = SimpleNamespace(
        processes=Answers(None, None), run_blocking=at_once, folder=tmp_path
    )

    async def tried(price_per_hour_usd: float) -> str:
        checks = await try_machine(
            ports,
            Downloads(16 << 20, 1.0),  # type: ignore[arg-type]  # the part that is looked at alone
            Expected(0),
            "",
            price_per_hour_usd,
        )
        assert [check.name for check in checks] == ["gpu", "disk", "network", "canary"]
        return checks[-1].detail

    found = re.fullmatch(r"the machine was tried for (\d+) s, \$(\d+\.\d\d)", await tried(3.6e6))
    assert found is not None
    # At a thousand dollars a second.
    assert float(found[2]) / 1000 == pytest.approx(float(found[1]), abs=0.51)
    assert (await tried(0.5)).endswith(" s, under $0.01")
