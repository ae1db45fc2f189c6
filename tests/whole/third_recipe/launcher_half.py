"""Goes to `launcher/recipes/counting/recipe.py`: what a plan says of it, and what is shown of its runs."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.domain.needs import GpuMemory
from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.domain.run import Run
from launcher.recipes.base import PhaseWords, Plain, Recipe, Result, Shown
from pod_image.contract.outcomes import Phase
from pod_image.contract.settings import RunSettings
from tests.whole.third_recipe.contract import CountingSettings

HOURS_PER_ROUND = 0.01


class CountingRecipe(Plain):
    shown = Shown(
        phases={Phase.TRAIN: PhaseWords("Count the files", "files are counted")},
        result=Result("count", ("counts/**",)),
        main_loss="uncounted",
    )

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        return f"counting the files {CountingSettings.of(settings).rounds} times"

    def memory_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> GpuMemory:
        return GpuMemory(20.0, "many files", "Fewer files need less.")

    def estimate(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        offer: Offer,
        history: Sequence[Run],
        start_seconds: float = 0.0,
    ) -> Estimate | None:
        hours = HOURS_PER_ROUND * CountingSettings.of(settings).rounds
        return Estimate(hours, hours * offer.price_per_hour_usd, "a guess for each round")


RECIPE: Recipe = CountingRecipe()
