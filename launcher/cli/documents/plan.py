"""The plan of a run as a document, and the GPUs that it may choose from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from launcher.domain.account import Account
from launcher.domain.offer import Offer, Stock
from launcher.domain.plan import DatasetSummary, Estimate, Origin, Plan, PlannedImage, PlannedInput
from launcher.domain.planned_request import PlannedCommand, PlannedRequest
from launcher.services.common.boot_budget import BootBudget, boot_budget
from pod_image.contract.common_settings import Cloud
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said

if TYPE_CHECKING:
    from launcher.services.planning.offers import OffersFound

# `from` is a word of Python, so this one cannot be written as a class.
SettingFrom = TypedDict("SettingFrom", {"value": Any, "from": Origin})


class FindingFacts(TypedDict):
    """One finding of a check."""

    severity: Severity
    code: str
    """For programs; its meaning never changes."""
    place: str
    """A file, or "metadata.csv line 12"; empty if it is about everything."""
    message: Said
    """In English."""
    hint: Said
    """What to do about it, in English."""
    setting: str
    """The setting that it is about; empty if none."""


class OfferFacts(TypedDict):
    """One GPU type in one tier, and where it is available."""

    gpu_type: str
    """The provider's ID of the GPU type."""
    gpu_name: str
    gpu_count: int
    memory_gb: int
    """Memory of one GPU, as it is sold."""
    cloud: Cloud
    price_per_hour_usd: float
    """For all GPUs: `gpu_count` on each of the `nodes`."""
    stock: Stock
    data_centers: list[str]
    """Data centers with stock; empty where the provider does not say."""
    avoids: list[str]
    """Data centers with stock that are left out because a machine there failed recently."""
    nodes: int
    """Number of pods rented together, each with `gpu_count` GPUs; more than one is a cluster."""


class ToldFacts(TypedDict):
    """Where notifications of the run go: for each address its host, or the name of its service."""

    here: list[str]
    """Sent by this computer, while it follows the run."""
    from_pod: list[str]
    """Sent by the pod itself, even while this computer is off."""


class PlanDocument(TypedDict):
    """What a run would do and cost. It cannot be launched if there are errors among its remarks."""

    schema: Literal["plan"]
    version: Literal[1]
    hash: str
    """Pass it to `deploy --plan` within an hour; empty if the plan cannot be launched."""
    run_id: str
    resume: bool
    """Whether it continues the earlier run of this ID."""
    preset: str
    settings: dict[str, SettingFrom]
    """Every setting that applies, and where its value comes from."""
    dropped: list[str]
    """Settings of the preset that do not apply."""
    dataset: DatasetSummary | None
    """null for a run without a dataset."""
    inputs: list[PlannedInput]
    image: PlannedImage | None
    """What the registry says about the image; null if none could be asked."""
    told: ToldFacts
    secrets: dict[str, str]
    """Names of the command's secrets, each with where its value comes from; an empty string if it has no value yet."""
    candidates: list[OfferFacts]
    """The GPUs, in the order in which they are tried."""
    account: Account
    estimate: Estimate | None
    worst_case_usd: float
    boot_budget: BootBudget
    hours_until_capped: float
    makes_results_repo: bool
    secrets_in_plain: bool
    """true if the key must not make account secrets: the tokens would then be readable in the pod's definition."""
    base_licence: str
    forced: list[str]
    """Codes of errors that are ignored."""
    remarks: list[FindingFacts]
    can_be_launched: bool
    requests: list[PlannedRequest | PlannedCommand]
    """The requests that would be sent, with placeholders for secrets."""


def plan_document(plan: Plan) -> PlanDocument:
    """Everything the plan knows."""
    values = plan.settings.applicable()
    return {
        "schema": "plan",
        "version": 1,
        "hash": plan.hash,
        "run_id": plan.run_id,
        "resume": plan.resume,
        "preset": plan.composed.preset,
        "settings": {
            name: {"value": value, "from": plan.composed.origins[name]}
            for name, value in values.items()
        },
        "dropped": list(plan.composed.dropped),
        "dataset": plan.dataset,
        "inputs": list(plan.inputs),
        "image": plan.image,
        "told": {"here": list(plan.told_here), "from_pod": list(plan.told_from_pod)},
        "secrets": dict(plan.secrets),
        "candidates": [offer_facts(offer) for offer in plan.candidates],
        "account": plan.account,
        "estimate": plan.estimate,
        "worst_case_usd": plan.worst_case_usd,
        "boot_budget": boot_budget(plan.settings, plan.image_gb),
        "hours_until_capped": plan.hours_until_capped,
        "makes_results_repo": plan.makes_results_repo,
        "secrets_in_plain": plan.secrets_in_plain,
        "base_licence": plan.base_licence,
        "forced": list(plan.forced),
        "remarks": findings_facts(plan.findings),  # what programs read since the first release
        "can_be_launched": not plan.errors,
        "requests": list(plan.requests),
    }


class PricedOfferFacts(TypedDict):
    """One offer, and what the job would take there."""

    place: str
    offer: OfferFacts
    fits: bool
    """Whether a plan for this job could choose it, as far as the job's needs are known."""
    blocked: str
    """Why it could not, in English; empty if it could."""
    most_usd: float
    """The most that the run could cost within its caps."""
    estimate: Estimate | None
    """null if it cannot be known."""


class PlaceNotesFacts(TypedDict):
    """What one place cannot promise, or is missing there."""

    place: str
    notes: list[FindingFacts]


class Offers(TypedDict):
    """GPUs that can be rented now, from every provider. Those on which the job is cheapest come first, those that
    do not fit last."""

    schema: Literal["offers"]
    version: Literal[1]
    offers: list[PricedOfferFacts]
    troubles: list[Said]
    """Providers or datasets that could not be read, in English."""
    notes: list[PlaceNotesFacts]
    """What providers cannot promise, in the words of a plan there."""


def offers_document(found: OffersFound) -> Offers:
    offers: list[PricedOfferFacts] = [
        {
            "place": each.place.name,
            "offer": offer_facts(each.offer),
            "fits": each.fits,
            "blocked": each.blocked,
            "most_usd": each.most_usd,
            "estimate": each.estimate,
        }
        for each in found.offers
    ]
    return {
        "schema": "offers",
        "version": 1,
        "offers": offers,
        "troubles": [*found.troubles],
        "notes": [
            {"place": each.place.name, "notes": findings_facts(each.findings)}
            for each in found.notes
        ],
    }


def offer_facts(offer: Offer) -> OfferFacts:
    return {
        "gpu_type": offer.gpu_type,
        "gpu_name": offer.gpu_name,
        "gpu_count": offer.gpu_count,
        "memory_gb": offer.memory_gb,
        "cloud": offer.cloud,
        "price_per_hour_usd": offer.price_per_hour_usd,
        "stock": offer.stock,
        "data_centers": list(offer.data_centers),
        "avoids": list(offer.avoids),
        "nodes": offer.nodes,
    }


def findings_facts(findings: Iterable[Finding]) -> list[FindingFacts]:
    return [
        {
            "severity": each.severity,
            "code": str(each.code),
            "place": each.place,
            "message": each.message,
            "hint": each.hint,
            "setting": each.setting,
        }
        for each in findings
    ]
