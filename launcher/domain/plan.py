"""What would be done, at what price, before anything is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from launcher.domain.account import Account
from launcher.domain.agreed import Agreed
from launcher.domain.brought import Brought
from launcher.domain.cost import hours_until_capped, worst_case_cost_usd
from launcher.domain.offer import Offer
from launcher.domain.planned_request import Planned
from pod_image.contract.findings import Finding, Severity

if TYPE_CHECKING:
    from pod_image.contract.settings import RunSettings


class Origin(StrEnum):
    """Where a value comes from."""

    YOU = "you"
    PRESET = "preset"
    DEFAULT = "default"


@dataclass(frozen=True)
class Composed:
    """Settings and the origin of each applicable value. `dropped`: preset values that do not apply.

    `notes`: what was taken over from an older release, or left out, as sentences.
    """

    settings: RunSettings
    origins: dict[str, Origin]
    preset: str = ""
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetPart:
    """One of several datasets of a run. `clips` is the number of lines whose clip exists; 0 if that was not checked."""

    name: str
    commit: str
    clips: int = 0


@dataclass(frozen=True)
class DatasetSummary:
    """What the check of the dataset found; with several datasets (`parts`), of all together."""

    repo: str
    commit: str
    clips: int
    minutes: float | None
    sample_rates_hz: tuple[int, ...] = ()
    speakers: int = 1
    speaker_names: tuple[str, ...] = ()
    size_bytes: int = 0
    parts: tuple[DatasetPart, ...] = ()

    @property
    def commits(self) -> tuple[str, ...]:
        """Of each dataset, in their order."""
        return tuple(part.commit for part in self.parts) or (self.commit,)


@dataclass(frozen=True)
class PlannedInput:
    """A repo that the pod fetches besides the dataset: its owner, its size and its commit."""

    name: str
    """As it was given: datasets/OWNER/NAME, or OWNER/NAME for a model."""
    commit: str
    size_bytes: int
    files: int
    folder: str = ""
    """Folder in which the command finds it, if one was given."""


@dataclass(frozen=True)
class PlannedImage:
    """What the registry says about the image. `size_bytes` is what a machine downloads."""

    name: str
    digest: str = ""
    size_bytes: int | None = None
    python: tuple[int, int] | None = None

    @property
    def size_gb(self) -> float | None:
        return None if self.size_bytes is None else self.size_bytes / 1e9


@dataclass(frozen=True)
class Estimate:
    """Expected time and cost of the run from start to end; `basis` says where the figures come from."""

    hours: float
    cost_usd: float
    basis: str


@dataclass(frozen=True)
class Plan:
    """Settings, offers in the order they are tried, dataset and costs: everything `launch` needs.

    `requests` is what would be sent, with typed placeholders in place of secrets.
    """

    composed: Composed
    run_id: str
    candidates: tuple[Offer, ...]
    dataset: DatasetSummary | None = None
    estimate: Estimate | None = None
    findings: tuple[Finding, ...] = ()
    makes_results_repo: bool = False
    resume: bool = False
    secrets_in_plain: bool = False
    """The key may not make account secrets: the tokens would stand in the pod's definition."""
    account: Account = field(default_factory=Account)
    """What the one that would pay had when it was asked."""
    account_id: str = ""
    """The provider's id of it: whose the run is, whatever the account has by then. Empty where it does not say."""
    base_licence: str = ""
    inputs: tuple[PlannedInput, ...] = ()
    image: PlannedImage | None = None
    """None where nobody could tell of it."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Names of the command's secrets, each with where its value comes from; an empty string if it has no value yet."""
    told_here: tuple[str, ...] = ()
    """Where this computer tells of the run while it follows it: of an address no more than may be shown."""
    told_from_pod: tuple[str, ...] = ()
    """Hosts where its pod tells, too; so nobody's computer has to be on. Those addresses are handed to it."""
    forced: tuple[str, ...] = ()
    """Codes of dataset errors that the person lets pass."""
    brought: Brought = field(default_factory=Brought)
    requests: tuple[Planned, ...] = field(default=(), repr=False)
    asked: Composed | None = field(default=None, repr=False)
    """As it was asked for, before each input was held to its commit."""
    agreed: Agreed | None = field(default=None, repr=False)

    @property
    def hash(self) -> str:
        """Of what is agreed to with it; equal for equal inputs. Empty for a plan that cannot be launched."""
        return self.agreed.hash if self.agreed is not None and not self.errors else ""

    @property
    def settings(self) -> RunSettings:
        return self.composed.settings

    @property
    def image_gb(self) -> float | None:
        """What a machine fetches of the image, where that was told."""
        return self.image.size_gb if self.image else None

    @property
    def settings_json(self) -> str:
        """Every applicable value as it is sent; equal plans give equal texts."""
        return json.dumps(self.settings.applicable(), sort_keys=True, ensure_ascii=False)

    @property
    def offer(self) -> Offer:
        """The first candidate."""
        return self.candidates[0]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def worst_case_usd(self) -> float:
        """The most the dearest candidate can cost before a cap ends it."""
        return max(
            worst_case_cost_usd(
                offer.price_per_hour_usd, self.settings.max_hours, self.settings.max_cost_usd
            )
            for offer in self.candidates
        )

    @property
    def hours_until_capped(self) -> float:
        return hours_until_capped(
            self.offer.price_per_hour_usd, self.settings.max_hours, self.settings.max_cost_usd
        )
