"""The first calls: plan, deploy, attach, runs; money is spent for a maximum or a plan, and for nothing else."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path

import pytest

import launcher
from launcher.api.background import BACKGROUND
from launcher.errors import InvalidRequest, NotConfigured, PlanMoved, RunFailed, UnknownPlan
from pod_image.contract.outcomes import EndReason
from tests.api.programs import QUICK
from tests.kit.clouds import RESULTS_REPO
from tests.services.harness import LauncherHarness


def test_a_plan_says_what_a_run_would_cost_and_rents_nothing(program: LauncherHarness) -> None:
    plan = launcher.plan(QUICK, max_cost_usd=0.5)
    assert plan.run_id == "run-01"
    assert plan.most_usd <= 0.5
    assert plan.settings["max_cost_usd"] == 0.5
    assert plan.errors == ()
    assert program.posts() == 0


def test_a_plan_is_deployed_once_however_often_it_is_asked(program: LauncherHarness) -> None:
    plan = launcher.plan(QUICK)
    said: list[str] = []
    run = plan.deploy(say=said.append)
    assert run.state == "running"
    assert any("is armed" in text for text in said)
    assert plan.deploy() == run
    assert launcher.deploy(plan) == run
    assert program.posts() == 1


def test_a_plan_that_failed_to_become_a_run_may_be_tried_again(program: LauncherHarness) -> None:
    program.script.can_release = False
    plan = launcher.plan(QUICK)
    with pytest.raises(RunFailed):
        plan.deploy()
    assert program.live() == []
    program.script.can_release = True
    assert plan.deploy().state == "running"


def test_nothing_is_rented_without_a_maximum_or_a_plan(program: LauncherHarness) -> None:
    with pytest.raises(InvalidRequest, match="nobody agreed") as refused:
        launcher.deploy(QUICK)
    assert "agreed_usd" in str(refused.value.hint)
    assert program.posts() == 0


@pytest.mark.parametrize("agreed_usd", [True, 0, -1.0, float("nan"), float("inf")])
def test_what_is_no_amount_is_no_agreement(program: LauncherHarness, agreed_usd: float) -> None:
    with pytest.raises(InvalidRequest, match="the most that the run may cost"):
        launcher.deploy(QUICK, agreed_usd=agreed_usd)
    assert program.posts() == 0


def test_a_plan_that_may_cost_more_than_was_agreed_is_not_rented(program: LauncherHarness) -> None:
    with pytest.raises(InvalidRequest, match=r"and \$0\.10 was agreed") as refused:
        launcher.deploy(QUICK, agreed_usd=0.1)
    assert "max_cost_usd=0.1 ends it there" in str(refused.value.hint)
    with pytest.raises(InvalidRequest, match="was agreed"):
        launcher.plan(QUICK).deploy(agreed_usd=0.1)
    assert program.posts() == 0
    assert launcher.deploy(QUICK, max_cost_usd=0.1, agreed_usd=0.1).most_usd == 0.1


def test_a_plan_is_held_to_what_was_shown_however_it_is_named(program: LauncherHarness) -> None:
    plan, same = launcher.plan(QUICK), launcher.plan(QUICK)
    assert plan.hash == same.hash
    later(minutes=30)
    run = launcher.deploy(plan.hash[:8])
    assert run.run_id == plan.run_id
    later(minutes=2)
    run.wait()
    with pytest.raises(PlanMoved, match="run-01"):
        same.deploy()
    assert program.posts() == 1


def test_a_plan_of_hours_ago_is_none_any_more(program: LauncherHarness) -> None:
    plan = launcher.plan(QUICK)
    later(minutes=61)
    with pytest.raises(UnknownPlan, match="has expired after an hour") as over:
        plan.deploy()
    assert "launcher.plan(...)" in str(over.value.hint)
    assert program.posts() == 0


def later(*, minutes: float) -> None:
    BACKGROUND.wait(asyncio.sleep(minutes * 60))


def test_settings_beside_a_plan_are_refused(program: LauncherHarness) -> None:
    plan = launcher.plan(QUICK)
    with pytest.raises(InvalidRequest, match="max_hours was given too"):
        launcher.deploy(plan, max_hours=2.0)
    assert program.posts() == 0


def test_what_the_settings_say_wrong_is_refused_in_a_programs_words(
    program: LauncherHarness,
) -> None:
    with pytest.raises(InvalidRequest, match="There is no setting 'max_hour'") as refused:
        launcher.plan({**QUICK, "max_hour": 2.0})
    assert "max_hours" in str(refused.value.hint)
    with pytest.raises(InvalidRequest) as none:
        launcher.attach("run-07")
    assert str(none.value.hint).startswith("launcher.runs() lists what there is.")
    assert none.value.__notes__ == [none.value.hint]


def test_preset_file_and_arguments_are_as_strong_as_on_the_command_line(
    program: LauncherHarness, tmp_path: Path
) -> None:
    file = tmp_path / "run.toml"
    file.write_text('[settings]\nmax_hours = 3.0\nboot_minutes = 20.0\nbring = ["data"]\n')
    (tmp_path / "data").write_text("1")
    plan = launcher.plan(QUICK, file=file, max_hours=2.0)
    assert (plan.settings["max_hours"], plan.settings["boot_minutes"]) == (2.0, 20.0)
    assert plan.settings["bring"] == [str(tmp_path / "data")]
    assert plan.origins["max_hours"] == "you"


def test_a_program_with_a_loop_of_its_own_awaits_the_same_calls(program: LauncherHarness) -> None:
    async def train() -> list[str]:
        plan = await launcher.plan.aio(QUICK)
        run = await plan.deploy.aio()
        kinds = [event.event async for event in run.events()]
        await run.wait.aio()
        assert run.end_reason is EndReason.FINISHED
        return kinds

    kinds = asyncio.run(train())
    assert kinds == ["phase", "armed", "phase", "step", "step", "step", "phase", "ended"]


def test_a_call_that_waits_works_inside_a_running_loop_as_in_a_notebook(
    program: LauncherHarness,
) -> None:
    async def cell() -> str:
        return launcher.plan(QUICK).run_id

    assert asyncio.run(cell()) == "run-01"


def test_keys_are_found_or_given_and_never_shown(
    program: LauncherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = program.world.api_key
    monkeypatch.delenv("RUNPOD_API_KEY")
    with pytest.raises(NotConfigured, match="RunPod API key") as missing:
        launcher.plan(QUICK)
    assert 'keys={"runpod": ...}' in str(missing.value.hint)
    plan = launcher.plan(QUICK, keys={"runpod": key})
    run = plan.deploy()
    for held in (plan, run, run._desk):
        assert key not in repr(held)
        assert key not in repr(vars(held) if hasattr(held, "__dict__") else "")
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(held)
    with pytest.raises(InvalidRequest, match="There is no key 'runpot'"):
        launcher.plan(QUICK, keys={"runpot": key})


def test_runs_are_listed_and_attached_by_their_names(program: LauncherHarness) -> None:
    run = launcher.plan(QUICK).deploy()
    assert launcher.runs() == [run]
    for name in ("", "run-01", f"{RESULTS_REPO}/run-01", run.pod_id):
        assert launcher.attach(name) == run
    assert launcher.attach(run.address).address == f"{RESULTS_REPO}/run-01"


def test_all_that_is_watched_in_one_program_shares_one_list_of_pods(
    program: LauncherHarness,
) -> None:
    one, other = launcher.plan(QUICK).deploy(), launcher.attach("run-01")
    assert one._desk is other._desk


def test_the_api_closes_what_it_opened_and_begins_anew(program: LauncherHarness) -> None:
    run = launcher.plan(QUICK).deploy()
    BACKGROUND.close()
    assert BACKGROUND.at_end == []
    assert launcher.runs() == [run]


def test_another_computer_takes_a_run_over_by_its_address(
    program: LauncherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = launcher.plan(QUICK).deploy()
    monkeypatch.setenv("LAUNCHER_HOME", str(program.folder / "second-home"))
    assert launcher.runs() == []
    other = launcher.attach(run.address)
    assert (other, other.pod_id) == (run, run.pod_id)
    assert launcher.runs(refresh=True) == [run]
    assert list(other.events())[-1].event == "ended"


def test_a_run_that_is_over_is_read_without_the_accounts_key(
    program: LauncherHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = launcher.plan(QUICK).deploy()
    run.wait()
    monkeypatch.setenv("LAUNCHER_HOME", str(program.folder / "second-home"))
    monkeypatch.delenv("RUNPOD_API_KEY")
    other = launcher.attach(run.address)
    assert [event.seq for event in other.events()] == [event.seq for event in run.events()]
    assert other.end_reason is run.end_reason
