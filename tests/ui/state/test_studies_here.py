"""A study run by the form: with the keys of a tab, and no longer than they are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from launcher.domain.studies.study import TrialState
from launcher.errors import NotConfigured
from launcher.services.common.workbench import Workbench
from launcher.services.following import watch
from launcher.services.live.live_runs import Live
from launcher.stores.secrets import KeyName, Keys
from launcher.ui.state.sessions import Sessions
from launcher.ui.state.studies_here import RunningStudy, StudiesHere
from launcher.ui.state.vault import Vault
from tests.kit.virtual_time import in_virtual_time
from tests.services.studies.world import ADDRESS, StudyWorld, until

TAB = "tab"


class Form:
    """A form whose tab holds every key, above the emulated cloud."""

    def __init__(self, world: StudyWorld, *, has_keys: bool = True) -> None:
        @asynccontextmanager
        async def open_bench(keys: Keys) -> AsyncIterator[Workbench]:
            yield world.first.bench

        harness = world.harness
        self.vault = Vault()
        self.sessions = Sessions(self.vault, open_bench)
        self.studies = StudiesHere(self.sessions, self.vault)
        self.world = world
        self.vault.connected(TAB, "page")
        keys = {
            KeyName.RUNPOD: harness.keys.runpod,
            KeyName.HF_DATASET: harness.keys.hf_dataset,
            KeyName.HF_UPLOAD: harness.keys.hf_upload,
        }
        for name, key in keys.items() if has_keys else ():
            assert key is not None
            self.vault.put(TAB, name.value, key)

    async def start(self) -> RunningStudy:
        session = await self.sessions.of(TAB)
        self.studies.start(TAB, session, ADDRESS, await self.world.second.study())
        running = self.studies.of(ADDRESS)
        assert running is not None
        return running

    async def close(self) -> None:
        await self.studies.close()
        await self.sessions.close()
        self.vault.clear()


@in_virtual_time
async def test_a_study_is_run_to_its_end_and_says_what_happens(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=2)
    await world.first.create(most_trials=2)
    form = Form(world)
    running = await form.start()
    await until(lambda: not running.is_working)
    assert (running.why, running.trouble) == ("It has its 2 trials.", "")
    assert any("tune-001 begins" in each for each in running.messages)
    assert len(running.study.ranked) == 2
    assert form.vault.leases == 0
    await form.close()


@pytest.mark.parametrize("how", ["the tab goes", "the person leaves it"])
@in_virtual_time
async def test_what_is_armed_goes_on_when_it_is_run_here_no_more(tmp_path: Path, how: str) -> None:
    world = StudyWorld(tmp_path, steps=30)
    await world.first.create(most_trials=2)
    form = Form(world)
    running = await form.start()
    await until(lambda: world.pods.scripts)
    await asyncio.sleep(60)
    if how == "the tab goes":
        form.vault.disconnected(TAB, "page")
    else:
        form.studies.leave(ADDRESS)
    await until(lambda: not running.is_working)
    assert len(world.harness.live()) == 1
    assert form.vault.leases == 0
    assert running.work is None  # a task that is over would keep the keys
    assert ("its keys changed" in running.trouble) == (how == "the tab goes")
    await asyncio.sleep(7200)
    assert world.harness.posts() == 1  # nobody begins the second
    end = await world.second.run()
    assert [trial.state for trial in end.study.trials] == [TrialState.COMPLETE] * 2
    await form.close()


@in_virtual_time
async def test_what_ends_the_work_is_said_and_it_can_be_run_again(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=2)
    await world.first.create(most_trials=1)
    form = Form(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("launcher.services.studies.running.need_optuna", _missing)
        running = await form.start()
        await until(lambda: not running.is_working)
    assert running.trouble.startswith("A study needs Optuna")
    running = await form.start()
    await until(lambda: not running.is_working)
    assert (running.why, running.trouble) == ("It has its 1 trial.", "")
    await form.close()


@in_virtual_time
async def test_without_the_key_that_its_runs_need_nothing_begins(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path)
    await world.first.create()
    form = Form(world, has_keys=False)
    with pytest.raises(NotConfigured):
        await form.start()
    assert form.studies.of(ADDRESS) is None
    await form.close()


def _missing() -> None:
    raise NotConfigured("A study needs Optuna, which is not installed.")


@in_virtual_time
async def test_left_twice_it_still_waits_until_a_launch_has_given_its_pod_back(
    tmp_path: Path,
) -> None:
    world = StudyWorld(tmp_path, steps=30)
    await world.first.create(most_trials=1)
    form = Form(world)
    running = await form.start()
    await until(lambda: world.harness.live())  # rented, and not armed yet
    work = running.work
    assert work is not None
    form.studies.leave(ADDRESS)
    await asyncio.sleep(0)
    form.studies.leave(ADDRESS)
    await asyncio.wait([work])
    assert world.harness.live() == []
    await form.close()


@in_virtual_time
async def test_the_form_follows_a_run_of_its_study_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = StudyWorld(tmp_path, steps=10)
    await world.first.create(most_trials=1)
    form, bench = Form(world), world.first.bench
    live = Live(bench.config, bench.runs, form.sessions, bench.clock, str)
    form.studies = StudiesHere(form.sessions, form.vault, live.followed)
    now, most, real = 0, 0, watch.watch

    async def counted(*args: Any, **options: Any) -> AsyncIterator[Any]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        try:
            async for seen in real(*args, **options):
                yield seen
        finally:
            now -= 1

    monkeypatch.setattr(watch, "watch", counted)
    live.start()
    running = await form.start()
    await until(lambda: not running.is_working)
    assert running.why == "It has its 1 trial."
    assert most == 1
    (run,) = bench.runs.attempts(ADDRESS.repo, "tune-001")
    assert live.known_picture(run).ended is not None  # its page was kept up to date
    await live.stop()
    await form.close()
