"""A person in front of the pages: NiceGUI's simulated user, above an emulated cloud and Hub in this process."""

from __future__ import annotations

import gc
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from nicegui import Client
from nicegui.testing import User
from nicegui.testing.user_simulation import user_simulation
from pydantic import SecretStr

from launcher.config import Config
from launcher.domain.pod import NONCE_VARIABLE, PodName
from launcher.domain.run import Run
from launcher.emulator.hub.core import HubCore
from launcher.emulator.hub.routes import ROUTES
from launcher.emulator.hub.transport import AsyncHubTransport, HubTransport
from launcher.emulator.runpod import Gateway, ManualClock, RunPodWorld, ScriptedRunner
from launcher.hub.access import HubAccess
from launcher.providers.hf_jobs.client import HfJobsClient
from launcher.providers.hf_jobs.place import HF_JOBS
from launcher.providers.hf_jobs.provider import HfJobsProvider
from launcher.providers.registry import default_place
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.common.workbench import NoProvider, Workbench
from launcher.services.telling.addresses import addresses_of
from launcher.services.telling.teller import Teller
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import KeyName, Keys
from launcher.ui.application import make_site
from launcher.ui.registry import register_pages
from launcher.ui.state.site import Site
from pod_image.contract.record import KeptCheckpoint, RunRecord
from pod_image.hub import Hub, Repo, ensure_results_repo, publish
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.clocks import NOW, StillClock
from tests.kit.clouds import FIXED_TOKENS, HUB_URL, JOBS, JOBS_TOKEN, TOKENS
from tests.kit.runs import run
from tests.kit.virtual_time import StreamingTransport


@dataclass
class Ground:
    """The world below the pages, and the site on it."""

    world: RunPodWorld
    core: HubCore
    site: Site
    clock: StillClock
    opened: list[Workbench] = field(default_factory=list)
    outer: FastAPI = field(default_factory=FastAPI)
    """The application with the pages' own routes, for `answer`."""

    async def answer(self, path: str) -> Response:
        """What a route beside the pages answers."""
        async with AsyncClient(transport=ASGITransport(self.outer), base_url="http://here") as user:
            return await user.get(path)

    @property
    def values(self) -> dict[KeyName, str]:
        return {
            KeyName.RUNPOD: self.world.api_key,
            KeyName.HF_DATASET: TOKENS["read"],
            KeyName.HF_UPLOAD: TOKENS["write"],
        }

    def hold_keys(self, tab: str) -> None:
        """As if the person had typed all three keys in that tab."""
        self.site.vault.connected(tab, "test")
        for name, value in self.values.items():
            self.site.vault.put(tab, name.value, SecretStr(value))

    def start_job(self, run: Run) -> None:
        """A job at Hugging Face that is the run's, which the history then knows as it is given."""
        name = str(PodName(run.run_id, 1, run.nonce))
        spec = {
            "command": ["train"],
            "dockerImage": "x/y:1",
            "flavor": "l4x1",
            "labels": {"name": name},
            "environment": {NONCE_VARIABLE: run.nonce},
        }
        job = self.core.jobs.start("demo", spec)
        self.site.history.add(replace(run, pod_id=job.id, pod_name=name, place="hf-jobs"))

    def push_results(self, files: dict[str, Path | bytes], repo: str = "me/voice") -> None:
        """Files of a run as its pod would have delivered them."""
        hub = _hub(self.core, TOKENS["write"])
        hub.ask("", lambda api: api.create_repo(repo, repo_type="model", exist_ok=True))
        publish(hub, Repo(repo, "model"), files, "results")

    def delete_results(self, *paths: str, repo: str = "me/voice") -> None:
        """As if the person had deleted these files on the Hub."""
        hub = _hub(self.core, TOKENS["write"])
        hub.ask("", lambda api: api.delete_files(repo, list(paths), repo_type="model"))

    def make_private(self, repo: str) -> None:
        hub = _hub(self.core, TOKENS["write"])
        hub.ask("", lambda api: api.update_repo_settings(repo, private=True))

    def push_clips(
        self, repo: str = "demo/clips", lines: Mapping[str, str] | None = None, times: int = 1
    ) -> None:
        """The demo's clips as a dataset repo, each so many times; `lines` are further ones of its table."""
        hub = _hub(self.core, TOKENS["write"])
        hub.ask("", lambda api: api.create_repo(repo, repo_type="dataset", exist_ok=True))
        files: dict[str, Path | bytes] = {
            path.relative_to(DEMO_CLIPS).as_posix(): path
            for path in DEMO_CLIPS.rglob("*")
            if path.suffix in (".flac", ".csv")
        }
        for table in [path for path in files if path.endswith(".csv") and lines]:
            more = "".join(f"{file}|{text}\n" for file, text in (lines or {}).items())
            files[table] = (DEMO_CLIPS / table).read_bytes() + more.encode()
        for number in range(1, times):
            for path in (DEMO_CLIPS / "wavs").glob("*.flac"):
                files[f"wavs/{number}-{path.name}"] = path
        if times > 1:
            rows = (DEMO_CLIPS / "metadata.csv").read_text("utf-8").splitlines()
            again = [f"{number}-{row}" for number in range(1, times) for row in rows]
            files["metadata.csv"] = "\n".join([*rows, *again]).encode()
        publish(hub, Repo(repo, "dataset"), files, "clips")

    def push_run_record(self, repo: str = "demo/voice", **settings: object) -> None:
        """A run in the results repo that has come to a checkpoint with these settings."""
        hub = _hub(self.core, TOKENS["write"])
        ensure_results_repo(hub, repo)
        record = RunRecord(
            run_id="run-01", attempt=1, nonce="0123456789", state="ended", contract=1, recipe="piper",
            settings=settings, checkpoint=KeptCheckpoint(step=9, paths=("checkpoints/a",)),
        )  # fmt: skip
        publish(hub, Repo(repo, "model"), {"run-01/run.json": record.to_json().encode()}, "a run")


def some_clips(folder: Path, count: int) -> Path:
    """The folder with so many of the demo's clips and their table, which is quicker than all of them."""
    folder.mkdir(parents=True)
    lines = (DEMO_CLIPS / "metadata.csv").read_text("utf-8").splitlines()[:count]
    (folder / "metadata.csv").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    for path in sorted((DEMO_CLIPS / "wavs").iterdir())[:count]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


TOKENS_OF_ALL = {**FIXED_TOKENS, JOBS_TOKEN: JOBS}


def _hub(core_: HubCore, token: str | None) -> Hub:
    return Hub(
        SecretStr(token) if token else None,
        endpoint=HUB_URL,
        transport=HubTransport(core_),
        use_xet=False,
    )


def _jobs(core: HubCore, keys: Keys, clock: StillClock) -> Any:
    if keys.hf_jobs is None:
        return NoProvider(HF_JOBS)
    hub = _hub(core, keys.hf_jobs.get_secret_value())
    client = HfJobsClient(keys.hf_jobs, HUB_URL, hub=hub, transport=AsyncHubTransport(core))
    return HfJobsProvider(client, clock=clock)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    world = RunPodWorld(ManualClock(NOW.timestamp()), ScriptedRunner())
    hub_core = HubCore(tmp_path / "hub", time.time, ROUTES, xet=False, tokens=TOKENS_OF_ALL)
    hub_core.public_url, hub_core.cdn_url = HUB_URL, "http://cdn.test"
    transport = StreamingTransport(Gateway(world, in_process=True))
    clock = StillClock()
    home = tmp_path / "home"
    config = Config(
        home / "config", home / "data", place_urls={"runpod": "https://cloud"}, hub_url=HUB_URL
    )
    made: list[Workbench] = []

    @asynccontextmanager
    async def open_bench(keys: Keys) -> AsyncIterator[Workbench]:
        provider: Any = NoProvider(default_place())
        if keys.runpod is not None:
            client = RunPodClient(
                keys.runpod, "https://cloud", transport=transport, attempts=1, clock=clock
            )
            provider = RunPodProvider(client, sleep=clock.sleep)
        tokens = [
            one.get_secret_value() if one else None for one in (keys.hf_dataset, keys.hf_upload)
        ]
        access = HubAccess(_hub(hub_core, tokens[0]), _hub(hub_core, tokens[1]))
        runs = RunHistory(config.history_path)
        teller = Teller(addresses_of(keys), clock=clock)
        others = {"hf-jobs": _jobs(hub_core, keys, clock)}
        bench = Workbench(config, provider, access, runs, clock, teller=teller, others=others)
        made.append(bench)
        try:
            yield bench
        finally:
            runs.close()

    site = make_site(config, clock=clock, environment={}, open_bench=open_bench)
    yield Ground(world, hub_core, site, clock, made)
    world.close()


@pytest.fixture(scope="session")
def imported_for_good() -> Iterator[None]:
    """The simulation looks through all of memory twice for each test: leave out what every import has made."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
async def person(
    ground: Ground, imported_for_good: None, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[User]:
    """Opens pages of the site. Any ERROR in the log fails the test."""
    async with user_simulation() as user:
        register_pages(ground.site, ground.outer)
        ground.site.live.refresh()
        yield user
        # A page's sender that is cancelled while it waits may miss it, and two seconds are then waited for it.
        for client in list(Client.instances.values()):
            client.delete()
        # NiceGUI would throw our modules out of memory, and with them every class a test holds.
        Client.page_routes.clear()
    await ground.site.live.stop()
    await ground.site.sessions.close()
    ground.site.vault.clear()
    ground.site.history.close()
    errors = [record for record in caplog.get_records("call") if record.levelname == "ERROR"]
    assert not errors, [record.getMessage() for record in errors]


@pytest.fixture
async def holder(person: User, ground: Ground) -> User:
    """A person whose tab holds all keys."""
    ground.hold_keys(person.tab_id)
    return person


def place(ground: Ground, **changes: object) -> Run:
    one = run(**changes)
    ground.site.history.add(one)
    ground.site.live.refresh()
    return one
