"""Goes to `pod_image/recipes/counting/recipe.py`: what runs on the pod, and what it brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pod_image.contract.interpreter import module_command
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import CardSection, Recipe, RemoteFile, Stage


class CountingRecipe:
    name = "counting"
    folders: tuple[str, ...] = ("counts",)
    versions_of: tuple[str, ...] = ("pydantic",)
    less_memory = "Count fewer files."

    def stages(self, settings: RunSettings) -> Sequence[Stage]:
        return (Stage(Phase.TRAIN, module_command("pod_image.recipes.counting")),)

    def needs(self, settings: RunSettings) -> Sequence[RemoteFile]:
        return ()

    def carries(self, settings: RunSettings) -> Sequence[str]:
        return ()

    def restores(self, settings: RunSettings, delivered: Sequence[str]) -> Sequence[str]:
        return ()

    def results(self, folder: RunFolder, settings: RunSettings) -> Sequence[Path]:
        return sorted((folder.out / "counts").glob("*.txt"))

    def still_to_come(self, folder: RunFolder, settings: RunSettings) -> int:
        return 100

    def left_behind(self, folder: RunFolder, settings: RunSettings) -> Mapping[Path, str]:
        return {}

    def card(self, folder: RunFolder, settings: RunSettings) -> CardSection:
        counted = [path.read_text() for path in self.results(folder, settings)]
        return CardSection({"tags": ["counting"]}, "\n".join(counted))


RECIPE: Recipe = CountingRecipe()
