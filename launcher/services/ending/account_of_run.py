"""Whether the key at hand is of the account that a run was launched in: with another's every pod is "not found"."""

from __future__ import annotations

from datetime import timedelta

from launcher.domain.pod_ids import named_pod
from launcher.domain.run import Run
from launcher.errors import LauncherError, PodGone
from launcher.services.common.workbench import Workbench

CERTAINLY_OVER = timedelta(minutes=5)
"""So long after its deadline no pod of ours lives, whichever account it is of."""


async def is_of_this_account(bench: Workbench, run: Run) -> bool:
    """True only when something proves it: nothing is kept that was made from a key, so keys cannot be compared.

    Proofs are that this process has seen the pod, that the account's id is the one noted at the launch, or that
    the account holds the run's own secrets. Never raises for an answer that is not to be had.
    """
    if bench.pod_list.has_seen(run.pod_id):
        return True
    try:
        if run.account_id:
            account_id = (await bench.provider.account()).account_id
            if account_id:
                return account_id == run.account_id
        if run.secret_names:
            names = {secret.name for secret in await bench.provider.secrets()}
            return not names.isdisjoint(run.secret_names)
    except LauncherError:
        return False
    return False


def is_certainly_over(bench: Workbench, run: Run) -> bool:
    """Whether the pod is gone by its own deadline, whoever's it is."""
    return run.deadline is not None and bench.provider_now() - run.deadline > CERTAINLY_OVER


def not_found(bench: Workbench, run: Run) -> PodGone:
    """What is said of a pod that this key does not show, and that may well live in another account."""
    title = bench.place.title
    until = f" until {run.deadline:%Y-%m-%d %H:%M} UTC" if run.deadline is not None else ""
    return PodGone(
        f"{named_pod(run.pod_id, begins=True)} of {run.run_id} was not found with this {title} key; "
        "it may belong to another account.",
        hint=f"Use the key that launched it. The run stays open here{until}, when its pod has ended itself.",
    )
