"""Promises broken on purpose: a harness that misses one of these would prove nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from enum import StrEnum
from typing import Any
from unittest.mock import patch

from launcher.errors import RentUnclear
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.run_secrets import give_tokens
from pod_image.agent.hugging_face import HuggingFace
from pod_image.agent.limits import Limits
from pod_image.agent.ports import HubTrouble, Receipt
from pod_image.contract.events import UploadedFile


class Plant(StrEnum):
    """Each is named after what it makes the program do."""

    RELEASES_ONCE = "releases once and believes it"
    FORGETS_ITS_AGE = "counts its deadline from each start of the container"
    CLAIMS_UPLOADS = "says upload for what the Hub refused"
    UPLOADS_AT_THE_END = "uploads nothing before the end"
    ORDERS_AGAIN = "orders again after an unclear answer"
    HANDS_ON_KEYS = "gives the trainer the whole environment"
    SENDS_PLAIN_TOKENS = "puts the tokens into the pod's definition"

    @property
    def kind(self) -> str:
        """The promise that it breaks."""
        return {
            Plant.RELEASES_ONCE: "orphan",
            Plant.FORGETS_ITS_AGE: "orphan",
            Plant.CLAIMS_UPLOADS: "lost",
            Plant.UPLOADS_AT_THE_END: "lost",
            Plant.ORDERS_AGAIN: "doubled",
            Plant.HANDS_ON_KEYS: "leaked",
            Plant.SENDS_PLAIN_TOKENS: "leaked",
        }[self]


@contextmanager
def planted(plant: Plant) -> Iterator[None]:
    """The program with that fault."""
    broken, *targets = _BROKEN[plant]
    with ExitStack() as stack:
        for target in targets:
            stack.enter_context(patch(target, broken))
        yield


async def _release_once(pod: Any, clock: Any, timing: Any, say: Any) -> None:
    await pod.release(may_stop=False)
    while True:
        await clock.sleep(3_600.0)


def _limits_from_now(document: Any, reading: Any, now: float) -> Limits:
    settings = document.settings
    return Limits(
        now, now + settings.max_hours * 3600, document.price_per_hour_usd, settings.max_cost_usd
    )


_publish = HuggingFace.publish


def _claim(self: HuggingFace, files: Mapping[str, Any], message: str, **options: Any) -> Receipt:
    try:
        return _publish(self, files, message, **options)
    except HubTrouble:
        claimed = (UploadedFile(path=path, size_bytes=1, sha256="0" * 64) for path in files)
        return Receipt("0" * 40, tuple(claimed))


async def _upload_never(self: Any) -> None:
    await self._run.clock.sleep(1e9)


_rent = RunPodProvider.rent


async def _rent_again(self: RunPodProvider, order: Any) -> Any:
    try:
        return await _rent(self, order)
    except RentUnclear:
        return await _rent(self, replace(order, name=order.name))


async def _give_plain(bench: Any, run: Any, keys: Any, *, in_plain: bool) -> Any:
    return await give_tokens(bench, run, keys, in_plain=True)


_BROKEN: dict[Plant, tuple[Any, ...]] = {
    Plant.RELEASES_ONCE: (
        _release_once,
        "pod_image.agent.story.release_for_ever",
        "pod_image.agent.guard.release_for_ever",
    ),
    Plant.FORGETS_ITS_AGE: (_limits_from_now, "pod_image.agent.boot.limits_of"),
    Plant.CLAIMS_UPLOADS: (_claim, "pod_image.agent.hugging_face.HuggingFace.publish"),
    Plant.UPLOADS_AT_THE_END: (_upload_never, "pod_image.agent.uploads.Uploads.work"),
    Plant.ORDERS_AGAIN: (_rent_again, "launcher.providers.runpod.provider.RunPodProvider.rent"),
    Plant.HANDS_ON_KEYS: (
        lambda environment, document: dict(environment),
        "pod_image.agent.supervisor.stage_environment",
    ),
    Plant.SENDS_PLAIN_TOKENS: (_give_plain, "launcher.services.launch.give_tokens"),
}
"""What is broken, and where it stands."""
