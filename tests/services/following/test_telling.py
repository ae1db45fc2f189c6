"""A run from its order to its end, and who is told of it: by a pod that tells, and by this computer for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from launcher.emulator.runpod import ScriptedContainer
from launcher.errors import LauncherError, RunFailed
from launcher.services.common.workbench import Workbench
from launcher.services.following.watch import OUTSTAYED, watch
from launcher.services.launching.launch import launch
from launcher.services.telling.addresses import addresses_in
from launcher.stores.runs import RecordKind
from launcher.stores.secrets import Keys
from pod_image.contract.environment import RunDocument
from tests.kit.plans import plan
from tests.kit.receivers import NTFY, SECRET_WORDS
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

KEPT = f"desktop {NTFY}"
MARK = addresses_in(NTFY)[0].mark
Say = Callable[..., None]


class Told(LauncherHarness):
    """A person who keeps addresses, and a pod that tells at those it was handed."""

    def __init__(self, folder: Path, *, taken: bool = True, says_it: bool = True) -> None:
        super().__init__(folder)
        self.keys = replace(self.keys, notify=SecretStr(KEPT))
        self.bench = self.with_teller(self.bench)
        self.taken, self.says_it = taken, says_it
        self._say: Say = self.script.say
        self.script.say = self.say  # type: ignore[method-assign]  # of this one script

    def with_teller(self, bench: Workbench) -> Workbench:
        return replace(bench, teller=self.teller(self.keys))

    def say(
        self, container: ScriptedContainer, document: RunDocument, event: str, **rest: Any
    ) -> None:
        if event == "ended":
            self.tell(container, document, "ended")
        self._say(container, document, event, **rest)
        if event == "armed":
            self.tell(container, document, "armed")
        if event == "step" and rest["step"] == 2:
            self._say(container, document, "sample", step=2, path="samples/2.wav")
            self.tell(container, document, "first-sample")

    def tell(self, container: ScriptedContainer, document: RunDocument, kind: str) -> None:
        if not self.says_it or "LAUNCHER_NOTIFY" not in container.spec.env:
            return
        marks = {"to": [MARK]} if self.taken else {"failed": [MARK]}
        id = f"{document.attempt.nonce}-{kind}"
        self._say(container, document, "told", id=id, kind=kind, **marks)

    async def live_through(self) -> None:
        """The whole run, followed by one program."""
        told_plan = plan(told_from_pod=("ntfy.test",))
        run = await launch(self.bench, told_plan, self.keys)
        async for _ in watch(self.bench, run):
            pass
        await self.bench.teller.settle()


@in_virtual_time
async def test_what_its_pod_tells_is_told_by_nobody_else_and_the_rest_by_this_computer(
    tmp_path: Path,
) -> None:
    harness = Told(tmp_path)
    await harness.live_through()
    assert harness.told.kinds("desktop") == ["armed", "first-sample", "ended"]
    assert harness.told.kinds("ntfy.test") == []
    link = harness.told.got[-1][1].link
    assert link == "http://hub.test/demo/voices/tree/main/run-01"


@in_virtual_time
async def test_what_its_pod_could_not_tell_is_told_from_here(tmp_path: Path) -> None:
    harness = Told(tmp_path, taken=False)
    await harness.live_through()
    assert harness.told.kinds("ntfy.test") == ["armed", "first-sample", "ended"]
    assert max(harness.told.lateness(kind) for kind in ("armed", "first-sample", "ended")) < 60


@in_virtual_time
async def test_a_pod_that_says_nothing_of_it_is_made_up_for_within_a_minute(tmp_path: Path) -> None:
    harness = Told(tmp_path, says_it=False)
    await harness.live_through()
    assert sorted(harness.told.kinds("ntfy.test")) == ["armed", "ended", "first-sample"]
    assert max(harness.told.lateness(kind) for kind in ("armed", "first-sample", "ended")) < 60


@in_virtual_time
async def test_the_address_lies_in_the_account_for_the_run_and_in_nothing_that_is_kept(
    tmp_path: Path,
) -> None:
    harness = Told(tmp_path)
    run = await launch(harness.bench, plan(told_from_pod=("ntfy.test",)), harness.keys)
    secret = harness.world.account.secrets
    (mine,) = [each for each in secret.values() if each.name.endswith("_notify")]
    assert mine.value == NTFY  # and not the word desktop
    body = next(each for each in harness.world.pods.values())
    assert body.env["LAUNCHER_NOTIFY"].startswith("{{ RUNPOD_SECRET_")
    async for _ in watch(harness.bench, run):
        pass
    assert harness.secret_names() == []
    await harness.bench.teller.settle()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert not any(word.encode() in kept for word in SECRET_WORDS)
    assert harness.bench.runs.kept(run, RecordKind.TOLD_BY_POD) == {"marks": [MARK]}


@in_virtual_time
async def test_an_address_is_not_handed_over_where_the_plan_does_not_say_so(tmp_path: Path) -> None:
    harness = Told(tmp_path)
    await launch(harness.bench, plan(), harness.keys)
    assert not any(name.endswith("_notify") for name in harness.secret_names())
    await asyncio.sleep(1)
    assert harness.told.kinds("ntfy.test") == ["armed"]


@in_virtual_time
async def test_a_watcher_that_comes_later_knows_where_the_pod_tells(tmp_path: Path) -> None:
    harness = Told(tmp_path)
    run = await launch(harness.bench, plan(told_from_pod=("ntfy.test",)), harness.keys)
    await harness.bench.teller.settle()
    later = harness.with_teller(harness.open_bench())
    async for _ in watch(later, run):
        pass
    await later.teller.settle()
    assert harness.told.kinds("desktop") == ["armed", "first-sample", "ended"]
    assert harness.told.kinds("ntfy.test") == []


@in_virtual_time
async def test_whoever_follows_from_the_start_once_more_tells_nothing_again(tmp_path: Path) -> None:
    harness = Told(tmp_path)
    harness.script.ends_after = 200.0
    run = await launch(harness.bench, plan(told_from_pod=("ntfy.test",)), harness.keys)
    await asyncio.sleep(30)
    for _ in range(2):
        again = harness.with_teller(harness.open_bench())
        async for _seen in watch(again, run, from_start=True):
            pass
        await again.teller.settle()
    await harness.bench.teller.settle()
    assert harness.told.kinds("desktop") == ["armed", "first-sample", "ended"]


@in_virtual_time
async def test_a_pod_that_is_lost_is_told_of_from_here(tmp_path: Path) -> None:
    harness = Told(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(told_from_pod=("ntfy.test",)), harness.keys)
    harness.world.faults.switch_on("pod-vanishes", times=1)
    async for _ in watch(harness.bench, run):
        pass
    await harness.bench.teller.settle()
    assert harness.told.kinds("ntfy.test") == [
        "armed",
        "ended",
    ]  # it went before it said a word of the first
    assert harness.told.got[-1][1].title == "run-01 ended: lost"


@in_virtual_time
async def test_a_launch_that_came_to_nothing_is_told_to_whoever_walked_away(tmp_path: Path) -> None:
    harness = Told(tmp_path)
    harness.script.can_release = False
    with pytest.raises(RunFailed):
        await launch(harness.bench, plan(told_from_pod=("ntfy.test",)), harness.keys)
    await harness.bench.teller.settle()
    assert harness.told.kinds("ntfy.test") == ["ended"]
    assert harness.told.got[-1][1].title == "run-01 ended: boot failed"


@in_virtual_time
async def test_a_pod_that_stays_and_cannot_be_released_is_told_of(tmp_path: Path) -> None:
    harness = Told(tmp_path)
    harness.script.releases = False
    run = await launch(harness.bench, plan(told_from_pod=("ntfy.test",)), harness.keys)
    harness.world.faults.switch_on("delete-500")

    async def follow() -> None:
        async for _ in watch(harness.bench, run):
            pass

    following = asyncio.create_task(follow())
    await asyncio.sleep(300)
    assert harness.told.kinds("ntfy.test") == ["unproven"]
    ended_at, told_at = (
        at
        for where, news, at in harness.told.got
        if where == "desktop" and news.kind in ("ended", "unproven")
    )
    assert told_at - ended_at < OUTSTAYED.total_seconds() + 60
    harness.world.faults.switch_off()
    await following
    await harness.bench.teller.settle()
    assert harness.told.kinds("desktop") == ["armed", "first-sample", "ended", "unproven"]


@in_virtual_time
async def test_a_launch_whose_pod_cannot_be_proved_gone_is_told_of(tmp_path: Path) -> None:
    harness = Told(tmp_path)
    harness.script.can_release = harness.script.releases = False
    harness.world.faults.switch_on("delete-500")
    with pytest.raises(LauncherError):
        await launch(harness.bench, plan(told_from_pod=("ntfy.test",)), harness.keys)
    await harness.bench.teller.settle()
    assert harness.told.kinds("desktop") == ["unproven"]


@in_virtual_time
async def test_caps_are_told_of_while_the_pod_is_followed(tmp_path: Path) -> None:
    harness = Told(tmp_path)
    harness.script.ends_after = None
    harness.script.heartbeat_seconds = 30.0
    run = await launch(harness.bench, plan(settings={"max_hours": 0.25}), harness.keys)

    async def follow() -> None:
        async for _ in watch(harness.bench, run):
            pass

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.95 * 900)
    assert harness.told.kinds("desktop") == ["armed", "first-sample", "time-cap"]
    assert harness.told.lateness("time-cap") < 60
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await harness.bench.teller.settle()


def test_keys_show_no_address() -> None:
    shown = repr(Keys(notify=SecretStr(KEPT)))
    assert not any(word in shown for word in SECRET_WORDS)
