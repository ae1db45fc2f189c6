"""Forgotten GPUs are looked for as soon as there is a key, beside the pages, and what was found is shown."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from nicegui.testing import User
from pydantic import SecretStr

from launcher.domain.pod import NONCE_VARIABLE, PodName
from launcher.domain.run import RunState
from launcher.stores.secrets import KeyName
from launcher.ui.application import running
from launcher.ui.state.sweeps import NEWS
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import GPU, JOBS_TOKEN
from tests.kit.page_verbs import until, use_key, visit
from tests.kit.runs import run
from tests.ui.conftest import Ground


@pytest.fixture
def forgotten(ground: Ground) -> str:
    """A pod of ours whose run has ended in the history: its id."""
    nonce = "forgotten0"
    name = str(PodName("run-01", 1, nonce))
    pod = ground.world.rent(
        {
            "name": name,
            "image": "x/y:1",
            "gpu": {"id": GPU, "count": 1},
            "env": {NONCE_VARIABLE: nonce},
        }
    )
    ended = run(nonce=nonce, state=RunState.ENDED, end_reason=EndReason.FINISHED)
    ground.site.history.add(replace(ended, pod_id=pod.id, pod_name=name))
    return pod.id


def live(ground: Ground) -> list[str]:
    return [pod.id for pod in ground.world.live_pods()]


async def test_a_typed_key_sweeps_its_account_and_every_page_says_what_went(
    person: User, ground: Ground, forgotten: str
) -> None:
    await visit(person, "/keys")
    assert live(ground) == [forgotten]
    use_key(person, KeyName.RUNPOD, ground.world.api_key)
    await until(lambda: live(ground) == [])
    await person.should_see("was removed", retries=30)
    await person.should_see("its run is over", retries=30)
    await visit(person, "/runs")
    await person.should_see("A forgotten GPU, launcher-run-01-a1-forgotten0, was removed")
    ground.clock.moment += NEWS + timedelta(seconds=1)
    await visit(person, "/runs")
    await person.should_not_see("A forgotten GPU")


async def test_a_key_of_another_place_alone_sweeps_that_place(person: User, ground: Ground) -> None:
    ended = run(nonce="forgotten0", state=RunState.ENDED, end_reason=EndReason.FINISHED)
    ground.start_job(ended)
    await visit(person, "/keys")
    use_key(person, KeyName.HF_JOBS, JOBS_TOKEN)
    await until(lambda: ground.core.jobs.live() == [])
    await person.should_see("was removed", retries=30)


async def test_the_same_keys_sweep_once(holder: User, ground: Ground) -> None:
    sweeps = ground.site.sweeps
    await ground.site.sessions.of(holder.tab_id)
    await until(lambda: sweeps.version == 1)
    await ground.site.sessions.of(holder.tab_id)
    await asyncio.sleep(0.05)
    assert sweeps.version == 1


async def test_a_key_in_the_environment_sweeps_at_the_start_without_any_page(
    ground: Ground, forgotten: str
) -> None:
    ground.site.environment = {"RUNPOD_API_KEY": ground.world.api_key}
    async with running(ground.site):
        await until(lambda: ground.site.sweeps.last is not None)
    assert live(ground) == []


async def test_without_any_key_nothing_is_asked(ground: Ground) -> None:
    async with running(ground.site):
        await asyncio.sleep(0.05)
    assert ground.world.requests == []
    assert ground.site.sweeps.last is None


async def test_a_pod_that_cannot_be_removed_is_red_on_every_page(
    person: User, ground: Ground, forgotten: str
) -> None:
    weak = ground.world.add_key(kind="restricted", without={"pods:write"})
    ground.site.vault.connected(person.tab_id, "test")
    ground.site.vault.put(person.tab_id, KeyName.RUNPOD.value, SecretStr(weak.value))
    await ground.site.sessions.of(person.tab_id)
    await until(lambda: ground.site.sweeps.version == 1)
    await visit(person, "/")
    await person.should_see("could not be removed")
    await visit(person, "/keys")
    await person.should_see("It may still be rented, for $")
    await person.should_see("Look again here, or end it at console.runpod.io/pods.")
    assert live(ground) == [forgotten]


async def test_an_account_that_does_not_answer_is_said_and_swept_with_the_next_session(
    holder: User, ground: Ground
) -> None:
    ground.world.faults.switch_on("server-errors")
    session = await ground.site.sessions.of(holder.tab_id)
    await until(lambda: ground.site.sweeps.version == 1)
    last = ground.site.sweeps.last
    assert last is not None
    assert last.trouble
    ground.world.faults.switch_off()
    await visit(holder, "/keys")
    assert await ground.site.sweeps.sweep(session.bench) is not None
    await holder.should_see("No forgotten GPUs", retries=30)
