"""Every place, held to what any has to do; and one made up, which proves that the kit itself knows no cloud."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from launcher.emulator.runpod import ExecOutcome, Gateway, RunPodWorld, ScriptedRunner
from launcher.providers.registry import PLACES
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.provider import RunPodProvider
from launcher.providers.ssh.provider import SshProvider
from tests.kit.clocks import LoopClock, WorldClock
from tests.kit.virtual_time import StreamingTransport, VirtualLoop
from tests.providers.conformance import ProviderConformance, ProviderStage
from tests.providers.job_stage import HfJobsStage, counting
from tests.providers.meadow import MeadowStage
from tests.providers.own_stage import OwnStage


class RunPodStage:
    """The emulated cloud, and the real client before it."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        answer = lambda container, command: ExecOutcome(0, " ".join(command), "", False)  # noqa: E731
        runner = ScriptedRunner(counting, answer)
        self._world = RunPodWorld(WorldClock(loop), runner)
        self.provider = self._with_key(self._world.api_key)

    def _with_key(self, key: str) -> RunPodProvider:
        transport = StreamingTransport(Gateway(self._world, in_process=True))
        return RunPodProvider(RunPodClient(SecretStr(key), "https://cloud", transport=transport))

    @property
    def paid(self) -> int:
        return len(self._world.live_pods())

    @property
    def asked(self) -> int:
        return len(self._world.requests)

    def with_bad_key(self) -> RunPodProvider:
        return self._with_key("rpa_nobody_has_this_one")

    def lose_the_next_answer(self) -> None:
        self._world.faults.switch_on("create-dropped-but-rents", times=1)

    def sell_out(self) -> None:
        self._world.faults.switch_on("no-capacity")

    def silence(self) -> None:
        self._world.faults.switch_on("server-errors")

    def remove(self, pod_id: str) -> None:
        self._world.act(self._world.pods[pod_id], "terminate")

    def take_away_exec(self) -> None:
        self._world.extras.switch_off("exec")

    def take_away_secrets(self) -> None:
        self._world.extras.switch_off("secrets")


class TestHuggingFaceJobs(ProviderConformance):
    has_exec = False
    keeps_secrets = False

    @pytest.fixture(autouse=True)
    def _in_a_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def stage(self) -> ProviderStage:
        return HfJobsStage(self.folder)


class TestThisComputer(ProviderConformance):
    keeps_secrets = False

    @pytest.fixture(autouse=True)
    def _in_a_folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def stage(self) -> ProviderStage:
        return OwnStage(self.folder)


class TestAMachineBySsh(TestThisComputer):
    def stage(self) -> ProviderStage:
        return OwnStage(
            self.folder,
            lambda machine: SshProvider("gpubox", machine=machine, clock=LoopClock()),
        )


class TestRunPod(ProviderConformance):
    def stage(self) -> ProviderStage:
        return RunPodStage()


class TestAMeadow(ProviderConformance):
    def stage(self) -> ProviderStage:
        return MeadowStage()


HELD = {
    "runpod": TestRunPod,
    "hf-jobs": TestHuggingFaceJobs,
    "local": TestThisComputer,
    "ssh": TestAMachineBySsh,
}


def test_every_place_is_held_to_it() -> None:
    assert set(HELD) == set(PLACES)
