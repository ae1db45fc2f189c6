"""The recipe `command` as the agent sees it: one stage, and the files it brought."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pod_image.contract.interpreter import module_command
from pod_image.contract.keys import without_keys
from pod_image.contract.letters import UNSAFE_LETTER
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.progress_choice import (
    ProgressChoice,
    ProgressWay,
    progress_choice,
)
from pod_image.contract.recipes.command import CommandSettings
from pod_image.contract.settings import RunSettings
from pod_image.contract.whole_file import is_unfinished
from pod_image.recipes.base import CardSection, Recipe, RemoteFile, Stage
from pod_image.recipes.command.collecting import uncollected


def files_folder(folder: RunFolder) -> Path:
    """Where results are delivered from."""
    return folder.out / "files"


@dataclass(frozen=True)
class Job:
    """What runs, which files below its folder are its results, as patterns, and how its progress is read."""

    argv: tuple[str, ...]
    outputs: tuple[str, ...]
    progress: ProgressChoice = field(default_factory=lambda: ProgressChoice(ProgressWay.AUTO))


class CommandRecipe:
    """A recipe that is built on a command takes over all of this, and says its own name and `job`."""

    name = "command"
    folders: tuple[str, ...] = ("files",)
    versions_of: tuple[str, ...] = ()
    less_memory = "Let the command do with less memory, or rent a GPU with more of it."

    def job(self, settings: RunSettings) -> Job:
        own = CommandSettings.of(settings)
        return Job(own.argv, own.outputs, progress_choice(own.progress))

    def stages(self, settings: RunSettings) -> Sequence[Stage]:
        argv = module_command("pod_image.recipes.command")
        return (Stage(Phase.TRAIN, argv, takes_instructions=True),)

    def needs(self, settings: RunSettings) -> Sequence[RemoteFile]:
        return ()

    def carries(self, settings: RunSettings) -> Sequence[str]:
        return ()

    def results(self, folder: RunFolder, settings: RunSettings) -> Sequence[Path]:
        """Small files first: the report before the archive."""
        found = [
            path
            for path in files_folder(folder).rglob("*")
            if path.is_file() and not is_unfinished(path)
        ]
        return sorted(found, key=lambda path: (path.stat().st_size, path.as_posix()))

    def still_to_come(self, folder: RunFolder, settings: RunSettings) -> int:
        """What matches its outputs and was not collected since it changed."""
        outputs = self.job(settings).outputs
        return sum(uncollected(folder.prepared, outputs, files_folder(folder)).values())

    def left_behind(self, folder: RunFolder, settings: RunSettings) -> Mapping[Path, str]:
        work, files = folder.prepared, files_folder(folder)
        return {
            path: (files / path.relative_to(work)).relative_to(folder.out).as_posix()
            for path in uncollected(work, self.job(settings).outputs, files)
        }

    def card(self, folder: RunFolder, settings: RunSettings) -> CardSection:
        files = files_folder(folder)
        names = sorted(
            path.relative_to(files).as_posix() for path in self.results(folder, settings)
        )
        lines = [f"- `{_as_code(name)}`" for name in names[:50]]
        if len(names) > len(lines):
            lines.append(f"- and {len(names) - len(lines)} more")
        listing = "\n".join(lines) or "No file matched its outputs."
        command = textwrap.indent(
            shlex.join(without_keys(self.job(settings).argv)), "    ", lambda _: True
        )
        return CardSection({"tags": ["pod-launcher"]}, f"{command}\n\n{listing}")


def _as_code(name: str) -> str:
    """A file's name between backticks: it ends neither them nor the line, and shows every letter it has."""
    return UNSAFE_LETTER.sub("?", " ".join(name.split()).replace("`", "'"))


RECIPE: Recipe = CommandRecipe()
