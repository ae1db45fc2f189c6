"""One run as its parts share it: what it is, where its files are, how far it is, and why it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from pod_image.agent.attempt_state import AttemptFile, Ending
from pod_image.agent.clock import AnchoredClock
from pod_image.agent.events import EventLog
from pod_image.agent.limits import Limits
from pod_image.agent.missing import Missing
from pod_image.agent.places.base import OwnPod, PodReading
from pod_image.agent.ports import Hub, Ports
from pod_image.agent.progress import Progress
from pod_image.agent.run_log import RunLog
from pod_image.agent.telling import Telling
from pod_image.agent.watchdog import Rules
from pod_image.contract.bodies import UploadedFile
from pod_image.contract.environment import RunDocument
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.paths import ResultsFolder, RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import Recipe


@dataclass
class Run:
    """The shared state of a run's tasks. All of them live on one event loop, so nothing is locked."""

    ports: Ports
    document: RunDocument
    folder: RunFolder
    recipe: Recipe
    hub: Hub
    pod: OwnPod
    clock: AnchoredClock
    events: EventLog
    log: RunLog
    limits: Limits
    attempt_file: AttemptFile
    reading: PodReading
    telling: Telling
    user: str | None = None
    progress: Progress = field(default_factory=Progress)
    delivered: dict[str, UploadedFile] = field(default_factory=dict)
    """By path in the results repo: what is there, proved."""
    is_restored: bool = False
    """Results of an earlier pod were brought back, so the work goes on, also without a checkpoint."""
    missing: Missing = field(default_factory=Missing)
    """What delivery had to leave behind; known at the end."""
    carried: dict[str, bytes] = field(default_factory=dict)
    """Files that go with the next commit, by path in the repo: what an earlier attempt left to keep."""
    log_is_apart: bool = False
    """Earlier lives may have left a log in the results repo that this one has not been put behind yet."""
    last_commit: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    ending: Ending | None = None
    is_ending: asyncio.Event = field(default_factory=asyncio.Event)
    is_aborted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def settings(self) -> RunSettings:
        return self.document.settings

    @property
    def results(self) -> ResultsFolder:
        return ResultsFolder(self.document.run_id)

    @property
    def rules(self) -> Rules:
        exports = any(each.phase is Phase.EXPORT for each in self.recipe.stages(self.settings))
        return Rules.of(self.settings, self.ports.timing, exports=exports)

    def now(self) -> float:
        return self.clock.now()

    @property
    def seconds_left(self) -> float:
        return self.limits.ends_at - self.now()

    @property
    def cost_usd(self) -> float:
        return round(self.limits.cost_usd(self.now()), 4)

    def end(self, ending: Ending) -> None:
        """The run ends. The first reason stays, but for an abort, which overrides all."""
        is_abort = ending.reason is EndReason.ABORTED
        if self.ending is not None and not is_abort:
            return
        self.ending = ending
        self.attempt_file.note_end(ending)
        self.is_ending.set()
        if is_abort:
            self.is_aborted.set()
