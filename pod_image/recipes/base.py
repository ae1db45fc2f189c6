"""The boundary between the agent and a recipe: stages to run as processes, and what they may say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings

INPUT_FAULT = 2
"""The exit code of a stage whose input was at fault; a warning before says what, with what to do."""


@dataclass(frozen=True)
class Stage:
    """One process of a recipe, run for one phase.

    Its working folder is the run's folder; its environment has `LAUNCHER_RUN` and no secret. Events go to the
    descriptor in `LAUNCHER_EVENTS_FD`, one JSON object a line without a stamp (`worker.Reporter` writes them);
    commands arrive on standard input, one JSON object a line, when `takes_instructions`. Exit code 0 is success; 2 is a
    fault of the input, explained by a `warning` event with a hint before; anything else is a crash.
    `gets_secrets`: it alone is handed what the person named for their command, each behind `COMMAND_SECRET_PREFIX`.
    `is_needed_after_failure`: run it even when an earlier stage ended badly (an export of what there is).
    `works_in_silence`: it may compute for hours and say nothing of it, so a busy GPU counts as getting on.
    """

    phase: Phase
    argv: tuple[str, ...]
    takes_instructions: bool = False
    gets_secrets: bool = False
    is_needed_after_failure: bool = False
    works_in_silence: bool = False


@dataclass(frozen=True)
class RemoteFile:
    """A file or folder a recipe needs from the Hub before it can start, put below `RunFolder.base`.

    `path` may be a pattern. `commit` pins it, else it is the newest; `folder` is one below `RunFolder.base`.
    """

    repo: str
    path: str
    repo_type: str = "model"
    commit: str = ""
    folder: str = ""


@dataclass(frozen=True)
class CardSection:
    """What a recipe adds to the model card of the results repo: front matter and text for one run."""

    front_matter: Mapping[str, Any] = field(default_factory=dict)
    markdown: str = ""


class Recipe(Protocol):
    """What is trained. Its module imports quickly: heavy libraries are loaded by its stages' processes only.

    What it needs installed beside the agent stands in `packages.txt` of its folder: a name and a span a line, such as
    `numpy>=1.26,<3`. A pod without an image of ours installs what of it is missing.
    """

    name: str
    folders: tuple[str, ...]
    """Below the run's folder, where its stages write what is delivered; made for them, and theirs."""
    versions_of: tuple[str, ...]
    """Packages whose versions are part of the record: what made the results."""
    less_memory: str
    """What to do when a stage ran out of memory, as a sentence."""

    def stages(self, settings: RunSettings) -> Sequence[Stage]:
        """The processes to run, in order; phases prepare, train and export, each at most once."""
        ...

    def needs(self, settings: RunSettings) -> Sequence[RemoteFile]:
        """Files to fetch beside the dataset."""
        ...

    def carries(self, settings: RunSettings) -> Sequence[str]:
        """Small results that a run going on in another pod adds to, by their paths below the run's folder."""
        ...

    def restores(self, settings: RunSettings, delivered: Sequence[str]) -> Sequence[str]:
        """Of what the results repo has of this run, what a run that goes on needs beside its checkpoint.

        All are paths below the run's folder.
        """
        ...

    def results(self, folder: RunFolder, settings: RunSettings) -> Sequence[Path]:
        """What to deliver now, whatever matters most first; only files that are whole."""
        ...

    def still_to_come(self, folder: RunFolder, settings: RunSettings) -> int:
        """About how many bytes the end of the work will add to `results`: a last checkpoint, files not collected yet.

        May take a while: it is called on a thread.
        """
        ...

    def left_behind(self, folder: RunFolder, settings: RunSettings) -> Mapping[Path, str]:
        """Results below `RunFolder.prepared` that a stage which was killed did not bring to where they are delivered
        from, with the paths that they would have below the run's folder. What is delivered in other words than it was
        written in lies below `RunFolder.reworded`.
        """
        ...

    def card(self, folder: RunFolder, settings: RunSettings) -> CardSection:
        """This run's part of the model card."""
        ...
