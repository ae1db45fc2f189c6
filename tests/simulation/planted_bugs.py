"""Promises broken on purpose: a harness that misses one of these would prove nothing."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Any
from unittest.mock import patch

from launcher.domain.pod import PodName
from launcher.domain.pod_ids import is_cluster
from launcher.domain.run import Run
from launcher.errors import LauncherError, RentUnclear
from launcher.providers.hf_jobs.provider import HfJobsProvider
from launcher.providers.runpod.clusters import their_id
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.common.pod_release import Release
from launcher.services.common.run_secrets import TokenEnvironment, give_tokens
from launcher.services.common.workbench import Workbench
from launcher.services.ending import sweep
from launcher.services.ending.reap import ReapReport
from launcher.services.following import watch as watching
from launcher.stores.secrets import Keys
from pod_image.agent import deliver
from pod_image.agent import supervisor as supervising
from pod_image.agent.deliver import Delivery
from pod_image.agent.hugging_face import HuggingFace
from pod_image.agent.life import Life
from pod_image.agent.limits import Limits
from pod_image.agent.ports import HubTrouble, Receipt
from pod_image.agent.supervisor import Supervisor
from pod_image.contract.bodies import UploadedFile
from pod_image.contract.outcomes import EndReason
from pod_image.own_machine import errands
from pod_image.recipes.piper.recipe import PiperRecipe
from tests.kit.clouds import JOBS_TOKEN


class PlantedBug(StrEnum):
    """Each is named after what it makes the program do."""

    RELEASES_ONCE = "releases once and believes it"
    FORGETS_ITS_AGE = "counts its deadline from each start of the container"
    CLAIMS_UPLOADS = "says upload for what the Hub refused"
    UPLOADS_AT_THE_END = "uploads nothing before the end"
    ORDERS_AGAIN = "orders again after an unclear answer"
    HANDS_ON_KEYS = "gives the trainer the whole environment"
    SENDS_PLAIN_TOKENS = "puts the tokens into the pod's definition"
    FORGETS_THE_COST = "has no cost cap"
    SLEEPS_ON_GUARD = "has a guard that does nothing"
    LEAVES_FAILED_LAUNCHES = "keeps the pod of a launch that failed"
    NEVER_REAPS = "finds nothing to reap"
    BELIEVES_THE_HUB = "takes the Hub's word for what a commit holds"
    STOPS_DELIVERING = "delivers one commit's worth and no more"
    FORGETS_THE_VOICE = "delivers no voice"
    MAKES_NO_VOICE = "makes no voice of what was learnt"
    ENDS_IN_SILENCE = "does not bring its last word to the repo"
    HIDES_WHAT_IS_MISSING = "says at its end that all was delivered"
    GIVES_UP_SOON = "waits a minute for a Hub that is away"
    TAKES_OVER = "begins a run that another computer has begun"
    REAPS_STRANGERS = "reaps whatever is called like a pod of ours"
    FORGETS_THE_TIMEOUT = "starts jobs that the Hub would let live for a day"
    BELIEVES_CANCEL = "believes that a job ends because its end was asked for"
    STARTS_JOBS_AGAIN = "starts another job after an unclear answer"
    SENDS_THE_JOBS_TOKEN = "gives the job the token that starts jobs"
    LEAVES_ITS_CLUSTER = "leaves a cluster to itself when it stops watching"
    ENDS_MEMBERS_ALONE = "ends the pods of a cluster one by one, which is refused"
    OUTSTAYS_ITS_FIRST_NODE = "watches on although the first node is gone"
    FORGETS_UNWATCHED_CLUSTERS = "leaves a cluster alone that nobody watches any more"
    ENDS_WATCHED_CLUSTERS = "believes of every cluster that nobody watches it"
    ENDS_OTHERS_CLUSTERS = "believes that about those of other computers too"
    ORDERS_CLUSTERS_AGAIN = "orders another cluster after an unclear answer"
    DELIVERS_FROM_EVERY_NODE = "lets every node deliver"
    TRAINS_ON_ALONE = "starts the training again when another node is gone"
    HANDS_KEYS_TO_FURTHER_NODES = "gives the training of a further node the whole environment"
    LENDS_A_GPU_TWICE = "lends one GPU of a person's machine to two runs"
    FORGETS_WHO_LIVES = "lends the GPU of a run whose first process was killed"
    LEAVES_PROCESSES = (
        "believes that a run on a person's machine ends because its end was asked for"
    )
    DROPS_FOLDERS = "removes a run's folder whatever of it was delivered"
    WRITES_KEYS_DOWN = "keeps the keys in the folder of a run on a person's machine"
    GOES_BY_ITS_OWN_CLOCK = "ends a run on a person's machine by this computer's clock"
    FORGETS_THE_KEPT_LOG = "calls a run lost whose machine has its last word"

    @property
    def kind(self) -> str:
        """The promise that it breaks."""
        return _KINDS[self]


@contextmanager
def planted(planted_bug: PlantedBug) -> Iterator[None]:
    """The program with that fault."""
    broken, *targets = _BROKEN[planted_bug]
    with ExitStack() as stack:
        for target in targets:
            stack.enter_context(patch(target, broken))
        yield


async def _release_once(pod: Any, clock: Any, timing: Any, say: Any) -> None:
    await pod.take(pod.ways[0].name)
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


_start = HfJobsProvider.rent


async def _start_again(self: HfJobsProvider, order: Any) -> Any:
    try:
        return await _start(self, order)
    except RentUnclear:
        return await _start(self, order)


_rent_cluster = RunPodProvider._rent_cluster


async def _rent_cluster_again(self: RunPodProvider, order: Any) -> Any:
    try:
        return await _rent_cluster(self, order)
    except RentUnclear:
        return await _rent_cluster(self, order)


@asynccontextmanager
async def _watched_by_nobody(*_: Any, **__: Any) -> AsyncIterator[None]:
    yield


_delete = RunPodProvider._delete


async def _delete_members(self: RunPodProvider, pod_id: str) -> None:
    if not is_cluster(pod_id):
        await _delete(self, pod_id)
        return
    for member in await self._client.cluster_pods(their_id(pod_id)):
        with suppress(LauncherError):
            await self._client.delete_pod(member["id"])


_outstays = watching._outstays


def _outstays_unless_headless(bench: Any, run: Any, ended_at: Any, broken_at: Any) -> str:
    return _outstays(bench, run, ended_at, None)


_why_cluster_goes = sweep._why_cluster_goes


async def _goes_unless_unwatched(bench: Any, ours: Any) -> str:
    why = await _why_cluster_goes(bench, ours)
    return "" if why == sweep.UNWATCHED else why


async def _goes_whoever_watches(bench: Any, ours: Any) -> str:
    return sweep.UNWATCHED


async def _goes_if_ours(bench: Any, ours: Any) -> str:
    return sweep.UNWATCHED if ours.run is not None else ""


_run_stage = Supervisor.run_stage


async def _run_stage_again(self: Supervisor, stage: Any, document: Any) -> Any:
    ending = await _run_stage(self, stage, document)
    while ending is not None and ending.reason is EndReason.TRAINER_DIED:
        await asyncio.sleep(60.0)
        ending = await _run_stage(self, stage, document)
    return ending


_stage_environment = supervising.stage_environment


def _keys_for_further_nodes(environment: Any, document: Any, stage: Any) -> dict[str, str]:
    if environment.get("NODE_RANK", "0") != "0":
        return dict(environment)
    return dict(_stage_environment(environment, document, stage))


async def _cancel_once(self: HfJobsProvider, pod_id: str) -> None:
    await self._client.cancel(pod_id)


_spec = HfJobsProvider._spec


def _spec_with_token(self: HfJobsProvider, order: Any, references: Any) -> dict[str, Any]:
    spec = _spec(self, order, references)
    return {**spec, "secrets": {**(spec["secrets"] or {}), "HF_TOKEN": JOBS_TOKEN}}


def _lease_nothing(folder: Any, found: Any, count: int, lent: Any = ()) -> dict[int, Any]:
    return {os.open(os.devnull, os.O_RDONLY): gpu for gpu in found[:count]}


_order = errands._order


def _order_with_keys(ground: Any, asked: Mapping[str, Any], *parts: Any) -> dict[str, Any]:
    return {**_order(ground, asked, *parts), "keys": asked["keys"]}


async def _give_plain(
    bench: Workbench, run: Run, keys: Keys, named: Sequence[str] = (), *, in_plain: bool
) -> tuple[Run, TokenEnvironment]:
    return await give_tokens(bench, run, keys, named, in_plain=True)


async def _nothing_released(bench: Any, pod_id: str) -> Release:
    return Release(pod_id)


async def _nothing_reaped(bench: Any, **options: Any) -> ReapReport:
    return ReapReport(is_dry_run=False)


async def _all_reaped(bench: Any, **options: Any) -> ReapReport:
    for pod in await bench.provider.pods():
        if PodName.parse(pod.name):
            await bench.provider.release(pod.id)
    return ReapReport(is_dry_run=False)


async def _watch_nothing(*parts: Any) -> None:
    await asyncio.sleep(1e9)


async def _deliver_once(self: Delivery) -> bool:
    batch = self.order.next(self.uploads.results.pending().paths)
    if batch:
        await self.uploads.commit(batch, "results")
    return True


_results = PiperRecipe.results


def _no_voice(self: PiperRecipe, folder: Any, settings: Any) -> Any:
    return [path for path in _results(self, folder, settings) if path.parent.name != "voice"]


_stages = PiperRecipe.stages


def _no_export(self: PiperRecipe, settings: Any) -> Any:
    return _stages(self, settings)[:2]


async def _said_to_nobody(self: Delivery, *parts: Any) -> bool:
    return True


_last_word = deliver.last_word


def _all_delivered(run: Any, ending: Any, missing: Any) -> Any:
    nothing = {"not_delivered": (), "not_delivered_count": 0, "not_delivered_bytes": 0}
    return _last_word(run, ending, missing).model_copy(update=nothing)


async def _never_taken(*_: Any) -> None: ...


_KINDS = {
    PlantedBug.RELEASES_ONCE: "orphan",
    PlantedBug.FORGETS_ITS_AGE: "orphan",
    PlantedBug.CLAIMS_UPLOADS: "lost",
    PlantedBug.UPLOADS_AT_THE_END: "lost",
    PlantedBug.ORDERS_AGAIN: "doubled",
    PlantedBug.HANDS_ON_KEYS: "leaked",
    PlantedBug.SENDS_PLAIN_TOKENS: "leaked",
    PlantedBug.FORGETS_THE_COST: "orphan",
    PlantedBug.SLEEPS_ON_GUARD: "orphan",
    PlantedBug.LEAVES_FAILED_LAUNCHES: "orphan",
    PlantedBug.NEVER_REAPS: "orphan",
    PlantedBug.BELIEVES_THE_HUB: "lost",
    PlantedBug.STOPS_DELIVERING: "lost",
    PlantedBug.FORGETS_THE_VOICE: "lost",
    PlantedBug.MAKES_NO_VOICE: "lost",
    PlantedBug.ENDS_IN_SILENCE: "lost",
    PlantedBug.HIDES_WHAT_IS_MISSING: "lost",
    PlantedBug.GIVES_UP_SOON: "lost",
    PlantedBug.TAKES_OVER: "doubled",
    PlantedBug.REAPS_STRANGERS: "touched",
    PlantedBug.FORGETS_THE_TIMEOUT: "orphan",
    PlantedBug.BELIEVES_CANCEL: "orphan",
    PlantedBug.STARTS_JOBS_AGAIN: "doubled",
    PlantedBug.SENDS_THE_JOBS_TOKEN: "leaked",
    PlantedBug.LEAVES_ITS_CLUSTER: "orphan",
    PlantedBug.ENDS_MEMBERS_ALONE: "orphan",
    PlantedBug.OUTSTAYS_ITS_FIRST_NODE: "orphan",
    PlantedBug.FORGETS_UNWATCHED_CLUSTERS: "orphan",
    PlantedBug.ENDS_WATCHED_CLUSTERS: "lost",
    PlantedBug.ENDS_OTHERS_CLUSTERS: "touched",
    PlantedBug.ORDERS_CLUSTERS_AGAIN: "doubled",
    PlantedBug.DELIVERS_FROM_EVERY_NODE: "doubled",
    PlantedBug.TRAINS_ON_ALONE: "orphan",
    PlantedBug.HANDS_KEYS_TO_FURTHER_NODES: "leaked",
    PlantedBug.LENDS_A_GPU_TWICE: "doubled",
    PlantedBug.FORGETS_WHO_LIVES: "doubled",
    PlantedBug.LEAVES_PROCESSES: "orphan",
    PlantedBug.DROPS_FOLDERS: "lost",
    PlantedBug.WRITES_KEYS_DOWN: "leaked",
    PlantedBug.GOES_BY_ITS_OWN_CLOCK: "lost",
    PlantedBug.FORGETS_THE_KEPT_LOG: "untrue",
}
_OWN = "pod_image.own_machine"
_JOBS = "launcher.providers.hf_jobs.provider.HfJobsProvider"
_RUNPOD = "launcher.providers.runpod.provider.RunPodProvider"
_WHY_CLUSTER_GOES = "launcher.services.ending.sweep._why_cluster_goes"
_BROKEN: dict[PlantedBug, tuple[Any, ...]] = {
    PlantedBug.RELEASES_ONCE: (
        _release_once,
        "pod_image.agent.story.release_for_ever",
        "pod_image.agent.guard.release_for_ever",
    ),
    PlantedBug.FORGETS_ITS_AGE: (_limits_from_now, "pod_image.agent.boot.limits_of"),
    PlantedBug.CLAIMS_UPLOADS: (_claim, "pod_image.agent.hugging_face.HuggingFace.publish"),
    PlantedBug.UPLOADS_AT_THE_END: (_upload_never, "pod_image.agent.uploads.Uploads.work"),
    PlantedBug.ORDERS_AGAIN: (
        _rent_again,
        "launcher.providers.runpod.provider.RunPodProvider.rent",
    ),
    PlantedBug.HANDS_ON_KEYS: (
        lambda environment, document, stage: dict(environment),
        "pod_image.agent.supervisor.stage_environment",
    ),
    PlantedBug.SENDS_PLAIN_TOKENS: (_give_plain, "launcher.services.launching.launch.give_tokens"),
    PlantedBug.FORGETS_THE_COST: (math.inf, "pod_image.agent.limits.Limits.cost_limit_at"),
    PlantedBug.SLEEPS_ON_GUARD: (_watch_nothing, "pod_image.agent.guard.guard"),
    PlantedBug.LEAVES_FAILED_LAUNCHES: (
        _nothing_released,
        "launcher.services.launching.rental.release_pod",
    ),
    PlantedBug.NEVER_REAPS: (_nothing_reaped, "tests.simulation.play.reap"),
    PlantedBug.BELIEVES_THE_HUB: (lambda *_: [], "pod_image.hub.verify"),
    PlantedBug.STOPS_DELIVERING: (_deliver_once, "pod_image.agent.deliver.Delivery.deliver_files"),
    PlantedBug.FORGETS_THE_VOICE: (_no_voice, "pod_image.recipes.piper.recipe.PiperRecipe.results"),
    PlantedBug.MAKES_NO_VOICE: (_no_export, "pod_image.recipes.piper.recipe.PiperRecipe.stages"),
    PlantedBug.ENDS_IN_SILENCE: (
        _said_to_nobody,
        "pod_image.agent.deliver.Delivery._persist_last_word",
    ),
    PlantedBug.HIDES_WHAT_IS_MISSING: (_all_delivered, "pod_image.agent.deliver.last_word"),
    PlantedBug.GIVES_UP_SOON: (
        lambda self: self.run.now() + 60.0,
        "pod_image.agent.deliver.Delivery._give_up_at",
    ),
    PlantedBug.TAKES_OVER: (
        _never_taken,
        "launcher.services.launching.launch._Launch._refuse_taken",
        "launcher.services.launching.launch.refuse_living",
    ),
    PlantedBug.REAPS_STRANGERS: (_all_reaped, "tests.simulation.play.reap"),
    PlantedBug.FORGETS_THE_TIMEOUT: (lambda *_: 24 * 3600, f"{_JOBS}._seconds_left"),
    PlantedBug.BELIEVES_CANCEL: (_cancel_once, f"{_JOBS}.release"),
    PlantedBug.STARTS_JOBS_AGAIN: (_start_again, f"{_JOBS}.rent"),
    PlantedBug.SENDS_THE_JOBS_TOKEN: (_spec_with_token, f"{_JOBS}._spec"),
    PlantedBug.LEAVES_ITS_CLUSTER: (_watched_by_nobody, "tests.simulation.cluster_place.watched"),
    PlantedBug.ENDS_MEMBERS_ALONE: (_delete_members, f"{_RUNPOD}._delete"),
    PlantedBug.OUTSTAYS_ITS_FIRST_NODE: (
        _outstays_unless_headless,
        "launcher.services.following.watch._outstays",
    ),
    PlantedBug.FORGETS_UNWATCHED_CLUSTERS: (_goes_unless_unwatched, _WHY_CLUSTER_GOES),
    PlantedBug.ENDS_WATCHED_CLUSTERS: (_goes_if_ours, _WHY_CLUSTER_GOES),
    PlantedBug.ENDS_OTHERS_CLUSTERS: (_goes_whoever_watches, _WHY_CLUSTER_GOES),
    PlantedBug.ORDERS_CLUSTERS_AGAIN: (_rent_cluster_again, f"{_RUNPOD}._rent_cluster"),
    PlantedBug.DELIVERS_FROM_EVERY_NODE: (Life, "pod_image.agent.story.FurtherLife"),
    PlantedBug.TRAINS_ON_ALONE: (
        _run_stage_again,
        "pod_image.agent.supervisor.Supervisor.run_stage",
    ),
    PlantedBug.HANDS_KEYS_TO_FURTHER_NODES: (
        _keys_for_further_nodes,
        "pod_image.agent.supervisor.stage_environment",
    ),
    PlantedBug.LENDS_A_GPU_TWICE: (_lease_nothing, f"{_OWN}.errands.lease"),
    PlantedBug.FORGETS_WHO_LIVES: (lambda ground: set(), f"{_OWN}.errands._lent"),
    PlantedBug.LEAVES_PROCESSES: (lambda *_: set(), f"{_OWN}.machine.ThisMachine.end"),
    PlantedBug.DROPS_FOLDERS: (lambda place: True, f"{_OWN}.first.is_delivered"),
    PlantedBug.WRITES_KEYS_DOWN: (_order_with_keys, f"{_OWN}.errands._order"),
    PlantedBug.GOES_BY_ITS_OWN_CLOCK: (
        timedelta(0),
        "launcher.providers.own_machine.OwnMachine.clock_ahead",
    ),
    PlantedBug.FORGETS_THE_KEPT_LOG: (_never_taken, "launcher.services.ending.settle._kept_word"),
}
"""What is broken, and where it stands."""
