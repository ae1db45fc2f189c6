"""Hugging Face Jobs beyond what any place has to do: time-outs, secrets, refusals and the log."""

from __future__ import annotations

import json
import math
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from pydantic import SecretStr

from launcher.domain.pod import NONCE_VARIABLE, PodOrder
from launcher.emulator.hub.faults import Rule
from launcher.emulator.hub.wire import Refusal
from launcher.errors import InsufficientBalance, InvalidRequest, NoRight, PodGone, ProviderError
from launcher.providers.hf_jobs.wire import HardwareWire
from pod_image.contract.common_settings import Cloud
from pod_image.contract.environment import RUN_VARIABLE
from tests.kit.clocks import LoopClock
from tests.kit.virtual_time import in_virtual_time
from tests.providers.job_stage import HfJobsStage

NAME = "launcher-run-01-a1-abcdefghij"
TOKEN = "demo-token-that-writes"


def order(hours: float = 2.0, **more: object) -> PodOrder:
    deadline = LoopClock().now() + timedelta(hours=hours)
    document = json.dumps({"deadline": deadline.isoformat(), **more})
    return PodOrder(
        name=NAME,
        image="acme/image:1",
        gpu_type="l4x1",
        gpu_count=1,
        cloud=Cloud.SECURE,
        disk_gb=10,
        environment={NONCE_VARIABLE: "abcdefghij", RUN_VARIABLE: document},
    )


@pytest.fixture
def stage_folder(tmp_path: Path) -> Path:
    return tmp_path


@in_virtual_time
async def test_the_hub_is_told_to_end_the_job_at_its_deadline_and_to_start_it_once(
    stage_folder: Path,
) -> None:
    stage = HfJobsStage(stage_folder)
    job = stage.core.jobs.by_id[(await stage.provider.rent(order(2.0))).id]
    assert job.timeout_seconds == 7_200
    assert job.spec["attempts"] == 1
    assert job.labels == {"name": NAME, "launcher-nonce": "abcdefghij"}


@in_virtual_time
async def test_the_cost_cap_ends_the_job_where_it_comes_first(stage_folder: Path) -> None:
    stage = HfJobsStage(stage_folder)
    capped = order(2.0, price_per_hour_usd=0.80, settings={"max_cost_usd": 0.40})
    job = stage.core.jobs.by_id[(await stage.provider.rent(capped)).id]
    assert job.timeout_seconds == 1_800


@in_virtual_time
async def test_a_job_without_a_deadline_is_not_started(stage_folder: Path) -> None:
    stage = HfJobsStage(stage_folder)
    endless = replace(order(), environment={RUN_VARIABLE: "{}"})
    with pytest.raises(InvalidRequest, match="deadline"):
        await stage.provider.rent(endless)
    assert stage.paid == 0


@in_virtual_time
async def test_a_job_that_would_outlive_its_cap_is_cancelled(
    stage_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = HfJobsStage(stage_folder)
    begin = stage.core.jobs.start
    longer = {"timeoutSeconds": 36_000}
    monkeypatch.setattr(
        stage.core.jobs, "start", lambda owner, spec: begin(owner, {**spec, **longer})
    )
    with pytest.raises(ProviderError, match="would let the job live for 10"):
        await stage.provider.rent(order(2.0))
    assert stage.paid == 0
    assert len(stage.core.jobs.by_id) == 1


@in_virtual_time
async def test_where_no_time_out_is_told_the_job_stays(stage_folder: Path) -> None:
    stage = HfJobsStage(stage_folder)
    stage.core.jobs.tells_timeout = False
    await stage.provider.rent(order())
    assert stage.paid == 1


@in_virtual_time
async def test_tokens_go_as_secrets_of_the_job_and_its_own_token_never(stage_folder: Path) -> None:
    stage = HfJobsStage(stage_folder)
    await stage.provider.make_secret("launcher_abcdefghij_upload", SecretStr(TOKEN))
    await stage.provider.make_secret("launcher_zzzzzzzzzz_upload", SecretStr("of another run"))
    reference = stage.provider.secret_reference("launcher_abcdefghij_upload")
    bare = order()
    asked = replace(bare, environment={**bare.environment, "HF_UPLOAD_TOKEN": reference})
    planned = "".join(
        each.as_shell()
        for each in stage.provider.planned_requests(
            asked, {"launcher_abcdefghij_upload": "<token>"}
        )
    )
    job = stage.core.jobs.by_id[(await stage.provider.rent(asked)).id]
    assert job.env["HF_UPLOAD_TOKEN"] == TOKEN
    told = json.dumps(stage.core.jobs.document(job))
    assert TOKEN not in told + planned
    assert not any("demo-hub-jobs" in value for value in job.env.values())
    assert [each.name for each in await stage.provider.secrets()] == ["launcher_zzzzzzzzzz_upload"]


@in_virtual_time
async def test_what_is_shown_is_what_the_library_sends(stage_folder: Path) -> None:
    stage = HfJobsStage(stage_folder)
    (planned,) = stage.provider.planned_requests(order(), {})
    await stage.provider.rent(order())
    (job,) = stage.core.jobs.by_id.values()
    sent = {name: value for name, value in job.spec.items() if name != "secrets"}
    assert getattr(planned, "json") == sent  # noqa: B009 (a command has none)
    assert sent["command"] == ["python", "-P", "-m", "pod_image"]


@pytest.mark.parametrize(
    ("status", "error"), [(402, InsufficientBalance), (403, NoRight)], ids=["no credit", "no right"]
)
@in_virtual_time
async def test_a_refused_start_is_told_by_what_to_do(
    stage_folder: Path, status: int, error: type[Exception]
) -> None:
    stage = HfJobsStage(stage_folder)
    refusal = Refusal(status, "no")
    stage.core.faults.add(Rule(r"^POST /api/jobs/me$", math.inf, refusal=refusal))
    with pytest.raises(error):
        await stage.provider.rent(order())
    assert stage.paid == 0


@in_virtual_time
async def test_a_log_is_read_on_where_it_was_left_and_no_line_twice(stage_folder: Path) -> None:
    stage = HfJobsStage(stage_folder)
    pod = await stage.provider.rent(order(0.05))
    async with aclosing(stage.provider.log(pod.id)) as lines:
        read = []
        async for line in lines:
            if line.source == "container":
                read.append(line)
            if len(read) == 3:
                break
    async with aclosing(stage.provider.log(pod.id, read[-1].id)) as lines:
        more = [line.text async for line in _until_gone(lines)]
    assert [line.text for line in read] == ["line 0", "line 1", "line 2"]
    assert more[:2] == ["line 3", "line 4"]
    assert len(more) == len(set(more)) > 100


async def _until_gone(lines):  # type: ignore[no-untyped-def]  # as the provider gives them
    try:
        async for line in lines:
            yield line
    except PodGone:
        return


@pytest.mark.parametrize(
    ("document", "gpus", "memory", "price"),
    [
        ({"name": "a", "accelerator": None, "unitCostMicroUSD": 100}, 0, 0, 0.006),
        (
            {
                "name": "b",
                "accelerator": {"type": "gpu", "quantity": "4", "vram": "96 GB"},
                "unitCostMicroUSD": 63_333,
                "unitLabel": "minute",
            },
            4,
            24,
            3.79998,
        ),
        ({"name": "c", "unitCostMicroUSD": 5, "unitLabel": "fortnight"}, 0, 0, None),
        (
            {"name": "d", "accelerator": {"type": "neuron", "quantity": "1", "vram": "32 GB"}},
            0,
            0,
            None,
        ),
        ({"name": "e", "accelerator": {"type": "gpu", "quantity": "some"}}, 0, 0, None),
    ],
)
def test_hardware_is_read_leniently_and_a_price_never_guessed(
    document: dict[str, object], gpus: int, memory: int, price: float | None
) -> None:
    read = HardwareWire.model_validate(document)
    assert (read.gpu_count, read.memory_gb) == (gpus, memory)
    assert read.price_per_hour_usd == (None if price is None else pytest.approx(price))


def test_the_start_is_one_that_this_release_of_the_library_makes() -> None:
    """Its argument names are what `rent` calls it with."""
    import inspect

    known = inspect.signature(HfApi.run_job).parameters
    assert {"image", "command", "env", "secrets", "flavor", "timeout", "attempts", "labels"} <= set(
        known
    )


@in_virtual_time
async def test_a_computer_whose_clock_is_wrong_goes_by_the_hubs(stage_folder: Path) -> None:
    stage = HfJobsStage(stage_folder)
    provider, clock = stage.provider, stage.clock
    assert provider.clock_ahead == timedelta(0)
    clock.skew_seconds = 7_200.0
    await provider.pods()
    assert abs(provider.clock_ahead + timedelta(hours=2)) <= timedelta(seconds=1)
    clock.skew_seconds = -3_600.0  # it jumps, and nobody is asked again
    assert abs(provider.clock_ahead - timedelta(hours=1)) <= timedelta(seconds=1)


@in_virtual_time
async def test_a_computer_that_slept_still_knows_what_time_it_is_at_the_hub(
    stage_folder: Path,
) -> None:
    stage = HfJobsStage(stage_folder)
    await stage.provider.pods()
    before = stage.provider.clock_ahead
    stage.clock.asleep_seconds = 8 * 3600.0
    assert stage.provider.clock_ahead == before


@in_virtual_time
async def test_the_timeout_at_the_hub_does_not_go_by_a_wrong_clock_here(stage_folder: Path) -> None:
    stage = HfJobsStage(stage_folder)
    await stage.provider.pods()
    stage.clock.skew_seconds = -7_200.0
    job = stage.core.jobs.by_id[(await stage.provider.rent(order(2.0))).id]
    assert 7_200 <= job.timeout_seconds <= 7_201


@in_virtual_time
async def test_the_hardware_is_told_as_the_hub_measures_it(stage_folder: Path) -> None:
    stage = HfJobsStage(stage_folder)
    pod = await stage.provider.rent(order())
    stage.core.jobs.gpu_percent, stage.core.jobs.gpu_memory_bytes = 35, 12_000_000_000
    reading = await stage.provider.measured(pod.id)
    assert reading is not None
    (gpu,) = reading.gpus
    assert (gpu.use_percent, gpu.memory_used_gb, gpu.memory_total_gb) == (35.0, 12.0, 24.0)
    await stage.provider.release(pod.id)
    assert await stage.provider.measured(pod.id) is None
