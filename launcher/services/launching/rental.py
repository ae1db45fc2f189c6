"""What one attempt has rented, held in memory from the answer on, and how it is given back. Needs no history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from launcher.domain.pod import Pod, PodOrder
from launcher.domain.pod_ids import named_pod
from launcher.domain.run import Run, RunState
from launcher.errors import HubError, LauncherError, NotConfigured, RentUnclear
from launcher.services.common.intents import intents_of
from launcher.services.common.pod_release import release_pod, still_releasing
from launcher.services.common.run_secrets import remove_run_secrets
from launcher.services.common.unproven import told_when_slow
from launcher.services.common.workbench import Workbench
from launcher.services.ending.reconcile import look_for, own
from launcher.services.ending.settle import close, delivered_word, metered_usd, write_down
from launcher.services.launching.progress import Stage
from pod_image.contract.figures import about, dollars_per_hour, duration
from pod_image.contract.next_steps import NextStep, Said, Sentence
from pod_image.contract.outcomes import EndReason

Say = Callable[[Stage, str, Run], None]
SAID_AFTER_SECONDS = 1.0
"""A release is on its way before a word of it is said: a terminal may be gone, or take nothing any more."""


class Rental:
    """`pod_id`: what is certainly rented. `may_live`: whether a pod of it may cost money now."""

    def __init__(self, bench: Workbench, run: Run, say: Say) -> None:
        self._bench, self._run, self._say = bench, run, say
        self._pod: Pod | None = None
        self._is_ordered = False
        self.pod_id = run.pod_id
        self.is_begun = bool(run.pod_id)
        """Something of the run is in the history, or in the account."""
        self.is_armed = False
        """It ends itself from here on: nothing is owed for it."""
        self._is_released = False

    @property
    def nonce(self) -> str:
        return self._run.nonce

    @property
    def may_live(self) -> bool:
        return bool(self.pod_id or self._is_ordered) and not self._is_released

    @property
    def owed(self) -> Said:
        """What whoever leaves now would leave behind."""
        if self.is_armed:
            return ""
        if self.pod_id and not self._is_released:
            return still_releasing(self._bench, self.pod_id)
        if self._is_ordered and not self._is_released:
            return Sentence(
                "A GPU was ordered. Its pod may cost money; we are looking for it to release it. ",
                NextStep.LOOK_FOR_PODS,
                " checks again.",
            )
        title = self._bench.place.title
        return Sentence(
            f"Removing what was created at {title} for the run. ",
            NextStep.LOOK_FOR_PODS,
            " checks again.",
        )

    async def order(self, order: PodOrder) -> Pod:
        """Rent the pod; it is known here as soon as there is an answer, whoever is cancelled meanwhile."""
        self._is_ordered = True
        try:
            self._pod = await self._bench.provider.rent(order)
        except RentUnclear:
            raise
        except LauncherError:
            self._is_ordered = False  # a clear no: there is no pod
            raise
        self.pod_id = self._pod.id
        return self._pod

    def found(self, pod: Pod) -> Pod:
        """The pod of an order that had no clear answer."""
        self._pod, self.pod_id = pod, pod.id
        return pod

    async def give_back(
        self, why: str, reason: EndReason, trouble: LauncherError | None = None
    ) -> Said:
        """Release what was rented and say so in a sentence; never raises for the provider's trouble."""
        if not self.pod_id and self._is_ordered and not isinstance(trouble, RentUnclear):
            await self._look()
        if self.pod_id:
            return await self._release(why, reason)
        if not self.is_begun:
            return ""
        if self._is_ordered:
            # The row stays open for the reaper, and the secrets for a pod that is to be released.
            intents_of(self._bench).give_up(self._run.nonce)
            self._bench.runs.update(self._run, detail=why)
            return Sentence(
                "We could not confirm that anything was rented; ",
                NextStep.LOOK_FOR_PODS,
                " checks again.",
            )
        await self._close_unrented(why, reason)
        return "Nothing was rented."

    async def _look(self) -> None:
        with suppress(LauncherError):  # not to be told: then the reaper looks
            pod = await look_for(self._bench, self._run.pod_name)
            if pod is not None:
                self.found(pod)

    async def _release(self, why: str, reason: EndReason) -> Said:
        slow = (
            f"{named_pod(self.pod_id, begins=True)} should be gone because its launch failed, but could not be "
            "released yet."
        )
        releasing = asyncio.ensure_future(release_pod(self._bench, self.pod_id))
        await asyncio.wait([releasing], timeout=SAID_AFTER_SECONDS)
        if not releasing.done():
            self._say(Stage.RELEASING, f"Releasing {named_pod(self.pod_id)}.", self._run)
        async with told_when_slow(self._bench, self._run, slow):
            released = await releasing
        self._is_released = released.is_done
        run = self._now()
        if released.trouble is not None:
            self._bench.runs.update(run, state=RunState.ENDING, detail=why)
            return Sentence(
                f"{named_pod(run.pod_id, begins=True)} could NOT be released ({released.trouble.message}) and costs "
                f"{dollars_per_hour(run.price_per_hour_usd)} until ",
                NextStep.ABORT_RUN.of(run.run_id),
                " succeeds.",
            )
        run = await self._closed(run, reason, why)
        said = _released(run)
        self._say(Stage.RELEASED, said, run)
        return said

    async def _closed(self, run: Run, reason: EndReason, why: str) -> Run:
        """It may have come to its own end unheard, such as while this computer slept: then that is how it ended."""
        if run.end_reason is None and reason is EndReason.BOOT_FAILED:
            word = None
            with suppress(HubError, NotConfigured):
                word = await delivered_word(self._bench, run, in_a_hurry=True)
            if word is not None and word.reason is not EndReason.LOST:
                return await write_down(self._bench, run, word)
        return await close(self._bench, run, run.end_reason or reason, why)

    def _now(self) -> Run:
        """The run as the history has it, with the pod also where the history could not be told."""
        run = self._bench.runs.by_nonce(self._run.nonce) or self._run
        if run.pod_id:
            return run
        return own(self._bench, run, self._pod) if self._pod else replace(run, pod_id=self.pod_id)

    async def _close_unrented(self, why: str, reason: EndReason) -> None:
        run = self._bench.runs.by_nonce(self._run.nonce) or self._run
        intents_of(self._bench).settle(run.nonce)
        run = await remove_run_secrets(self._bench, run)
        self._bench.runs.update(
            run,
            state=RunState.ENDED,
            ended_at=self._bench.clock.now(),
            end_reason=reason,
            detail=why,
            cost_usd=0.0,
        )


def _released(run: Run) -> str:
    name = named_pod(run.pod_id, begins=True)
    if run.created_at is None or run.ended_at is None:
        return f"{name} was released."
    lived = run.ended_at - run.created_at
    cost = metered_usd(run, run.created_at, run.ended_at)
    return f"{name} was released after {duration(lived.total_seconds())}; it cost {about(cost)}."
