"""Fetching, before the work: dataset, the recipe's needs, and what earlier pods of this run delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pod_image.agent.attempt_state import Ending
from pod_image.agent.bringing import bring
from pod_image.agent.ports import HubTrouble
from pod_image.agent.run import Run
from pod_image.agent.side_by_side import cancel_all, first_of
from pod_image.agent.start_decision import GoOn, Start
from pod_image.agent.uploads import Uploads
from pod_image.contract.bodies import PhaseChange
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.whole_file import write_whole


@dataclass
class Fetching:
    """Asks again while the Hub is away; `uploads` says how long to leave it alone."""

    run: Run
    uploads: Uploads

    async def fetch(self, start: Start) -> Ending | None:
        """Dataset, the recipe's needs, and the checkpoint to go on from; stopped when the run ends."""
        fetching = asyncio.ensure_future(self._fetch_all(start))
        try:
            await first_of(fetching, self.run.is_ending)
            return fetching.result() if fetching.done() else None
        finally:
            await cancel_all([fetching])

    async def _fetch_all(self, start: Start) -> Ending | None:
        run, attempt = self.run, 0
        if run.ending is not None:
            return None
        while True:
            try:
                await self._fetch_once(start)
            except HubTrouble as exc:
                if exc.is_refusal:
                    return Ending(EndReason.FAILED, str(exc), exc.hint)
                attempt += 1
                self.uploads.tell(exc)
                await run.clock.sleep(self.uploads.pause_seconds(exc, attempt))
            else:
                return None

    async def _fetch_once(self, start: Start) -> None:
        run = self.run
        loop = asyncio.get_running_loop()

        def on_bytes(done: int, total: int) -> None:  # called on whichever thread downloads
            loop.call_soon_threadsafe(self._fetched, done, total)

        blocking, folder = run.ports.run_blocking, run.folder
        await bring(run)  # first: what is not as planned is found before hours of downloads
        if isinstance(start, GoOn) and start.fetch is not None:
            paths = [run.results.path(path) for path in start.fetch.paths]
            below = run.results.path("").rstrip("/")
            await blocking(lambda: run.hub.fetch_results(paths, folder.out, below))
            await self._carry_on()
            run.ports.processes.hand_over(folder.out / "checkpoints", run.user)
        if run.document.resume or isinstance(start, GoOn):
            await self._restore()
        told = _OneAfterAnother(on_bytes)
        for need in run.recipe.needs(run.settings):
            await blocking(partial(run.hub.fetch_need, need, folder.base, told.heard))
            told.is_whole()
        await self._fetch_datasets(told)

    async def _fetch_datasets(self, told: _OneAfterAnother) -> None:
        """Each to a folder of its own, where there are several; what is reported is of all that have begun."""
        run, document = self.run, self.run.document
        commits = (document.dataset_commit, *document.more_dataset_commits)
        for number, dataset in enumerate(chosen_datasets(run.settings)):
            commit = commits[number] if number < len(commits) else ""
            target = run.folder.dataset / dataset.folder
            where = (dataset.repo, dataset.inside)
            fetch = partial(run.hub.fetch_dataset, commit, target, told.heard, *where)
            await run.ports.run_blocking(fetch)
            told.is_whole()

    async def _carry_on(self) -> None:
        """What earlier pods of this run delivered and this one adds to, such as the losses so far."""
        run = self.run
        for below in run.recipe.carries(run.settings):
            path = run.folder.out / below
            if path.exists():
                continue
            content = await run.ports.run_blocking(partial(run.hub.read, run.results.path(below)))
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, content, is_durable=True)
                run.ports.processes.hand_over(path, run.user)

    async def _restore(self) -> None:
        """What an earlier pod delivered and the recipe wants back, unless it is on this disk."""
        run = self.run
        start = run.results.path("")
        there = await run.ports.run_blocking(partial(run.hub.listing, start.rstrip("/")))
        # What the repo has, and not what run.json names: a commit's record is written before its files are there.
        delivered = [file.path.removeprefix(start) for file in there]
        wanted = run.recipe.restores(run.settings, delivered)
        absent = [below for below in wanted if not (run.folder.out / below).exists()]
        if absent:
            paths = [run.results.path(below) for below in absent]
            fetch = partial(run.hub.fetch_results, paths, run.folder.out, start.rstrip("/"))
            await run.ports.run_blocking(fetch)
            for name in run.recipe.folders:
                run.ports.processes.hand_over(run.folder.out / name, run.user)
        run.is_restored = run.is_restored or bool(wanted)

    def _fetched(self, done: int, total: int) -> None:
        run = self.run
        run.progress.progress_at = run.now()
        run.events.thinned(
            PhaseChange(phase=Phase.FETCH, state="progress", done=done, total=total, unit="bytes")
        )


@dataclass
class _OneAfterAnother:
    """Progress of several downloads as that of one: what is whole, and the one that is under way."""

    on_bytes: Callable[[int, int], None]
    whole: int = 0
    latest: int = 0

    def heard(self, done: int, total: int) -> None:
        self.latest = total
        self.on_bytes(self.whole + done, self.whole + total)

    def is_whole(self) -> None:
        self.whole += self.latest
        self.latest = 0
