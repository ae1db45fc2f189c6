"""The boundary between the launcher and a recipe: what a plan asks of it, and what is shown of its runs.

A recipe is pure but for `look_at_start`. It prints nothing and rents nothing; what it finds are values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from launcher.domain.needs import DiskRoom, GpuMemory, SpeechWanted
from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.domain.run import Run
from launcher.recipes.own_runs import by_own_run
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import Said
from pod_image.contract.outcomes import Phase
from pod_image.contract.scores import kind_of
from pod_image.contract.settings import RunSettings

if TYPE_CHECKING:
    from pod_image.hub import Hub


USUAL_START_SECONDS = 240.0
"""Where the place and the image are not known."""
DELIVER_SECONDS = 120.0


def around_words(start_seconds: float) -> str:
    """What is said of the time before and after the recipe's own work."""
    minutes = (start_seconds + DELIVER_SECONDS) / 60
    return f"about {minutes:.0f} minutes for start and upload"


@dataclass(frozen=True)
class Start:
    """What a training starts from, such as another's weights. `licence` in the words of its card, or empty."""

    licence: str = ""
    findings: tuple[Finding, ...] = ()
    memory: GpuMemory = field(default_factory=GpuMemory)
    """GPU memory that it needs by itself, where its files tell."""


@dataclass(frozen=True)
class Learnt:
    """What the results of a run tell of it: values of settings, and the speakers by name in their order."""

    values: Mapping[str, Any] = field(default_factory=dict)
    speakers: tuple[str, ...] = ()


@dataclass(frozen=True)
class PhaseWords:
    """A phase of the recipe's own work: as a step on the page, and as half a sentence on the terminal."""

    title: str
    sentence: str


@dataclass(frozen=True)
class Result:
    """What a run is for: a name such as "voice", and which files below the run's folder it is."""

    name: str
    patterns: tuple[str, ...]
    speaks: bool = False
    """Whether the page where voices are listened to can use it."""


@dataclass(frozen=True)
class Shown:
    """What pages and the terminal show of a recipe's runs, beside what every run has."""

    phases: Mapping[Phase, PhaseWords]
    """Which of prepare, train and export it has, in their order."""
    result: Result | None = None
    main_loss: str = ""
    """The loss that people watch; without one the first that is reported."""
    loss_titles: Mapping[str, str] = field(default_factory=dict)
    has_samples: bool = False
    """It makes something to hear or see while it runs."""
    says_what_is_asked: bool = False
    """It can be asked for a sample, with a text of one's own."""
    at_a_stop: str = "The running program is asked to end now."
    """What happens when a run is stopped, as a sentence."""

    def first_curve(self, names: Sequence[str]) -> str:
        """The curve that is looked at first; nothing where there is none."""
        return self.main_loss if self.main_loss in names else next(iter(names), "")

    def curve_title(self, name: str) -> str:
        """What a loss or a score is called."""
        return self.loss_titles.get(name) or kind_of(name).title


@dataclass(frozen=True)
class Configuration:
    """Files that a trainer reads its settings from, by their paths below `config/` in the command's folder."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class SmallerTry:
    """A way to repeat a run that ran out of GPU memory: changed settings, and words for them."""

    given: Mapping[str, Any]
    why: str
    button: str


class Recipe(Protocol):
    """What is trained, as far as the launcher has to know. `settings` are always those of a run of this recipe."""

    shown: Shown
    trains_on_nodes: bool
    """Several pods can work on one run; without it each of them would train the same again."""

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        """What runs, in one line of the plan."""
        ...

    def memory_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> GpuMemory:
        """GPU memory that the settings need, with this dataset where it is known; 0 GB where nobody can know."""
        ...

    def disk_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> DiskRoom | None:
        """What certainly has to fit on the pod's disk; None where nobody can know."""
        ...

    def estimate(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        offer: Offer,
        history: Sequence[Run],
        start_seconds: float = USUAL_START_SECONDS,
    ) -> Estimate | None:
        """Hours and cost of the whole run; None where nobody can know. `start_seconds`: from the order until the recipe
        begins, as its place and image have it.
        """
        ...

    def how_to_be_shorter(self, settings: RunSettings) -> Said:
        """What to change so that a run ends earlier, such as to lower the epochs; empty where there is nothing."""
        ...

    def speech_wanted(self, settings: RunSettings) -> SpeechWanted | None:
        """What the dataset's recordings have to be good for; None when nobody has to look into it."""
        ...

    def look_at_start(self, hub: Hub, settings: RunSettings) -> Start:
        """What it starts from, looked up on the Hub. Blocks; never raises HubError."""
        ...

    def smaller_try(self, settings: RunSettings) -> SmallerTry | None:
        """How the run would need less GPU memory; None when it cannot."""
        ...

    def configuration(self, settings: RunSettings, given: Mapping[str, bytes]) -> Configuration:
        """What is sent of the files that the person's own configuration has, by their names; made anew where none is
        given. What it finds in them are findings; a key in one is an error that does not quote it.
        """
        ...

    def findings(
        self, settings: RunSettings, dataset: DatasetSummary | None
    ) -> tuple[Finding, ...]:
        """What is to be said of these settings beside this dataset."""
        ...

    def learnt(self, hub: Hub, results_repo: str, run_id: str) -> Learnt:
        """What the results of a run tell of how it was trained. Blocks; raises HubError."""
        ...

    def spelt_out(self, settings: RunSettings) -> Mapping[str, Any]:
        """Of settings that may be empty: what another setting makes of that, as the espeak voice of a language."""
        ...

    def why_nothing_is_left(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        earlier: RunSettings,
        step: int,
    ) -> Finding | None:
        """The error of a run that is to go on from this step, and has all its steps behind it; None while it has not.

        `earlier` are its settings so far. `dataset` is given where it is the one it was trained on.
        """
        ...


class Plain:
    """The answers of a recipe of which nothing is known; others take over what they know no better."""

    shown = Shown({Phase.TRAIN: PhaseWords("Run", "it runs")})
    trains_on_nodes = False

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        return f"recipe {settings.recipe.value}" + (", continued" if resume else "")

    def memory_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> GpuMemory:
        return GpuMemory()

    def disk_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> DiskRoom | None:
        return None

    def estimate(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        offer: Offer,
        history: Sequence[Run],
        start_seconds: float = USUAL_START_SECONDS,
    ) -> Estimate | None:
        return by_own_run(settings, offer, history, start_seconds)

    def how_to_be_shorter(self, settings: RunSettings) -> Said:
        return ""

    def speech_wanted(self, settings: RunSettings) -> SpeechWanted | None:
        return None

    def look_at_start(self, hub: Hub, settings: RunSettings) -> Start:
        return Start()

    def smaller_try(self, settings: RunSettings) -> SmallerTry | None:
        return None

    def configuration(self, settings: RunSettings, given: Mapping[str, bytes]) -> Configuration:
        return Configuration(given)

    def findings(
        self, settings: RunSettings, dataset: DatasetSummary | None
    ) -> tuple[Finding, ...]:
        return ()

    def learnt(self, hub: Hub, results_repo: str, run_id: str) -> Learnt:
        return Learnt()

    def spelt_out(self, settings: RunSettings) -> Mapping[str, Any]:
        return {}

    def why_nothing_is_left(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        earlier: RunSettings,
        step: int,
    ) -> Finding | None:
        return None
