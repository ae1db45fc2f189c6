"""Any command: nobody can know what it needs or how long it takes, so the plan shows what will run."""

from __future__ import annotations

from launcher.domain.needs import GpuMemory
from launcher.domain.plan import DatasetSummary
from launcher.recipes.base import PhaseWords, Plain, Recipe, Result, Shown
from pod_image.contract.command_environment import variable
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.outcomes import Phase
from pod_image.contract.recipes.command import CommandSettings
from pod_image.contract.settings import RunSettings


class CommandRecipe(Plain):
    """A command's dataset is whatever the command makes of it: it is pinned, and not looked into."""

    trains_on_nodes = True
    shown = Shown(
        phases={Phase.TRAIN: PhaseWords("Run the command", "the command runs")},
        result=Result("files", ("files/**",)),
        has_samples=True,
        at_a_stop="The command is asked to end now, and what it wrote is collected.",
    )

    def memory_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> GpuMemory:
        wanted = CommandSettings.of(settings).min_gpu_memory_gb
        hint = Sentence("Lower ", setting("min_gpu_memory_gb"), ".")
        return GpuMemory(wanted, "as you asked", hint) if wanted else GpuMemory()

    def findings(
        self, settings: RunSettings, dataset: DatasetSummary | None
    ) -> tuple[Finding, ...]:
        own = CommandSettings.of(settings)
        given = {variable(text)[0] for text in own.env}
        return tuple(
            Finding(
                Severity.ERROR,
                "secret_is_variable",
                f"{name} is given both as a secret and as a variable.",
                Sentence("Leave it out of ", setting("env"), "."),
            )
            for name in dict.fromkeys(own.secret)
            if name in given
        )

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        return "command: " + " ".join(CommandSettings.of(settings).argv)


RECIPE: Recipe = CommandRecipe()
