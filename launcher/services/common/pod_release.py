"""Ending the money of one pod: the one place that asks a provider for it. Touches no terminal and no history.

That it was asked for stays on this computer, apart from the history: `reap` ends such a pod wherever it sees it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from launcher.domain.pod_ids import named_pod
from launcher.errors import LauncherError
from launcher.services.common.uninterrupted import owing, to_its_end
from launcher.services.common.workbench import Workbench
from launcher.stores.releases import AskedReleases
from pod_image.contract.next_steps import NextStep, Said, Sentence


@dataclass(frozen=True)
class Release:
    """What came of asking for a pod's end. `trouble`: why it may live on, and cost money; None when it is gone."""

    pod_id: str
    trouble: LauncherError | None = None

    @property
    def is_done(self) -> bool:
        return self.trouble is None

    def check(self) -> None:
        """Raises the trouble, if there was any."""
        if self.trouble is not None:
            raise self.trouble


async def release_pod(bench: Workbench, pod_id: str) -> Release:
    """Have the provider end the pod, before anything else is done; returns what came of it.

    Never raises for the provider's trouble: what has to be written down or said afterwards can be. A
    cancellation does not cut it short; it is raised once the provider has agreed, or has been silent for long.
    """
    with owing(lambda: still_releasing(bench, pod_id)):
        return await to_its_end(_asked(bench, pod_id))


async def _asked(bench: Workbench, pod_id: str) -> Release:
    # Whoever sees the pod again ends it, should this not come to its end. The note never raises.
    why = asked_releases(bench).note(pod_id)
    try:
        return await _from_provider(bench, pod_id)
    finally:
        _say_unnoted(bench, pod_id, why)


async def _from_provider(bench: Workbench, pod_id: str) -> Release:
    try:
        await bench.provider.release(pod_id)
    except LauncherError as trouble:
        return Release(pod_id, trouble)
    return Release(pod_id)


def asked_releases(bench: Workbench) -> AskedReleases:
    return AskedReleases(bench.config.releases_folder)


def _say_unnoted(bench: Workbench, pod_id: str, why: str) -> None:
    say = bench.runs.on_trouble
    if why and say is not None:
        with suppress(Exception):  # nobody to be told any more
            say(f"This computer could not save that {named_pod(pod_id)} must be released ({why}).")


def still_releasing(bench: Workbench, pod_id: str) -> Said:
    """For whom it takes too long."""
    return Sentence(
        f"{named_pod(pod_id, begins=True)} is being released. {bench.place.title} has not confirmed it yet; "
        "until then it costs money. ",
        NextStep.LOOK_FOR_PODS,
        " checks again and releases it.",
    )
