"""Every place, held to what any has to do; and one made up, which proves that the kit itself knows no cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.domain.offer import Stock
from launcher.providers.registry import PLACES
from launcher.providers.ssh.provider import SshProvider
from pod_image.contract.common_settings import Cloud
from tests.kit.clocks import LoopClock
from tests.kit.virtual_time import in_virtual_time
from tests.providers.cluster_conformance import ClusterConformance
from tests.providers.conformance import ProviderConformance, ProviderStage
from tests.providers.job_stage import HfJobsStage
from tests.providers.meadow import MeadowStage
from tests.providers.own_stage import OwnStage
from tests.providers.runpod_stage import RunPodClusterStage, RunPodStage


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

    @in_virtual_time
    async def test_a_gpu_that_a_run_was_given_just_now_is_not_offered_as_free(self) -> None:
        stage = self.stage()
        await self.rented(stage)
        (both,) = await stage.provider.offers(2, Cloud.ANY, ())
        assert both.stock is Stock.NONE


class TestAMachineBySsh(TestThisComputer):
    def stage(self) -> ProviderStage:
        return OwnStage(
            self.folder,
            lambda machine: SshProvider("gpubox", machine=machine, clock=LoopClock()),
        )


class TestRunPod(ProviderConformance):
    def stage(self) -> ProviderStage:
        return RunPodStage()


class TestRunPodClusters(ClusterConformance):
    def stage(self) -> RunPodClusterStage:
        return RunPodClusterStage()


class TestAMeadow(ProviderConformance):
    def stage(self) -> ProviderStage:
        return MeadowStage()


HELD: dict[str, tuple[type[ProviderConformance], ...]] = {
    "runpod": (TestRunPod, TestRunPodClusters),
    "hf-jobs": (TestHuggingFaceJobs,),
    "local": (TestThisComputer,),
    "ssh": (TestAMachineBySsh,),
}


def test_every_place_is_held_to_it() -> None:
    assert set(HELD) == set(PLACES)
    for name, held in HELD.items():
        has_clusters = PLACES[name]().most_nodes > 1
        assert [each.nodes > 1 for each in held] == [False, True][: 1 + has_clusters], name
