"""`launcher show`: what the place measures where the run itself is silent."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from launcher.services.launching.launch import launch
from launcher.stores.secrets import KeyName
from pod_image.contract.places import Provider
from tests.cli.conftest import Shell
from tests.kit.clouds import JOBS_TOKEN
from tests.kit.plans import offer, plan


def test_the_hardware_of_a_silent_job_is_told_as_its_place_measures_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_JOBS_TOKEN", JOBS_TOKEN)
    harness = shell.harness
    harness.with_jobs, harness.script.ends_after = True, None
    bench = harness.open_bench(harness.world.api_key, home=shell.home)
    keys = harness.keys.with_given(KeyName.HF_JOBS, SecretStr(JOBS_TOKEN))
    at_jobs = plan(
        "run-01", offer("l4x1", "L4 (l4x1)", 0.8), settings={"provider": Provider.HF_JOBS}
    )
    shell.loop.run_until_complete(launch(bench, at_jobs, keys))
    harness.core.jobs.gpu_percent = 35
    said = shell("show")
    assert "GPU 35 %" in said.text
    assert "as Hugging Face Jobs measures it" in said.text
    gpus = shell("show", "--json").json["measured_by_place"]["gpus"]
    assert [each["use_percent"] for each in gpus] == [35.0]
