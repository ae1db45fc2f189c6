"""A Piper voice that learns from another voice: what it needs, how long it takes, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from launcher.domain.needs import DiskRoom, GpuMemory, SpeechWanted
from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.domain.run import Run
from launcher.recipes.base import USUAL_START_SECONDS, Configuration, PhaseWords, Recipe, Start
from launcher.recipes.distil.estimate import estimate, made_dataset
from launcher.recipes.distil.sentences import with_sentences
from launcher.recipes.distil.teacher_findings import teacher_findings
from launcher.recipes.distil.teacher_voice import look_at_teacher
from launcher.recipes.own_runs import by_own_run
from launcher.recipes.piper.recipe import PiperRecipe
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.outcomes import Phase
from pod_image.contract.own_machine import PROCESSOR
from pod_image.contract.recipes.distil import DistilSettings
from pod_image.contract.settings import RunSettings
from pod_image.hub import Hub

KEPT_BESIDE = 3
"""Each clip is on the disk as it was spoken, as it is kept, and in what is delivered."""


class DistilRecipe(PiperRecipe):
    """Its dataset is made on the pod; one that a run names is for its sentences, or for the teacher alone."""

    trains_on_nodes = False
    shown = replace(
        PiperRecipe.shown,
        phases={
            **PiperRecipe.shown.phases,
            Phase.PREPARE: PhaseWords(
                "Speak and hear the clips", "clips are spoken, heard and prepared"
            ),
        },
    )

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        own = DistilSettings.of(settings)
        teacher = own.teacher_file.rpartition("/")[2].removesuffix(".onnx") or "a command"
        return f"{super().summary(settings, resume=resume)}, by what {teacher} says"

    def memory_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> GpuMemory:
        return super().memory_needed(settings, made_dataset(DistilSettings.of(settings)))

    def disk_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> DiskRoom:
        made = made_dataset(DistilSettings.of(settings))
        fetched_bytes = dataset.size_bytes if dataset else 0
        room = replace(made, size_bytes=KEPT_BESIDE * made.size_bytes + fetched_bytes)
        needed = super().disk_needed(settings, room)
        return DiskRoom(needed.gb, needed.basis.replace("dataset", "clips"))

    def estimate(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        offer: Offer,
        history: Sequence[Run],
        start_seconds: float = USUAL_START_SECONDS,
    ) -> Estimate | None:
        own = by_own_run(settings, offer, history, start_seconds)
        if own is not None or offer.gpu_type == PROCESSOR:
            return own
        return estimate(DistilSettings.of(settings), offer, start_seconds)

    def how_to_be_shorter(self, settings: RunSettings) -> Said:
        return Sentence("lower ", setting("epochs"), " or ", setting("spoken_clips"))

    def speech_wanted(self, settings: RunSettings) -> SpeechWanted | None:
        """No recording of a dataset is trained on."""
        return None

    def look_at_start(self, hub: Hub, settings: RunSettings) -> Start:
        start = super().look_at_start(hub, settings)
        teacher = look_at_teacher(hub, DistilSettings.of(settings))
        terms = [f"the teacher's: {teacher.terms}"] if teacher.terms else []
        licence = "; ".join([*([start.licence] if start.licence else []), *terms])
        return Start(licence, (*start.findings, *teacher.findings))

    def configuration(self, settings: RunSettings, given: Mapping[str, bytes]) -> Configuration:
        return with_sentences(DistilSettings.of(settings), given)

    def findings(
        self, settings: RunSettings, dataset: DatasetSummary | None
    ) -> tuple[Finding, ...]:
        own = DistilSettings.of(settings)
        return (*super().findings(settings, made_dataset(own)), *teacher_findings(own))


RECIPE: Recipe = DistilRecipe()
