"""Jobs of the emulated Hub, as the unmodified library and its `hf jobs` command use them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from launcher.emulator.hub import HubEmulator, Scope, Token, TokenKind
from launcher.emulator.runpod.processes import ProcessRunner
from launcher.emulator.runpod.runner import ScriptedContainer, ScriptedRunner
from tests.kit.clocks import HandClock

HF = Path(sys.executable).with_name("hf")
JOBS = Token(
    "jobs", "demo", TokenKind.FINE_GRAINED, scopes=(Scope("user", "demo", ("job.write",)),)
)
TOKENS = {
    "demo-jobs": JOBS,
    "demo-read": Token("read", "demo", TokenKind.READ),
    "demo-stranger": Token("stranger", "somebody", TokenKind.WRITE),
}


def saying(container: ScriptedContainer) -> Iterator[float]:
    container.log("hello")
    yield 60.0
    container.log("still here")
    yield 10_000.0


@pytest.fixture
def hub(tmp_path: Path, clock: HandClock) -> Iterator[HubEmulator]:
    runner = ScriptedRunner(saying)  # type: ignore[arg-type]  # an endless program has no exit code
    with HubEmulator(tmp_path / "hub", tokens=TOKENS, now=clock, job_runner=runner) as running:
        yield running


@pytest.fixture
def jobs(hub: HubEmulator) -> HfApi:
    return HfApi(endpoint=hub.url, token="demo-jobs")


def started(jobs: HfApi, **more: object) -> str:
    spec = {"image": "acme/image:1", "command": ["train"], "flavor": "l4x1", **more}
    return str(jobs.run_job(namespace="demo", **spec).id)  # type: ignore[arg-type]  # as a person types it


def test_hardware_has_a_price_a_minute_and_the_memory_of_all_its_gpus(jobs: HfApi) -> None:
    by_name = {each.name: each for each in jobs.list_jobs_hardware()}
    four = by_name["l4x4"]
    assert four.accelerator is not None
    assert (four.accelerator.quantity, four.accelerator.vram) == ("4", "96 GB")
    assert by_name["l4x1"].unit_cost_micro_usd * 60 == pytest.approx(800_000, rel=1e-3)
    assert by_name["cpu-basic"].accelerator is None


def test_a_job_runs_is_told_of_and_is_cancelled(jobs: HfApi, hub: HubEmulator) -> None:
    job_id = started(jobs, labels={"kind": "a"}, env={"SEEN": "yes"})
    found = jobs.inspect_job(job_id=job_id, namespace="demo")
    assert (found.status.stage, found.flavor, found.environment) == (
        "RUNNING",
        "l4x1",
        {"SEEN": "yes"},
    )
    assert [each.id for each in jobs.list_jobs(namespace="demo", labels={"kind": "a"})] == [job_id]
    assert [*jobs.list_jobs(namespace="demo", labels={"kind": "b"})] == []
    jobs.cancel_job(job_id=job_id, namespace="demo")
    assert jobs.inspect_job(job_id=job_id, namespace="demo").status.stage == "CANCELED"
    assert hub.core.jobs.live() == []


def test_a_secret_is_in_the_container_and_in_no_answer(jobs: HfApi, hub: HubEmulator) -> None:
    job_id = started(jobs, secrets={"HF_UPLOAD_TOKEN": "not-to-be-told"})
    found = jobs.inspect_job(job_id=job_id, namespace="demo")
    assert list(found.secrets or ()) == ["HF_UPLOAD_TOKEN"]
    raw = httpx2.get(
        f"{hub.url}/api/jobs/demo/{job_id}", headers={"Authorization": "Bearer demo-jobs"}
    )
    assert "not-to-be-told" not in raw.text
    assert hub.core.jobs.by_id[job_id].env["HF_UPLOAD_TOKEN"] == "not-to-be-told"
    assert hub.core.jobs.by_id[job_id].env["JOB_ID"] == job_id


def test_a_job_ends_after_its_time_and_after_half_an_hour_where_it_has_none(
    jobs: HfApi, clock: HandClock
) -> None:
    long, usual = started(jobs, timeout="2h"), started(jobs)

    def stages() -> list[str]:
        return [
            str(jobs.inspect_job(job_id=each, namespace="demo").status.stage)
            for each in (long, usual)
        ]

    clock.advance(1_799)
    assert stages() == ["RUNNING", "RUNNING"]
    clock.advance(2)
    assert stages() == ["RUNNING", "ERROR"]
    clock.advance(5_400)
    assert stages() == ["ERROR", "ERROR"]


def test_the_log_is_replayed_from_its_beginning_and_tailed(jobs: HfApi, clock: HandClock) -> None:
    job_id = started(jobs, timeout=90)
    clock.advance(61)
    jobs.inspect_job(job_id=job_id, namespace="demo")
    clock.advance(60)  # its time is over: the stream ends
    log = [*jobs.fetch_job_logs(job_id=job_id, namespace="demo", follow=True)]
    assert log == ["hello", "still here"]
    tail = [*jobs.fetch_job_logs(job_id=job_id, namespace="demo", follow=True, tail=1)]
    assert tail == ["still here"]


@pytest.mark.parametrize(
    ("token", "change", "status"),
    [
        ("demo-read", {}, 403),
        ("demo-stranger", {}, 403),
        ("demo-jobs", {"flavor": "potato"}, 400),
        ("demo-jobs", {"command": []}, 400),
    ],
)
def test_what_the_hub_does_not_start(
    hub: HubEmulator, token: str, change: dict[str, object], status: int
) -> None:
    with pytest.raises(HfHubHTTPError) as caught:
        started(HfApi(endpoint=hub.url, token=token), **change)
    assert caught.value.response.status_code == status
    assert hub.core.jobs.by_id == {}


def test_without_credit_and_without_room_nothing_starts(hub: HubEmulator, jobs: HfApi) -> None:
    hub.core.jobs.has_credit = False
    with pytest.raises(HfHubHTTPError) as caught:
        started(jobs)
    assert caught.value.response.status_code == 402
    hub.core.jobs.has_credit, hub.core.jobs.is_sold_out = True, True
    with pytest.raises(HfHubHTTPError):
        started(jobs)
    assert hub.core.jobs.by_id == {}


@pytest.fixture
def hf(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """The `hf` command on a Hub whose jobs are real processes."""
    runner = ProcessRunner(tmp_path / "jobs")
    with HubEmulator(tmp_path / "hub", tokens=TOKENS, job_runner=runner) as hub:
        environment = {
            **os.environ,
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": "demo-jobs",
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "NO_COLOR": "1",
        }
        environment.pop("HF_HUB_DISABLE_IMPLICIT_TOKEN", None)

        def run(*words: str) -> str:
            command = [str(HF), "jobs", *words]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield run


def test_people_run_look_at_and_cancel_jobs_with_the_unmodified_command(
    hf: Callable[..., str],
) -> None:
    assert "l4x1" in hf("hardware")
    busy = "echo one line; exec python -c 'held = bytearray(200_000_000)\nwhile True: pass'"
    waiting = ["python:3.12", "sh", "-c", busy]
    said = hf(
        "run", "--detach", "--flavor", "l4x1", "--label", "kind=a", "--timeout", "2h", *waiting
    )
    job_id = next(word for word in said.replace("/", " ").split() if len(word) == 24)
    assert job_id[:9] in hf("ps")
    assert "one line" in hf("logs", job_id)
    assert "l4x1" in hf("inspect", job_id)
    assert job_id[:9] in hf("stats", job_id)
    row = hf("stats", job_id).splitlines()[-1].split()
    assert int(row[1].removesuffix("%")) > 0
    assert float(row[4].removesuffix("MB")) > 200
    hf("cancel", job_id)
    assert job_id[:9] not in hf("ps")
    assert "CANCELED" in hf("ps", "--all")
