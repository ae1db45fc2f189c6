"""Errors of what goes on in the background: kept with their run and shown, whoever looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from nicegui.testing import User

from launcher.domain.run import Run
from launcher.providers.registry import default_place
from launcher.services.common.workbench import Workbench
from launcher.services.live.launches import Launch
from launcher.services.live.live_runs import RETRY_SECONDS, Live
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import Keys
from launcher.ui.frame import Shell, in_background, page
from launcher.ui.next_steps import on_page
from launcher.ui.state.sessions import Sessions
from tests.kit.page_verbs import until, visit
from tests.kit.runs import run
from tests.ui.conftest import Ground


class _Broken:
    """A provider with a fault of ours in every method."""

    place = default_place()
    calls = 0
    is_in_use = True
    clock_ahead = timedelta(0)

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError("secret words of a fault")


class _BrokenAtTheOrder(_Broken):
    """It still tells what lives, as it is asked before anything is ordered."""

    async def pods(self) -> tuple[()]:
        return ()


@pytest.fixture
def sound(ground: Ground) -> Sessions:
    """The site's sessions as they were before anything broke."""
    return ground.site.sessions


@pytest.fixture
def broken(ground: Ground, sound: Sessions) -> Live:
    """The site's run state on workbenches whose provider is broken."""
    return _on_provider(ground, sound, _Broken())


@pytest.fixture
def broken_at_the_order(ground: Ground, sound: Sessions) -> Live:
    return _on_provider(ground, sound, _BrokenAtTheOrder())


def _on_provider(ground: Ground, sound: Sessions, provider: _Broken) -> Live:
    @asynccontextmanager
    async def open_bench(keys: Keys) -> AsyncIterator[Workbench]:
        async with sound.open_bench(keys) as bench:
            yield replace(bench, provider=provider)

    site = ground.site
    site.sessions = Sessions(site.vault, open_bench)
    site.live = Live(site.config, site.history, site.sessions, site.clock, on_page)
    return site.live


def _placed(ground: Ground) -> Run:
    one = run()
    ground.site.history.add(one)
    ground.site.live.refresh()
    return one


async def _over(job: Launch) -> None:
    await until(lambda: job.is_over)
    assert job.task is not None
    await asyncio.gather(job.task, return_exceptions=True)


async def test_a_run_that_cannot_be_followed_says_so_and_is_tried_again(
    person: User, ground: Ground, broken: Live, caplog: pytest.LogCaptureFixture
) -> None:
    one = _placed(ground)
    ground.hold_keys("some-tab")
    await ground.site.sessions.of("some-tab")
    broken.start()
    await until(lambda: one.nonce in broken.troubles)
    await visit(person, f"/runs/{one.nonce}")
    await person.should_see("No contact with the GPU")
    await person.should_see("Following the run failed in this program (ZeroDivisionError).")
    assert not broken.is_watched(one.nonce)
    said = [entry.text for entry in broken.view(one).log]
    assert said == ["Following the run failed in this program (ZeroDivisionError)."]
    assert "secret words" not in str(said)
    ground.clock.moment += timedelta(seconds=RETRY_SECONDS + 1)
    broken.refresh()
    caplog.clear()


async def test_a_launch_that_fails_by_a_fault_of_ours_is_told_and_kept(
    person: User,
    ground: Ground,
    sound: Sessions,
    broken_at_the_order: Live,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ground.push_clips()
    ground.hold_keys("some-tab")
    keys = sound.keys_of("some-tab")
    given = {"recipe": "command", "argv": ["true"], "results_repo": "demo/voice", "cloud": "any"}
    async with sound.open_bench(keys) as bench:
        plan = await make_plan(bench, compose(None, given), keys)
    broken = broken_at_the_order
    job = broken.launches.begin("dialog-1", plan, keys, nullcontext)
    assert broken.launches.begin("dialog-1", plan, keys, nullcontext) is job
    await _over(job)
    assert job.error is not None
    assert job.error.message == "The launch failed in this program (ZeroDivisionError)."
    assert job.run is not None
    kept = ground.site.history.by_nonce(job.run.nonce)
    assert kept is not None
    assert kept.detail == job.error.message
    await visit(person, f"/runs/{job.run.nonce}")
    await person.should_see("The launch failed")
    await person.should_see(job.error.message)
    caplog.clear()


async def test_an_error_beside_a_page_is_shown_on_it_without_values(
    person: User, ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails() -> None:
        raise ValueError("secret words of a fault")

    async def build(shell: Shell) -> None:
        in_background(fails(), "test")

    page(ground.site, "/test-of-a-fault", "A page", build)
    await visit(person, "/test-of-a-fault")
    await person.should_see("Something went wrong in this program (ValueError).")
    await person.should_see("in fails")
    await person.should_not_see("secret words")
    caplog.clear()
