"""The files of other engines: their field names, the same image and document, no secret, what runs in the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher.errors import InvalidRequest
from launcher.services.exporting import dstack, skypilot
from launcher.services.exporting.task import ExportedTask, exported_task
from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.places import is_pod
from pod_image.contract.settings import RunSettings

# As the documentation of both names them in November 2026.
SKYPILOT_FIELDS = {
    "": {"name", "workdir", "num_nodes", "resources", "envs", "secrets", "file_mounts", "setup", "run"},
    "resources": {"image_id", "accelerators", "disk_size", "use_spot", "autostop", "infra", "cpus"},
    "autostop": {"idle_minutes", "down", "wait_for"},
}  # fmt: skip
DSTACK_FIELDS = {
    "": {
        "type", "name", "image", "env", "commands", "resources", "spot_policy", "retry", "idle_duration",
        "max_duration", "max_price", "utilization_policy", "registry_auth", "working_dir",
    },
    "resources": {"gpu", "disk", "cpu", "memory", "shm_size"},
    "gpu": {"name", "memory", "count", "vendor"},
    "utilization_policy": {"min_gpu_utilization", "time_window"},
}  # fmt: skip


def settings(**changes: Any) -> RunSettings:
    values: dict[str, Any] = {
        "recipe": "command",
        "argv": ("python", "train.py"),
        "results_repo": "me/voice",
        "dataset_repo": "me/clips",
        "max_hours": 2.0,
        "gpu_types": ("NVIDIA GeForce RTX 4090",),
    }
    return RunSettings(**(values | changes))


def task(**changes: Any) -> ExportedTask:
    return exported_task(settings(**changes), "exported-01")


def read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_skypilot_gets_image_document_gpu_and_a_machine_that_is_removed_when_idle() -> None:
    found = read(skypilot.to_yaml(task()))
    assert set(found) <= SKYPILOT_FIELDS[""]
    resources = found["resources"]
    assert set(resources) <= SKYPILOT_FIELDS["resources"]
    assert resources["image_id"] == f"docker:{DEFAULT_IMAGE}"
    assert resources["accelerators"] == {"RTX4090": 1}
    assert resources["autostop"] == {"idle_minutes": 1, "down": True}
    assert set(resources["autostop"]) <= SKYPILOT_FIELDS["autostop"]
    assert found["secrets"] == {"HF_DATASET_TOKEN": None, "HF_UPLOAD_TOKEN": None}
    assert "timeout 7200 python3 -P -m pod_image" in found["run"]


def test_dstack_gets_the_same_with_its_own_limits_and_secrets() -> None:
    found = read(dstack.to_yaml(task(gpu_idle_minutes=20.0)))
    assert set(found) <= DSTACK_FIELDS[""]
    assert found["type"] == "task"
    assert found["image"] == DEFAULT_IMAGE
    for name in ("resources", "utilization_policy"):
        assert set(found[name]) <= DSTACK_FIELDS[name]
    assert set(found["resources"]["gpu"]) <= DSTACK_FIELDS["gpu"]
    assert found["resources"]["gpu"] == {"name": ["RTX4090"], "memory": "16GB..", "count": 1}
    assert (found["max_duration"], found["idle_duration"]) == ("7200s", "0s")
    assert found["utilization_policy"] == {"min_gpu_utilization": 1, "time_window": "20m"}
    assert "HF_UPLOAD_TOKEN=${{ secrets.hf_upload_token }}" in found["env"]


@pytest.mark.parametrize(
    ("gpu", "sky", "other"),
    [
        ("NVIDIA RTX A5000", "RTXA5000", "A5000"),
        ("NVIDIA A100 80GB PCIe", "A100-80GB", "A100"),
        ("NVIDIA H100 80GB HBM3", "H100", "H100"),
        ("NVIDIA L40S", "L40S", "L40S"),
    ],
)
def test_gpus_are_named_as_each_engine_names_them(gpu: str, sky: str, other: str) -> None:
    made = task(gpu_types=(gpu,), gpu_count=2)
    assert read(skypilot.to_yaml(made))["resources"]["accelerators"] == {sky: 2}
    assert read(dstack.to_yaml(made))["resources"]["gpu"]["name"] == [other]


def test_without_a_named_gpu_any_with_enough_memory_will_do() -> None:
    made = task(gpu_types=(), min_gpu_memory_gb=40.0)
    assert read(skypilot.to_yaml(made))["resources"]["accelerators"] == "40GB+:1"
    assert read(dstack.to_yaml(made))["resources"]["gpu"] == {"memory": "40GB..", "count": 1}


@pytest.mark.parametrize("engine", [skypilot, dstack])
def test_the_file_says_what_does_not_hold_there(engine: Any) -> None:
    text = engine.to_yaml(task())
    above = [line for line in text.splitlines() if line.startswith("#")]
    assert any("no machine outlives its run does not apply" in line for line in above)
    assert any(engine.TITLE in line for line in above)
    assert text.startswith("#")


def test_the_machine_runs_our_agent_with_a_deadline_of_its_own_start() -> None:
    """The words of the file, as its shell runs them, with the agent's program replaced."""
    made = task()
    shell = f'{made.commands[0]}; printf %s "${RUN_VARIABLE}"'
    folder = Path(sys.executable).parent
    variables = {**made.environment, "PATH": f"{folder}:/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", shell], env=variables, capture_output=True, text=True)
    assert done.stderr == ""
    document = RunDocument.from_json(done.stdout)
    assert document.settings.results_repo == "me/voice"
    left = document.deadline - datetime.now(UTC)
    assert timedelta(hours=1.9) < left <= timedelta(hours=2)
    assert is_pod(made.environment)


@pytest.mark.parametrize(
    "changes", [{"bring": ("train.py",)}, {"image": "bootstrap"}, {"requirements": "needs.txt"}]
)
def test_what_is_sent_from_this_computer_cannot_be_exported(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        task(**changes)


def test_a_run_on_several_nodes_cannot_be_exported() -> None:
    with pytest.raises(InvalidRequest, match="trains on 2 nodes"):
        task(nodes=2)


def test_secrets_of_the_command_are_named_and_nothing_else_of_them_is_there() -> None:
    made = task(secret=("WANDB_API_KEY",))
    assert made.secrets[-1] == "WANDB_API_KEY"
    for engine in (skypilot, dstack):
        assert "WANDB_API_KEY" in engine.to_yaml(made)
    document = json.loads(made.environment[RUN_VARIABLE])
    assert document["settings"]["secret"] == ["WANDB_API_KEY"]


@pytest.mark.parametrize(
    "folders",
    [
        {"provider": "local", "results_folder": "/home/me/voices", "results_repo": ""},
        {"provider": "ssh", "host": "gpubox", "results_folder": "/data/voices", "results_repo": ""},
        {"provider": "local", "dataset_repo": "/home/me/clips"},
    ],
)
def test_what_is_in_a_folder_of_ones_own_machine_goes_to_no_other_engine(
    folders: dict[str, Any],
) -> None:
    """The machine there is removed after the run, and what was written to that path with it."""
    with pytest.raises(InvalidRequest, match="has none of your folders"):
        task(**folders)
