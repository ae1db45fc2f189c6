"""What an entry of the queue was asked for, as it is kept; and the plan of it, as it is when its turn comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from launcher import __version__
from launcher.domain.cost import worst_case_cost_usd
from launcher.domain.labels import LabelName
from launcher.domain.offer import Offer
from launcher.domain.plan import Composed, Plan
from launcher.domain.queued import ROUNDING_USD, QueueEntry
from launcher.domain.written_by import is_older
from launcher.errors import InvalidRequest, NothingAvailable
from launcher.services.common.places import place_of
from launcher.services.common.workbench import Workbench
from launcher.services.planning.choosing import FreeChoice
from launcher.services.planning.composed_document import composed_document, read_composed
from launcher.services.planning.plan import make_plan, raise_errors, was_never_rented
from launcher.stores.secrets import Keys
from pod_image.contract.figures import dollars, dollars_per_hour
from pod_image.contract.older_settings import taken_over
from pod_image.contract.settings import RunSettings


@dataclass(frozen=True)
class QueuedRun:
    """Everything that `deploy` would be told. Holds no secret: keys are found when its turn comes."""

    composed: Composed
    resume: bool = False
    forced: tuple[str, ...] = ()
    may_pod_tell: bool = True
    is_silent: bool = False
    """Nobody is told of it."""
    labels: Mapping[LabelName, str] = field(default_factory=dict)

    @property
    def settings(self) -> RunSettings:
        return self.composed.settings

    def document(self) -> dict[str, Any]:
        return {
            "launcher": __version__,
            **composed_document(self.composed),
            "resume": self.resume,
            "forced": list(self.forced),
            "may_pod_tell": self.may_pod_tell,
            "is_silent": self.is_silent,
            "labels": {name.value: text for name, text in self.labels.items()},
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> QueuedRun:
        """Raises InvalidRequest for one that this release cannot take."""
        try:
            if is_older(str(document.get("launcher"))):
                taken = taken_over(document["settings"], of_another_release=True)
                document = {**document, "settings": taken.values}
            return cls(
                composed=read_composed(document),
                resume=bool(document["resume"]),
                forced=tuple(document["forced"]),
                may_pod_tell=bool(document["may_pod_tell"]),
                is_silent=bool(document["is_silent"]),
                labels={LabelName(name): text for name, text in document["labels"].items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            raise InvalidRequest(
                f"The saved entry cannot be read ({type(exc).__name__}).",
                hint="Remove it, and add the run again.",
            ) from exc


@dataclass(frozen=True)
class WithinPrice(FreeChoice):
    """Offers that cost no more an hour than was said, and with which a pod costs no more than was shown."""

    settings: RunSettings
    max_price_usd: float | None = None
    agreed_usd: float | None = None

    def ordered(self, candidates: tuple[Offer, ...]) -> tuple[Offer, ...]:
        """Raises NothingAvailable where none does."""
        kept = tuple(each for each in candidates if self._is_cheap_enough(each))
        if kept or not candidates:
            return kept
        cheapest = min(each.price_per_hour_usd for each in candidates)
        wanted = (
            f"{dollars_per_hour(self.max_price_usd)}"
            if self.max_price_usd is not None and cheapest > self.max_price_usd
            else f"{dollars(self.agreed_usd)} for the run"
        )
        raise NothingAvailable(
            f"The cheapest GPU that fits costs {dollars_per_hour(cheapest)} now; at most {wanted} was agreed.",
            hint="Wait, or allow a higher price.",
        )

    def _is_cheap_enough(self, offer: Offer) -> bool:
        if self.max_price_usd is not None and offer.price_per_hour_usd > self.max_price_usd:
            return False
        most = most_usd(self.settings, offer.price_per_hour_usd)
        return self.agreed_usd is None or most <= self.agreed_usd + ROUNDING_USD


def most_usd(settings: RunSettings, price_per_hour_usd: float | None) -> float:
    """The most that a pod can cost at that price; where none is known, what its cap on money says."""
    if price_per_hour_usd is None:
        return settings.max_cost_usd
    return worst_case_cost_usd(price_per_hour_usd, settings.max_hours, settings.max_cost_usd)


async def plan_of(
    bench: Workbench,
    queued: QueuedRun,
    keys: Keys,
    *,
    max_price_usd: float | None = None,
    agreed_usd: float | None = None,
) -> Plan:
    """The plan of a queued run as it is now. Raises what keeps it from being launched."""
    plan = await make_plan(
        bench,
        queued.composed,
        keys,
        resume=queued.resume,
        forced=queued.forced,
        choice=WithinPrice(queued.settings, max_price_usd, agreed_usd),
        may_pod_tell=queued.may_pod_tell,
    )
    raise_errors(plan)
    return plan


async def as_it_goes_on(
    bench: Workbench, entry: QueueEntry, queued: QueuedRun, *, was_launched: bool
) -> QueuedRun:
    """The same for an entry that was launched before: it keeps its run id, and goes on from what a pod of it delivered.

    Raises HubError or NotConfigured where that cannot be told.
    """
    if not entry.run_id:
        return queued
    settings = queued.settings.model_copy(update={"run_id": entry.run_id})
    queued = replace(queued, composed=replace(queued.composed, settings=settings))
    if not was_launched or queued.resume:
        return queued
    at_place = bench.at(place_of(settings).name)
    attempts = bench.runs.attempts(entry.results_repo, entry.run_id)
    known = any(not was_never_rented(each) for each in attempts)
    known = known or entry.run_id in await at_place.results(entry.results_repo).run_ids()
    return replace(queued, resume=known)
