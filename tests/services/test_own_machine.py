"""Runs on machines of one's own: what the plan says, that nothing costs, what becomes of them when a machine fails."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from launcher.cli.terminal.plan_view import plan_text
from launcher.domain.plan import Plan
from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, NotConfigured, NothingAvailable, ProviderUnavailable
from launcher.providers.base import Provider
from launcher.providers.local.provider import LocalProvider
from launcher.providers.registry import default_place
from launcher.providers.ssh.provider import NoHost, SshProvider
from launcher.services.common.boot_budget import boot_budget
from launcher.services.common.workbench import NoProvider, Workbench, known_machines
from launcher.services.ending.reap import reap
from launcher.services.ending.refresh import refreshed
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.offers import look_for_offers
from launcher.services.planning.plan import make_plan
from pod_image.contract.common_settings import UNSIZED_BOOT_MINUTES
from pod_image.contract.findings import Severity
from pod_image.contract.outcomes import EndReason
from pod_image.own_machine.run_place import RunPlace
from tests.kit.clocks import LoopClock
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import in_virtual_time, now_seconds
from tests.providers.own_stage import OwnStage
from tests.services.harness import LauncherHarness

ASKED = {"recipe": "command", "argv": ["true"], "results_repo": RESULTS_REPO, "provider": "local"}
BY_SSH = {**ASKED, "provider": "ssh", "host": "gpubox"}


def told_by(place: RunPlace, number: int) -> str:
    """It boots, is armed, and lives on."""
    document = json.loads(place.order["run_json"])
    said = [
        {"event": "phase", "phase": "boot", "state": "started"},
        {"event": "armed", "works": True, "arms": [], "deadline": document["deadline"]},
    ]
    event = said[number] if number < len(said) else {"event": "heartbeat", "phase": "train"}
    at = datetime.fromtimestamp(now_seconds(), UTC).isoformat()
    return json.dumps({"at": at, "run_id": document["run_id"], "seq": number + 1, **event})


class OwnHarness(LauncherHarness):
    """The person has two machines beside the cloud: this one, and gpubox, which ssh reaches."""

    def __init__(self, folder: Path) -> None:
        self.here = OwnStage(folder / "here")
        self.gpubox = OwnStage(
            folder / "gpubox",
            lambda machine: SshProvider("gpubox", machine=machine, clock=LoopClock()),
        )
        for stage in (self.here, self.gpubox):
            stage.machine.words = told_by
        super().__init__(folder)

    def open_bench(
        self, key: str = "", *, home: Path | None = None, needs_history: bool = True
    ) -> Workbench:
        bench = super().open_bench(key, home=home, needs_history=needs_history)
        own = {"local": self.here.provider, "ssh": NoHost(), "ssh:gpubox": self.gpubox.provider}
        return replace(bench, others={**bench.others, **own})  # type: ignore[dict-item]  # as it is opened

    async def planned(self, asked: dict[str, object]) -> Plan:
        return await make_plan(self.bench, compose(None, asked), self.keys)

    async def launched(self, asked: dict[str, object]) -> Run:
        return await launch(self.bench, await self.planned(asked), self.keys)


def codes(plan: Plan) -> Sequence[str]:
    return [each.code for each in plan.findings]


@in_virtual_time
async def test_a_plan_says_what_a_machine_of_ones_own_cannot_promise_and_asks_for_no_money(
    tmp_path: Path,
) -> None:
    plan = await OwnHarness(tmp_path).planned(dict(ASKED))
    shown = " ".join(plan_text(plan).split())
    assert "minutes, or the run is ended (your own machine" in shown
    assert "the run ends itself by then" in shown
    assert (plan.worst_case_usd, plan.hours_until_capped) == (0.0, plan.settings.max_hours)
    said = {each.code: each for each in plan.findings}
    assert said["runs_as_you"].severity is Severity.WARNING
    assert "your keyring" in str(said["runs_as_you"].message)
    assert "Nobody else can end a machine that hangs" in str(said["own_machine"].message)
    assert not {"image-by-tag", "disk_too_small", "balance", "secrets_in_plain"} & set(codes(plan))
    assert plan.image is None
    assert "pod_image.own_machine start" in plan.requests[0].as_shell()


@in_virtual_time
async def test_a_plan_says_what_a_command_can_do_where_the_person_is_root(tmp_path: Path) -> None:
    harness = OwnHarness(tmp_path)
    harness.gpubox.machine.is_root = True
    said = {each.code: each for each in (await harness.planned(dict(BY_SSH))).findings}
    assert "runs_as_you" not in said
    assert said["runs_as_root"].severity is Severity.WARNING
    assert "read and change everything on that machine" in str(said["runs_as_root"].message)
    assert "No run needs root" in str(said["runs_as_root"].hint)


@in_virtual_time
async def test_a_plan_says_what_a_container_lets_a_run_see_and_refuses_one_where_no_engine_answers(
    tmp_path: Path,
) -> None:
    harness = OwnHarness(tmp_path)
    inside = {"container": "on", "container_image": "docker.io/library/python:3.12"}
    plan = await harness.planned({**ASKED, **inside})
    said = {each.code: each for each in plan.findings}
    assert plan.errors == ()
    assert "runs_as_you" not in said
    assert "Podman 5.2" in str(said["in_container"].message)
    assert "docker.io/library/python:3.12" in str(said["in_container"].message)
    harness.gpubox.machine.engine = ""
    (refused,) = (await harness.planned({**BY_SSH, **inside})).errors
    assert (refused.code, refused.setting) == ("no_container_engine", "container")
    assert refused.hint == "Install Podman."


@in_virtual_time
async def test_a_run_in_a_container_has_the_time_to_fetch_its_image(tmp_path: Path) -> None:
    inside: dict[str, object] = {**ASKED, "container": "on"}
    run = await OwnHarness(tmp_path).launched(inside)
    budget = boot_budget(compose(None, inside).settings)
    assert budget.minutes == UNSIZED_BOOT_MINUTES
    assert boot_budget(compose(None, ASKED).settings).minutes < budget.minutes
    assert run.state is RunState.RUNNING


@pytest.mark.parametrize(
    "typed",
    [
        {"container": "on", "provider": "runpod"},
        {"container_image": "me/mine:1"},
        {"container": "on", "container_image": "--privileged"},
    ],
)
def test_a_container_that_means_nothing_is_refused(typed: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="container"):
        compose(None, {**ASKED, **typed})


@pytest.mark.parametrize("name", ["max_cost_usd", "image", "disk_gb"])
def test_what_means_nothing_there_is_refused_where_it_is_typed(name: str) -> None:
    value = {"max_cost_usd": 1.0, "image": "me/mine:1", "disk_gb": 50}[name]
    with pytest.raises(InvalidRequest, match=name):
        compose(None, {**ASKED, name: value})


@in_virtual_time
async def test_a_machine_that_lacks_what_the_run_needs_is_told_before_or_fitted_out(
    tmp_path: Path,
) -> None:
    harness = OwnHarness(tmp_path)
    for stage in (harness.here, harness.gpubox):
        stage.machine.absent = ["torch==2.9"]
    assert "packages_absent" in [each.code for each in (await harness.planned(dict(ASKED))).errors]
    by_ssh = await harness.planned(dict(BY_SSH))
    assert by_ssh.errors == ()
    assert "packages_installed" in codes(by_ssh)


@in_virtual_time
async def test_a_run_by_ssh_is_at_its_machine_and_needs_no_other_key(tmp_path: Path) -> None:
    harness = OwnHarness(tmp_path)
    harness.keys = replace(harness.keys, runpod=None)
    run = await harness.launched(dict(BY_SSH))
    assert (run.place, run.state, run.cost_usd or 0.0) == ("ssh:gpubox", RunState.RUNNING, 0.0)
    assert run.most_usd == 0.0
    assert harness.gpubox.paid == 1
    assert (harness.here.paid, harness.live()) == (0, [])
    told = json.loads((await harness.gpubox.provider.pods())[0].run_json)
    assert told["place"] == "ssh"
    assert known_machines(harness.config).all() == ["ssh:gpubox"]


@in_virtual_time
async def test_two_runs_share_out_two_gpus_and_the_third_is_refused(tmp_path: Path) -> None:
    harness = OwnHarness(tmp_path)
    for _ in range(2):
        await harness.launched(dict(ASKED))
    lent = [each["CUDA_VISIBLE_DEVICES"] for each in harness.here.machine.environments.values()]
    assert sorted(lent) == ["GPU-1", "GPU-2"]
    with pytest.raises(NothingAvailable):
        await harness.planned(dict(ASKED))


@in_virtual_time
async def test_after_a_new_start_of_the_machine_the_run_is_lost_and_it_is_said_where_its_folder_is(
    tmp_path: Path,
) -> None:
    harness = OwnHarness(tmp_path)
    run = await harness.launched(dict(ASKED))
    harness.here.machine.restart()
    over, pod = await refreshed(harness.bench, run)
    assert pod is None
    assert (over.state, over.end_reason) == (RunState.ENDED, EndReason.LOST)
    assert "The machine was started again while it ran." in over.detail
    assert str(harness.here.ground.runs / run.pod_id / "disk") in over.detail


def told_with_its_end(place: RunPlace, number: int) -> str:
    """It comes to its end two minutes later, and no repo has its last word."""
    if number < 120:
        return told_by(place, number)
    document = json.loads(place.order["run_json"])
    at = datetime.fromtimestamp(now_seconds(), UTC).isoformat()
    ended = {"event": "ended", "reason": "time_cap", "detail": "The caps were reached."}
    missing = {"not_delivered": ["voice/demo.onnx"], "not_delivered_count": 1}
    return json.dumps({"at": at, "run_id": document["run_id"], "seq": 121, **ended, **missing})


@in_virtual_time
async def test_a_run_that_could_not_deliver_its_last_word_is_not_called_lost_where_its_machine_has_it(
    tmp_path: Path,
) -> None:
    harness = OwnHarness(tmp_path)
    harness.gpubox.machine.words = told_with_its_end
    run = await harness.launched(dict(BY_SSH))
    harness.loop.jump(121.0)
    place = RunPlace(harness.gpubox.ground.runs / run.pod_id)
    harness.gpubox.machine.talk(place)
    harness.gpubox.machine.die(run.pod_id)
    over, pod = await refreshed(harness.bench, run)
    assert pod is None
    assert (over.state, over.end_reason) == (RunState.ENDED, EndReason.TIME_CAP)
    assert over.not_delivered == 1
    assert over.detail == f"The caps were reached. What it made is still in {place.disk}."


@pytest.mark.promise("money-reap")
@in_virtual_time
async def test_a_sweep_ends_what_is_overdue_there_and_a_machine_that_is_off_hides_no_other(
    tmp_path: Path,
) -> None:
    harness = OwnHarness(tmp_path)
    await harness.launched({**ASKED, "max_hours": 1.0})
    by_ssh = await harness.launched({**BY_SSH, "max_hours": 1.0})
    harness.loop.jump(3_700.0)
    harness.gpubox.silence()
    report = await reap(harness.open_bench())
    assert [each.why for each in report.released] == ["its deadline has passed"]
    assert harness.here.paid == 0
    assert any(each.startswith("gpubox could not be checked") for each in report.unseen)
    harness.gpubox.way.is_silent = False
    report = await reap(harness.open_bench())
    assert [each.pod.id for each in report.released] == [by_ssh.pod_id]
    assert harness.gpubox.paid == 0


@pytest.mark.parametrize("hours", [-2, 2])
@pytest.mark.promise("money-caps")
@in_virtual_time
async def test_the_deadline_of_a_run_by_ssh_goes_by_the_clock_of_its_machine(
    tmp_path: Path, hours: int
) -> None:
    """Else a machine whose clock is behind this computer's never comes to it, and one ahead begins after it."""
    harness = OwnHarness(tmp_path)
    harness.gpubox.machine.skew_seconds = hours * 3_600.0
    run = await harness.launched({**BY_SSH, "max_hours": 1.0})
    there = datetime.fromtimestamp(harness.gpubox.machine.now(), UTC)
    assert run.deadline is not None
    assert abs(run.deadline - there - timedelta(hours=1)) < timedelta(minutes=2)
    assert (await reap(harness.open_bench())).released == ()
    harness.loop.jump(3_700.0)
    assert [each.pod.id for each in (await reap(harness.open_bench())).released] == [run.pod_id]


@in_virtual_time
async def test_a_start_whose_answer_was_lost_is_found_once_the_machine_is_reached_again(
    tmp_path: Path,
) -> None:
    harness = OwnHarness(tmp_path)
    plan = await harness.planned(dict(BY_SSH))
    harness.gpubox.lose_the_next_answer()
    harness.gpubox.way.silent_after_start_seconds = 20.0
    run = await launch(harness.bench, plan, harness.keys)
    assert run.state is RunState.RUNNING
    assert harness.gpubox.paid == 1


@in_virtual_time
async def test_a_machine_that_is_off_is_said_in_the_plan_and_one_that_nobody_named_too(
    tmp_path: Path,
) -> None:
    harness = OwnHarness(tmp_path)
    harness.gpubox.silence()
    with pytest.raises(ProviderUnavailable):
        await harness.planned(dict(BY_SSH))
    with pytest.raises(NotConfigured, match="No machine for ssh was given"):
        await harness.bench.at("ssh").provider.pods()


@in_virtual_time
async def test_who_has_no_key_of_any_cloud_is_asked_for_none_where_a_run_stays_at_home(
    tmp_path: Path,
) -> None:
    never_used = tmp_path / "no-runs-yet"
    here = LocalProvider(runs=never_used, machine=OwnStage(tmp_path / "here").way)
    no_cloud = cast(Provider, NoProvider(default_place()))
    bench = LauncherHarness(tmp_path).bench
    assert [each.place.name for each in bench.everywhere()] == ["runpod"]
    with_own = replace(bench, others={**bench.others, "local": here})
    assert [each.place.name for each in with_own.everywhere()] == ["runpod"]
    bench = replace(with_own, provider=no_cloud)
    assert [each.place.name for each in bench.everywhere()] == ["local"]
    assert (await reap(bench)).places == ("this computer",)


@in_virtual_time
async def test_a_machine_that_is_named_is_opened_by_its_name_alone(tmp_path: Path) -> None:
    bench = LauncherHarness(tmp_path).bench
    bench = replace(bench, others={**bench.others, "ssh": NoHost()})
    named = bench.at("ssh:other")
    assert (named.place.name, named.place.kind, named.place.title) == (
        "ssh:other",
        "ssh",
        "other",
    )
    assert bench.at("ssh:other").provider is named.provider
    with pytest.raises(NotConfigured, match="does not know the provider"):
        bench.at("cloud:other")


@in_virtual_time
async def test_offers_of_this_computer_tell_its_gpus(tmp_path: Path) -> None:
    harness = OwnHarness(tmp_path)
    settings = compose(None, dict(ASKED)).settings
    found = await look_for_offers(harness.bench, settings, ["local"])
    (offer,) = found.fitting
    assert (offer.offer.gpu_name, offer.offer.price_per_hour_usd, offer.most_usd) == (
        "NVIDIA RTX 4090",
        0.0,
        0.0,
    )
