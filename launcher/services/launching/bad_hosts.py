"""Machines that failed their trial lately, as the history remembers them, and offers steered away from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from launcher.domain.offer import Offer
from launcher.services.common.workbench import Workbench
from launcher.services.launching.boot import UnfitMachine
from launcher.stores.runs import RecordKind
from pod_image.contract.bodies import ArmedReport
from pod_image.contract.findings import Finding, Severity

REMEMBERED = timedelta(days=7)
"""A machine is repaired or taken off sooner or later."""


@dataclass(frozen=True)
class BadHost:
    """One machine that was not what was paid for. `ids` are its GPUs' own; the provider names no machine."""

    gpu_name: str
    data_center: str
    seen_at: datetime
    why: str
    ids: frozenset[str] = frozenset()

    @property
    def sentence(self) -> str:
        place = self.data_center or "an unnamed data centre"
        day = f"{self.seen_at:%Y-%m-%d}"
        return f"a machine with {self.gpu_name} in {place} failed on {day} ({self.why})"


def bad_hosts(bench: Workbench) -> tuple[BadHost, ...]:
    """Those of the last days, newest first."""
    now = bench.clock.now()
    found = []
    for run, machine in bench.runs.all_kept(RecordKind.MACHINE):
        if machine.get("works") is not False or now - run.planned_at > REMEMBERED:
            continue
        tried = machine.get("tried") or {}
        why = "; ".join(f"{name}: {detail}" for name, detail in tried.items())
        ids = frozenset(machine.get("ids") or ())
        place = str(machine.get("data_center") or "")
        found.append(BadHost(run.gpu_name, place, run.planned_at, why or "its trial", ids))
    return tuple(found)


def steered(offers: Sequence[Offer], bad: Sequence[BadHost]) -> tuple[Offer, ...]:
    """The offers in their order, without the data centres where such a GPU failed; what is free nowhere else
    comes last."""
    good, last = [], []
    for offer in offers:
        avoided = {host.data_center for host in bad if host.gpu_name == offer.gpu_name}
        left_out = tuple(place for place in offer.data_centers if place in avoided)
        places = tuple(place for place in offer.data_centers if place not in avoided)
        if not left_out:
            good.append(offer)
        elif places:
            avoids = (*offer.avoids, *left_out)
            good.append(replace(offer, data_centers=places, avoids=avoids))
        else:
            last.append(offer)
    return (*good, *last)


def elsewhere(failed: Offer, left: Sequence[Offer], bad: Sequence[BadHost]) -> tuple[Offer, ...]:
    """What to try after `failed` had a bad machine: the same in another data centre first, then what was left."""
    (again,) = steered([failed], bad)
    is_elsewhere = again.avoids != failed.avoids
    return steered([*([again] if is_elsewhere else []), *left], bad)


def check_machine(report: ArmedReport, bad: Sequence[BadHost]) -> None:
    """Raises UnfitMachine for a machine that failed lately, although it does well now."""
    ids = {each for check in report.arms for each in check.ids}
    for host in bad:
        if ids & host.ids:
            raise UnfitMachine(f"This is the same machine again: {host.sentence}.")


def findings_on_bad_hosts(offers: Sequence[Offer], bad: Sequence[BadHost]) -> tuple[Finding, ...]:
    """What a plan says of the machines it keeps away from."""
    said: dict[str, Finding] = {}
    for offer in offers:
        for host in bad:
            if host.gpu_name != offer.gpu_name or not host.data_center:
                continue
            if host.data_center in offer.avoids:
                what = f"{host.data_center} is not used"
            elif offer.data_centers == (host.data_center,):
                what = f"{host.data_center} is tried last"
            else:
                continue
            said.setdefault(what + offer.gpu_name, _note(what, host))
    return tuple(said.values())


def _note(what: str, host: BadHost) -> Finding:
    return Finding(Severity.NOTE, "bad_host", f"{what} for {host.gpu_name}: {host.sentence}.")
