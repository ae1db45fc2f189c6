"""A program that imports the launcher, above an emulated cloud and Hub; time passes only while a call is waited for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from launcher.api import desk
from launcher.api.background import BACKGROUND
from launcher.config import Config
from launcher.services.common.workbench import Workbench
from launcher.stores.secrets import Keys
from tests.kit.clouds import TOKENS
from tests.kit.virtual_time import VirtualLoop
from tests.services.harness import LauncherHarness


def patient_loop() -> VirtualLoop:
    """None of its time goes by while nobody waits for anything."""
    return VirtualLoop(lambda: bool(BACKGROUND.under_way))


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LauncherHarness]:
    """What stands outside of the program; in it, `import launcher` just works."""
    monkeypatch.setattr(BACKGROUND, "_new_loop", patient_loop)
    monkeypatch.setenv("LAUNCHER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_DATASET_TOKEN", TOKENS["read"])
    monkeypatch.setenv("HF_UPLOAD_TOKEN", TOKENS["write"])

    async def outside() -> LauncherHarness:
        return LauncherHarness(tmp_path, poll_seconds=5.0)

    harness = BACKGROUND.wait(outside())
    monkeypatch.setenv("RUNPOD_API_KEY", harness.world.api_key)

    @asynccontextmanager
    async def at_bench(config: Config, keys: Keys) -> AsyncIterator[Workbench]:
        given = keys.runpod.get_secret_value() if keys.runpod else ""
        bench = harness.open_bench(given, home=config.data_folder.parent)
        yield bench
        bench.runs.close()

    monkeypatch.setattr(desk, "open_workbench", at_bench)
    yield harness
    BACKGROUND.close()
    harness.bench.runs.close()
