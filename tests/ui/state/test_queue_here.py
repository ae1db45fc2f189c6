"""The queue worked on by the form: with the keys of a tab, and no longer than they are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from launcher.domain.queued import EntryState
from launcher.domain.run import RunState
from launcher.services.common.workbench import Workbench
from launcher.services.following.watch import watch
from launcher.stores.queue import QueueStore
from launcher.stores.secrets import KeyName, Keys
from launcher.ui.state.queue_here import QueueHere
from launcher.ui.state.sessions import Session, Sessions
from launcher.ui.state.vault import Vault
from tests.kit.virtual_time import in_virtual_time
from tests.services.queue.harness import QueueHarness, until

RUNNING, WAITING, DONE = EntryState.RUNNING, EntryState.WAITING, EntryState.DONE
TAB = "tab"


class Form:
    """A form whose tab holds every key, above the emulated cloud."""

    def __init__(self, harness: QueueHarness) -> None:
        @asynccontextmanager
        async def open_bench(keys: Keys) -> AsyncIterator[Workbench]:
            yield harness.open_bench()

        self.vault = Vault()
        self.sessions = Sessions(self.vault, open_bench)
        self.queue = QueueHere(harness.config, self.sessions, self.vault)
        self.keys = {
            KeyName.RUNPOD: harness.keys.runpod,
            KeyName.HF_DATASET: harness.keys.hf_dataset,
            KeyName.HF_UPLOAD: harness.keys.hf_upload,
        }
        self.vault.connected(TAB, "page")
        for name, key in self.keys.items():
            assert key is not None
            self.vault.put(TAB, name.value, key)

    async def start(self) -> Session:
        session = await self.sessions.of(TAB)
        self.queue.start(TAB, session)
        return session

    async def close(self) -> None:
        await self.queue.close()
        await self.sessions.close()
        self.vault.clear()


async def followed_by_the_form(harness: QueueHarness) -> None:
    """As the form follows every run that lives."""
    async for _ in watch(harness.bench, harness.bench.runs.live()[0]):
        pass


@in_virtual_time
async def test_the_form_starts_what_waits_and_knows_when_it_is_over(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    form = Form(harness)
    await form.start()
    await until(lambda: harness.states() == [RUNNING])
    assert form.vault.leases == 1
    assert "armed" in form.queue.said[1]
    await followed_by_the_form(harness)
    await until(lambda: harness.states() == [DONE])
    form.queue.stop()
    assert form.queue.is_finishing
    await until(lambda: not form.queue.is_working)
    assert form.vault.leases == 0
    await form.close()


@in_virtual_time
async def test_when_the_tab_goes_a_launch_is_brought_to_its_end_and_nothing_more_starts(
    tmp_path: Path,
) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.armed_after = 120.0
    harness.script.ends_after = None
    for _ in range(2):
        await harness.add()
    harness.store.agree(budget_usd=10.0)
    form = Form(harness)
    await form.start()
    await until(lambda: len(harness.live()) == 1)
    form.vault.disconnected(TAB, "page")
    await until(lambda: not form.queue.is_working)
    harness.store.agree(at_most=2)
    await asyncio.sleep(600)
    assert harness.states() == [RUNNING, WAITING]
    assert harness.bench.runs.live()[0].state is RunState.RUNNING
    assert (len(harness.live()), form.vault.leases, form.vault.held(TAB)) == (1, 0, {})
    assert harness.entries()[0].claim == ""  # whoever works on it next follows it
    await form.close()


@in_virtual_time
async def test_the_program_that_ends_gives_back_what_is_not_armed(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    harness.script.armed_after = None
    await harness.add()
    harness.store.agree(budget_usd=10.0)
    form = Form(harness)
    await form.start()
    await until(lambda: len(harness.live()) == 1)
    await form.close()
    assert (harness.live(), harness.states()) == ([], [WAITING])


@in_virtual_time
async def test_a_fault_of_ours_that_ends_the_work_is_said_too(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    form = Form(harness)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("with a text that nobody is shown")

    harness.store.agree(budget_usd=10.0)
    await harness.add()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("launcher.services.queue.runner.next_turn", broken)
        await form.start()
        await until(lambda: not form.queue.is_working)
    assert "(ZeroDivisionError)" in form.queue.trouble
    assert "nobody is shown" not in form.queue.trouble
    await form.close()


@in_virtual_time
async def test_a_queue_that_cannot_be_written_is_said_and_ends_the_work(tmp_path: Path) -> None:
    harness = QueueHarness(tmp_path)
    form = Form(harness)
    harness.store.close()
    for path in harness.config.data_folder.glob("queue.sqlite*"):
        path.unlink()
    harness.config.queue_path.write_text("no database, and long enough to be taken for one" * 30)
    await form.start()
    await until(lambda: not form.queue.is_working)
    assert "cannot be opened" in form.queue.trouble
    harness.config.queue_path.unlink()
    await form.start()
    assert form.queue.trouble == ""
    assert isinstance(form.queue.store, QueueStore)
    await form.close()
