"""Whether a pod that boots is to be waited for: pure decisions over what has been seen of it."""

from __future__ import annotations

import re
from datetime import timedelta

from launcher.domain.pod import PodStatus
from launcher.errors import RunFailed
from launcher.services.common.observations import EventSeen, Gone, LogSeen, RawObservation, Tick
from pod_image.contract.bodies import ArmedReport, Ended
from pod_image.contract.figures import duration
from pod_image.contract.next_steps import Sentence, setting

PLACEMENT_SHARE = 0.5
"""Of the boot budget: a pod that has no machine by then will not get one."""


_NEVER_PULLED = re.compile(
    r"pull access denied|manifest unknown|manifest for \S+ not found|repository does not exist|"
    r"unauthorized|denied: ",
    re.IGNORECASE,
)
"""What a registry says that will say the same again; a time-out or a rate limit passes."""


class NeverCameUp(Exception):
    """The machine's fault, not the run's: the next candidate may do."""


class UnfitMachine(NeverCameUp):
    """It came up and is not what was paid for; another of its kind elsewhere may be."""


def judge_boot_checks(report: ArmedReport) -> None:
    """Raises UnfitMachine where only the machine is at fault, else RunFailed; both name what does not work."""
    if report.works:
        return
    broken = [check for check in report.arms if not check.works]
    faults = ", ".join(
        f"{check.name} ({check.detail})" if check.detail else check.name for check in broken
    )
    if broken and all(check.is_about_machine for check in broken):
        raise UnfitMachine(f"The machine cannot do the run: {faults}.")
    raise RunFailed(
        f"The pod cannot end itself: {faults or 'it gave no reason'}.",
        hint="A pod that cannot end itself is not left running. Try again, or try another data centre.",
    )


def decisive_waits(boot_minutes: float) -> tuple[timedelta, ...]:
    """After these it is decided whether the pod is waited for any longer; a moment later, so that they have passed."""
    budget = timedelta(minutes=boot_minutes)
    return tuple(each + timedelta(seconds=1) for each in (budget * PLACEMENT_SHARE, budget))


def check_boot(
    boot_minutes: float,
    status: PodStatus,
    waited: timedelta,
    seen: RawObservation,
    *,
    has_container: bool = True,
) -> None:
    """Raises RunFailed or NeverCameUp when there is nothing more to wait for.

    `has_container`: something was seen of the container, so that what is missing is the run's own doing.
    """
    if isinstance(seen, EventSeen) and isinstance(ended := seen.event.body, Ended):
        raise RunFailed(
            f"The run ended before it started: {ended.detail}", hint=ended.what_to_do, is_own=True
        )
    if isinstance(seen, LogSeen) and seen.source == "system" and _NEVER_PULLED.search(seen.text):
        raise RunFailed(
            f"The image cannot be pulled: {seen.text}",
            hint=Sentence(
                "Look at ",
                setting("image"),
                ". A private image needs ",
                setting("registry"),
                " with the ID of its credential at the provider.",
            ),
            is_own=True,
        )
    if isinstance(seen, Gone):
        raise NeverCameUp("The pod disappeared before it was armed.")
    if status in (PodStatus.ERROR, PodStatus.EXITED):
        raise NeverCameUp(f"The pod went to {status} before it was armed.")
    if isinstance(seen, Tick) and not seen.is_fresh:
        return  # what is known of the pod may be a minute old: a look is due when it is decided
    budget = timedelta(minutes=boot_minutes)
    if status is PodStatus.PROVISIONING and waited > budget * PLACEMENT_SHARE:
        raise NeverCameUp(
            f"The pod got no machine within {duration((budget * PLACEMENT_SHARE).total_seconds())}."
        )
    if waited > budget and status is not PodStatus.RUNNING:
        raise NeverCameUp(f"The pod did not start within {duration(budget.total_seconds())}.")
    if waited > budget and not has_container:
        raise NeverCameUp(
            "The pod is reported as running, but its container gave no sign of life within "
            f"{duration(budget.total_seconds())}."
        )
    if waited > budget:
        raise RunFailed(
            f"The pod is running but was not armed within {duration(budget.total_seconds())}.",
            hint=Sentence(
                "Its log so far is shown above. A large image may need a higher ",
                setting("boot_minutes"),
                ".",
            ),
        )
