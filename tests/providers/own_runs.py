"""Runs on a machine of one's own with real processes, above the emulated Hub alone: planned, launched, talked to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from launcher.config import read_config
from launcher.domain.plan import Plan
from launcher.domain.run import Run
from launcher.emulator.hub import HubEmulator
from launcher.services.common.observations import EventSeen, LogSeen, RunEnded
from launcher.services.common.workbench import Workbench, open_workbench
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import KeyName, Keys, find_keys

RESULTS_REPO = "demo/results"
NOBODY = "http://127.0.0.1:9"
"""A Hub that whoever asks it does not reach."""
AT_WORK = (
    "mkdir -p out; echo half > out/so-far.txt; echo at work; trap 'echo whole > out/so-far.txt; exit 0' TERM; "
    "while :; do sleep 0.1; done"
)
"""It works until it is told to end, and has something to deliver then."""


@dataclass
class Told:
    """What one watcher was told."""

    run: Run
    lines: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class OwnRuns:
    """A person's computer, with a workbench on it."""

    bench: Workbench
    keys: Keys
    where: Mapping[str, Any]

    async def planned(
        self, script: str = AT_WORK, *, resume: bool = False, **settings: Any
    ) -> Plan:
        given = {
            "recipe": "command",
            "argv": ["sh", "-c", script],
            "max_hours": 0.2,
            **self.where,
            **settings,
        }
        if "results_folder" not in given:
            given["results_repo"] = RESULTS_REPO
        return await make_plan(self.bench, compose(None, given), self.keys, resume=resume)

    async def launched(
        self, script: str = AT_WORK, *, resume: bool = False, **settings: Any
    ) -> Run:
        plan = await self.planned(script, resume=resume, **settings)
        assert plan.errors == ()
        return await launch(self.bench, plan, self.keys)

    async def followed(
        self, run: Run, at_work: Callable[[], Any] | None = None, text: str = "at work"
    ) -> Told:
        """To its end; `at_work` is awaited once the command has said that it works."""
        told = Told(run)
        async with aclosing(watch(self.bench, run)) as observations:
            async for seen in observations:
                if isinstance(seen, LogSeen):
                    told.lines.append(seen.text)
                    if text in seen.text and at_work is not None:
                        act, at_work = at_work, None
                        await act()
                if isinstance(seen, EventSeen):
                    told.events.append(seen.event.event)
                if isinstance(seen, RunEnded):
                    told.run = seen.run
        return told


@asynccontextmanager
async def own_runs(
    hub: HubEmulator | None, home: Path, where: Mapping[str, Any]
) -> AsyncIterator[OwnRuns]:
    """`where`: the settings that say which machine. Without a Hub nobody answers there, and there is no token."""
    environment = {"HF_ENDPOINT": NOBODY, "LAUNCHER_HOME": str(home)}
    if hub is not None:
        environment |= {
            "HF_ENDPOINT": hub.url,
            KeyName.HF_DATASET.variable: hub.tokens["read"],
            KeyName.HF_UPLOAD.variable: hub.tokens["write"],
        }
    config = replace(read_config(environment), poll_seconds=1.0, reconcile_seconds=2.0)
    keys = find_keys(environment)
    async with open_workbench(config, keys) as bench:
        yield OwnRuns(bench, keys, where)


def readable(pid: int) -> bytes:
    """Environment and command line of a process, as whoever may looks at them."""
    folder = Path("/proc") / str(pid)
    try:
        return (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
    except OSError:
        return b""
