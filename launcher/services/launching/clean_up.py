"""A launch that comes to nothing: what it rented is given back, the error says what it cost, and who waits is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from launcher.domain.run import Run
from launcher.errors import Interrupted, LauncherError, RunFailed
from launcher.services.common.uninterrupted import despite_cancel, owing
from launcher.services.common.workbench import Workbench
from launcher.services.launching.boot import NeverCameUp
from launcher.services.launching.progress import Reporter, Stage
from launcher.services.launching.rental import Rental
from pod_image.contract.next_steps import NextStep, Said, Sentence, joined
from pod_image.contract.outcomes import EndReason

INTERRUPTED = "It was interrupted before the pod was armed."


class CleanUp:
    """`count_calls` notes with a run how often the place was asked for it."""

    def __init__(
        self, bench: Workbench, reporter: Reporter, count_calls: Callable[[Run], Run]
    ) -> None:
        self._bench, self._reporter, self._count_calls = bench, reporter, count_calls
        self._failed: Rental | None = None

    async def guarded(self, rental: Rental, run: Run, work: Coroutine[Any, Any, Run]) -> Run:
        """Do the work; when it does not succeed, nothing that costs money is left behind.

        Once the pod is armed it needs nobody: what is raised then leaves it alone.
        """
        with owing(lambda: rental.owed):
            try:
                return await work
            except BaseException as exc:  # a bug too, and the end of the process
                if rental.is_armed:
                    raise
                await self._fail(rental, run, exc)
                raise

    async def _fail(self, rental: Rental, run: Run, exc: BaseException) -> None:
        """Clean up, and say so with what is raised; what is no error of ours is left to the caller to raise."""
        self._failed = rental
        match exc:
            case asyncio.CancelledError():
                said = await self._clean_up(rental, run, INTERRUPTED, EndReason.ABORTED)
                raise Interrupted(
                    joined(["Interrupted before the pod was armed.", said]),
                    hint=Sentence(NextStep.LIST_RUNS, " shows what is left."),
                ) from exc
            case LauncherError():
                exc.add(await self._clean_up(rental, run, str(exc), trouble=exc))
            case NeverCameUp():
                said = await self._clean_up(rental, run, str(exc))
                if rental.may_live:
                    # Another pod now could be a second one for this run.
                    raise RunFailed(
                        joined([str(exc), said]),
                        hint=Sentence(NextStep.LOOK_FOR_PODS, " tries to release it."),
                    ) from exc
                self._reporter.say(Stage.REFUSED, f"{exc} {said}", run)
                raise type(exc)(f"{exc} {said}".strip()) from exc
            case _:
                await self._clean_up(rental, run, f"The launcher failed: {type(exc).__name__}.")

    async def _clean_up(
        self,
        rental: Rental,
        run: Run,
        why: str,
        reason: EndReason = EndReason.BOOT_FAILED,
        trouble: LauncherError | None = None,
    ) -> Said:
        said = await despite_cancel(rental.give_back(why, reason, trouble))
        self._count_calls(self._bench.runs.by_nonce(run.nonce) or run)
        return said

    def tell_failed(self, error: LauncherError) -> None:
        """Nothing came of the launch: so whoever went away meanwhile is told, of the last pod that was rented."""
        rental = self._failed
        run = self._bench.runs.by_nonce(rental.nonce) if rental is not None else None
        if rental is None or run is None or not (rental.pod_id or rental.may_live):
            return
        teller, now = self._bench.teller, self._bench.provider_now()
        if rental.may_live:
            why = (
                f"{run.run_id} could not be started, and we could not confirm that its pod is gone."
            )
            teller.cannot_prove_gone(run, why, now)
        elif not isinstance(error, Interrupted):
            teller.is_over(run, now)
