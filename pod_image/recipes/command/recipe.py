"""The recipe `command` as the agent sees it: one stage, and the files it brought."""

from __future__ import annotations

import shlex
import textwrap
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from pod_image.contract.brought import REQUIREMENTS
from pod_image.contract.command_environment import variable
from pod_image.contract.common_settings import Switch
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
from pod_image.recipes.command.checkpoints import CheckpointRule, kept
from pod_image.recipes.command.collecting import Outputs, fits, uncollected
from pod_image.recipes.command.inputs import wanted_repos
from pod_image.recipes.command.line_rules import LineRule
from pod_image.recipes.command.own_home import HOME
from pod_image.recipes.command.progress.epoch_bars import BarNames
from pod_image.recipes.command.progress.listening import NO_CURVES, Curves
from pod_image.recipes.command.rewording import AS_WRITTEN, Rewording
from pod_image.recipes.command.spent import SpentRule

FILES = "files/"
ENVIRONMENT = RunFolder.ENVIRONMENT
"""Nothing of it is a result."""
LINKED_DATASET = ".dataset"
"""In the command's folder, where it writes beside what it reads; the search for files of progress passes it over."""
_MODULE = "pod_image.recipes.command"
SMALL_BYTES = 10_000_000


def files_folder(folder: RunFolder) -> Path:
    """Where results are delivered from."""
    return folder.out / "files"


@dataclass(frozen=True)
class Job:
    """What runs, and what of its files is kept. All patterns are below the command's folder."""

    argv: tuple[str, ...]
    outputs: tuple[str, ...]
    required: tuple[str, ...] = ()
    """What has to be there at the end."""
    left_out: tuple[str, ...] = ()
    checkpoints: CheckpointRule = field(default_factory=CheckpointRule)
    restore: tuple[str, ...] = ()
    resume_argv: tuple[str, ...] = ()
    """Added to the command when it goes on."""
    every_minutes: float = 15.0
    in_shell: bool = False
    workdir: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of the command's process; places such as `${OUT_DIR}` are filled in."""
    writes_into_dataset: bool = False
    """It keeps files beside those of its dataset: it gets a folder of links."""
    secrets: tuple[str, ...] = ()
    """Names of variables; their values are nowhere but in the environment of its stage."""
    packages: tuple[str, ...] = ()
    packages_alone: tuple[str, ...] = ()
    """Installed after the others, without what they ask for themselves: their own pins would be in the way."""
    requirements: str = ""
    """A file of packages below the command's folder."""
    pythons: tuple[tuple[int, int], tuple[int, int]] | None = None
    """Which Python its packages are for: from the first on, and no longer from the second."""
    templates: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    """Repos, as `pod_image.contract.hub_inputs` reads them; an empty word keeps its number, and is nothing."""
    samples: tuple[str, ...] = ()
    """Which of its results are shown while it runs; without any, all that a person can hear or see."""
    progress: ProgressChoice = field(default_factory=lambda: ProgressChoice(ProgressWay.AUTO))
    bars: BarNames | None = None
    """Of its two bars, where it is known that it draws two and what stands before them."""
    curves: Curves = NO_CURVES
    spent: SpentRule = field(default_factory=SpentRule)
    """Which of its results go from the disk once they are delivered."""
    lines: tuple[LineRule, ...] = ()
    """What of its output is told as a warning, or ends it."""
    rewording: Rewording = AS_WRITTEN
    """What of its files is delivered in other words than it wrote, such as the paths of this pod."""

    @property
    def results(self) -> Outputs:
        """What is delivered as files; checkpoints go by themselves."""
        left_out = (*self.left_out, ENVIRONMENT, HOME, LINKED_DATASET, REQUIREMENTS)
        return Outputs(self.outputs, left_out, self.checkpoints.patterns, self.rewording)

    @property
    def wants_packages(self) -> bool:
        return bool(self.packages or self.packages_alone or self.requirements)

    @property
    def patterns(self) -> tuple[str, ...]:
        rule = self.checkpoints
        return (*self.outputs, *self.required, *rule.patterns, *rule.final, *self.restore)


class CommandRecipe:
    """A recipe that is built on a command takes over all of this, and says its own name and `job`."""

    name = "command"
    folders: tuple[str, ...] = ("files", "checkpoints")
    versions_of: tuple[str, ...] = ()
    less_memory = "Make the command use less memory, or rent a GPU with more."

    def job(self, settings: RunSettings) -> Job:
        own = CommandSettings.of(settings)
        return Job(
            argv=own.argv,
            in_shell=own.shell is Switch.ON,
            outputs=own.outputs,
            required=own.required_outputs,
            left_out=own.leave_out,
            checkpoints=CheckpointRule(own.checkpoint, own.whole_with, own.keep_checkpoints),
            restore=own.restore,
            resume_argv=own.resume_argv,
            every_minutes=own.checkpoint_minutes,
            workdir=own.workdir,
            variables=dict(map(variable, own.env)),
            secrets=own.secret,
            packages=own.pip,
            requirements=own.requirements,
            templates=own.templates,
            inputs=own.input,
            samples=own.sample_outputs,
            progress=progress_choice(own.progress),
        )

    def stages(self, settings: RunSettings) -> Sequence[Stage]:
        job = self.job(settings)
        train = Stage(
            Phase.TRAIN,
            module_command(_MODULE),
            takes_instructions=True,
            gets_secrets=bool(job.secrets),
            works_in_silence=True,
        )
        if not job.wants_packages:
            return (train,)
        return (Stage(Phase.PREPARE, module_command(f"{_MODULE}.packages")), train)

    def needs(self, settings: RunSettings) -> Sequence[RemoteFile]:
        return wanted_repos(self.job(settings).inputs)

    def carries(self, settings: RunSettings) -> Sequence[str]:
        return ()

    def restores(self, settings: RunSettings, delivered: Sequence[str]) -> Sequence[str]:
        wanted = self.job(settings).restore
        files = [below for below in delivered if below.startswith(FILES)]
        return [below for below in files if fits(below.removeprefix(FILES), wanted)]

    def results(self, folder: RunFolder, settings: RunSettings) -> Sequence[Path]:
        """Small files first, the report before the archive; then the newest checkpoint, large files, older ones."""
        files = _by_size(files_folder(folder))
        small = bisect_right(files, SMALL_BYTES, key=_size_bytes)
        checkpoints = [_by_size(each) for each in reversed(kept(folder.checkpoints))]
        newest, older = checkpoints[:1], checkpoints[1:]
        return [*files[:small], *chain(*newest), *files[small:], *chain(*older)]

    def still_to_come(self, folder: RunFolder, settings: RunSettings) -> int:
        """What matches its outputs and was not collected since it changed."""
        outputs = self.job(settings).results
        return sum(uncollected(folder.prepared, outputs, files_folder(folder)).values())

    def left_behind(self, folder: RunFolder, settings: RunSettings) -> Mapping[Path, str]:
        work, files, job = folder.prepared, files_folder(folder), self.job(settings)
        found = {}
        for path in uncollected(work, job.results, files):
            below, lies = path.relative_to(work), path
            with suppress(OSError):  # one that cannot be read must not cost the others
                if job.rewording.touches(path):
                    lies = folder.reworded / below
                    job.rewording.write(path, lies)
                found[lies] = (files / below).relative_to(folder.out).as_posix()
        return found

    def card(self, folder: RunFolder, settings: RunSettings) -> CardSection:
        files = files_folder(folder)
        names = sorted(path.relative_to(files).as_posix() for path in _by_size(files))
        lines = [f"- `{_as_code(name)}`" for name in names[:50]]
        if len(names) > len(lines):
            lines.append(f"- and {len(names) - len(lines)} more")
        listing = "\n".join(lines) or "No file matched its outputs."
        command = textwrap.indent(
            shlex.join(without_keys(self.job(settings).argv)), "    ", lambda _: True
        )
        return CardSection({"tags": ["pod-launcher"]}, f"{command}\n\n{listing}")


def _size_bytes(path: Path) -> int:
    return path.stat().st_size


def _by_size(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.is_file() and not is_unfinished(path))
    return sorted(found, key=lambda path: (path.stat().st_size, path.as_posix()))


def _as_code(name: str) -> str:
    """A file's name between backticks: it ends neither them nor the line, and shows every letter it has."""
    return UNSAFE_LETTER.sub("?", " ".join(name.split()).replace("`", "'"))


RECIPE: Recipe = CommandRecipe()
