"""Secrets of a run's command on their way to its pod: as the tokens go, and gone with the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from launcher.domain.plan import Plan
from launcher.emulator.runpod import Gateway
from launcher.errors import NotConfigured
from launcher.services.ending.reap import reap
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import Keys, KeySource
from tests.kit.clouds import RESULTS_REPO
from tests.kit.recorded_requests import RecordedApp
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

NAME, VALUE = "WANDB_API_KEY", "wandb-0123456789"
IN_POD = f"LAUNCHER_SECRET_{NAME}"


def keys(harness: LauncherHarness) -> Keys:
    return harness.keys.with_named(NAME, SecretStr(VALUE), KeySource.ENVIRONMENT)


async def planned(harness: LauncherHarness, keys: Keys, *names: str) -> Plan:
    given = {
        "recipe": "command", "argv": ["train"], "results_repo": RESULTS_REPO, "secret": list(names),
    }  # fmt: skip
    return await make_plan(harness.bench, compose(None, given), keys)


@pytest.mark.promise("secrets-definition")
@in_virtual_time
async def test_a_command_s_secret_is_an_account_secret_that_goes_with_its_run(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.transport = recorded = RecordedApp(Gateway(harness.world, in_process=True))
    harness.bench = harness.open_bench()
    plan = await planned(harness, keys(harness), NAME)
    assert plan.secrets == {NAME: "environment"}
    assert VALUE not in repr(plan)
    shown = json.dumps([request.as_shell() for request in plan.requests])
    assert f"<value of {NAME}>" in shown
    run = await launch(harness.bench, plan, keys(harness))
    pod = harness.world.pods[run.pod_id]
    assert pod.env[IN_POD] == f"{{{{ RUNPOD_SECRET_launcher_{run.nonce}_command0 }}}}"
    assert VALUE not in json.dumps(pod.env)
    assert harness.runner.started[0].spec.env[IN_POD] == VALUE
    assert recorded.paths_with(VALUE) == ["/v2/account/secrets"]
    assert VALUE not in run.settings_json
    assert len(harness.secret_names()) == 3
    stored = [path.read_bytes() for path in harness.config.data_folder.rglob("*") if path.is_file()]
    assert stored
    assert not [content for content in stored if VALUE.encode() in content]
    await harness.bench.clock.sleep(600)
    await reap(harness.bench)
    assert harness.live() == []
    assert harness.secret_names() == []


@pytest.mark.promise("secrets-definition")
@in_virtual_time
async def test_another_computer_removes_the_leftover_secret_of_a_command(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, await planned(harness, keys(harness), NAME), keys(harness))
    other = harness.second_home()
    assert len(harness.secret_names()) == 3
    await harness.bench.clock.sleep(5 * 3_600)
    report = await reap(other)
    assert f"launcher_{run.nonce}_command0" in report.secrets_removed
    assert harness.secret_names() == []


@in_virtual_time
async def test_where_the_account_keeps_no_secrets_it_goes_in_plain_and_the_plan_says_so(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("secrets-refused")
    plan = await planned(harness, keys(harness), NAME)
    said = next(finding for finding in plan.findings if finding.code == "secrets_in_plain")
    assert f"the Hugging Face tokens and {NAME} could be read in the pod's definition" in str(
        said.message
    )
    run = await launch(harness.bench, plan, keys(harness))
    assert harness.world.pods[run.pod_id].env[IN_POD] == VALUE


@in_virtual_time
async def test_a_launch_without_a_value_rents_nothing(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    plan = await planned(harness, harness.keys, NAME)
    assert plan.secrets == {NAME: ""}
    assert "secret_missing" in [finding.code for finding in plan.findings]
    with pytest.raises(NotConfigured, match=f"no value for the secret {NAME}"):
        await launch(harness.bench, plan, harness.keys)
    assert harness.posts() == 0


@in_virtual_time
async def test_a_value_that_no_run_names_is_not_sent(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, await planned(harness, keys(harness)), keys(harness))
    assert len(harness.secret_names()) == 2
    assert VALUE not in json.dumps(harness.runner.started[0].spec.env)
    assert len(run.secret_names) == 2
