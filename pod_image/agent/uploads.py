"""Results on their way to the Hub while training goes on: one commit per checkpoint, everything else rides along."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from pod_image.agent.clock import backoff_seconds
from pod_image.agent.hiding import Hiding
from pod_image.agent.order import DeliveryOrder
from pod_image.agent.ports import HubTrouble, Receipt, RepoWasGone
from pod_image.agent.record import record_of
from pod_image.agent.run import Run
from pod_image.agent.run_page import RunPage
from pod_image.agent.run_results import Results
from pod_image.agent.staging import Staged, stage
from pod_image.contract.bodies import RunWarning, Upload
from pod_image.hub.budget import CommitBudget, CommitPriority

_FILES_PER_EVENT = 30
Card = Callable[[str | None], str]


class Uploads:
    """All commits of this pod go through here, one at a time."""

    def __init__(self, run: Run, on_uploaded: Callable[[], None]) -> None:
        self._run = run
        self.results = Results(run)
        self._on_uploaded = on_uploaded
        self._wanted = asyncio.Event()
        self._has_checkpoint = False
        self._order = DeliveryOrder(sys.maxsize)
        self._hiding = Hiding.of(run.ports.environment)
        self._turn = asyncio.Lock()
        self._last_commit_at = run.now()
        self._told: set[str] = set()
        own, share = run.ports.timing.commits_per_hour, run.document.commits_per_hour
        self.budget = CommitBudget(run.now, min(own, share))
        self.page = RunPage(run)

    def checkpoint_kept(self) -> None:
        """There is a new checkpoint on disk."""
        self._has_checkpoint = True
        self._wanted.set()

    def sample_said(self) -> None:
        """Somebody waits to hear a sample that is on disk."""
        self._wanted.set()

    async def work(self) -> None:
        """Upload for ever. A Hub that refuses delays uploads; it never stops the training."""
        attempt = 0
        self.results.note_delivered()
        while True:
            await self._next_reason()
            try:
                await self._round()
                attempt = 0
            except HubTrouble as exc:
                attempt += 1
                self.tell(exc)
                self.checkpoint_kept()
                await self._run.clock.sleep(self.pause_seconds(exc, attempt))

    async def settle(self, limit_seconds: float) -> None:
        """Let a commit that is under way come to its end, so that the next does not collide with it."""
        try:
            async with asyncio.timeout(max(0.0, limit_seconds)), self._turn:
                return
        except TimeoutError:
            return

    def pause_seconds(self, trouble: HubTrouble, attempt: int) -> float:
        """How long to leave the Hub alone; as long as it asked for, when it did.

        Never over a quarter of what is left until the caps: a Hub that comes back shortly before them is noticed.
        """
        timing, left_seconds = self._run.ports.timing, self._run.seconds_left
        own = backoff_seconds(
            attempt, first=timing.first_backoff_seconds, longest=timing.longest_backoff_seconds
        )
        if left_seconds > 0:
            own = min(own, max(timing.first_backoff_seconds, left_seconds / 4))
        return max(own, trouble.retry_after_seconds)

    def tell(self, trouble: HubTrouble) -> None:
        """Each trouble is told once, not at every try."""
        if str(trouble) not in self._told:
            self._told.add(str(trouble))
            self._run.events.emit(RunWarning.saying("hub", trouble.message, trouble.hint))

    def warn(self, sentence: str) -> None:
        """A file is not delivered; told once."""
        if sentence not in self._told:
            self._told.add(sentence)
            self._run.events.emit(RunWarning(code="not_delivered", message=sentence))

    async def commit(
        self,
        paths: Iterable[Path],
        message: str,
        *,
        own: Mapping[str, bytes] | None = None,
        card: Card | None = None,
        has_page: bool = False,
        is_last: bool = False,
        copies: Mapping[Path, str] | None = None,
    ) -> Receipt:
        """One commit with these files and the agent's own; an `upload` event when it is proved.

        `copies`: files below `RunFolder.prepared`, and the paths that they get below the run's folder.

        Raises HubTrouble; a file that cannot be read is warned about and left out. `has_page`: the run's own page
        goes with it. `is_last`: the last word was said already, so the receipt stays unsaid.
        """
        run = self._run
        async with self._turn:
            await self._fetch_earlier_log()
            began = run.now()
            with _scratch(run.folder.root) as scratch:
                # Copies gigabytes at times: on the loop that would look like an agent that hangs.
                freeze = partial(
                    stage,
                    (*paths, *(copies or ())),
                    run.folder.out,
                    scratch,
                    {**self.results.left_behind, **(copies or {})},
                    (run.folder.prepared, run.folder.reworded),
                    self._hiding,
                )
                staged, left_out = await run.ports.run_blocking(freeze)
                files = {run.results.path(one.below): one.path for one in staged}
                content: dict[str, Path | bytes] = {**files, **self._own(own)}
                sizes = {run.results.path(one.below): one.mark.size_bytes for one in staged}
                if has_page:
                    content |= await self.page.files(sizes, is_last=is_last)
                try:
                    receipt = await self._publish(content, message, card)
                except (OSError, ValueError) as exc:
                    # Something about these very files that nobody foresaw: others must not be lost by it.
                    why = f"{type(exc).__name__} while {len(files)} files were sent."
                    is_about_files = bool(files) or (has_page and self.page.is_carried)
                    self.page.leave_out()
                    raise HubTrouble(why, is_about_files=is_about_files) from exc
            self._settle_receipt(receipt, staged)
            seconds = max(0.0, run.now() - began)
            run.progress.upload.took(sum(file.size_bytes for file in receipt.files), seconds)
        if not is_last:
            self._say_uploaded(receipt, seconds, left_out)
        return receipt

    def _own(self, own: Mapping[str, bytes] | None) -> dict[str, bytes]:
        run = self._run
        self.results.withdraw_pruned()
        if own is None:
            own = {
                run.results.record: run.events.mask(record_of(run).to_json()).encode(),
                run.results.events: read_or_empty(run.events.path),
                run.results.log: run.log.content(),
            }
        return {**run.carried, **own}

    async def _fetch_earlier_log(self) -> None:
        """Before the first commit: what earlier lives wrote stays in front. Raises HubTrouble while the Hub is away."""
        run = self._run
        if not run.log_is_apart:
            return
        try:
            content = await run.ports.run_blocking(lambda: run.hub.read(run.results.log))
        except HubTrouble as exc:
            if not exc.is_refusal:
                raise  # the commit would fail as well
            content = None
        run.log_is_apart = False
        run.log.begin_with(content or b"")

    async def _publish(
        self, content: Mapping[str, Path | bytes], message: str, card: Card | None
    ) -> Receipt:
        run = self._run
        deletes = self.results.withdraw_pruned()
        self.budget.spend()
        # The call goes on without us when we are cancelled: a record that is older than the last word must
        # not land after it.
        called_off = threading.Event()
        try:
            receipt = await run.ports.run_blocking(
                lambda: run.hub.publish(
                    content, message, deletes=deletes, card=card, called_off=called_off.is_set
                )
            )
        except asyncio.CancelledError:
            called_off.set()
            raise
        except HubTrouble as exc:
            self.budget.close_for(exc.retry_after_seconds)
            if exc.is_about_files:
                self.page.leave_out()  # what was not taken may be this
            if isinstance(exc, RepoWasGone):
                self.results.are_gone()
            raise
        self.results.are_withdrawn(deletes)
        return receipt

    def _settle_receipt(self, receipt: Receipt, staged: list[Staged]) -> None:
        run = self._run
        self.results.are_there(staged)
        run.carried.clear()
        run.delivered |= {file.path: file for file in receipt.files}
        run.last_commit = receipt.commit
        self._last_commit_at = run.now()

    def _say_uploaded(self, receipt: Receipt, seconds: float, left_out: list[str]) -> None:
        run = self._run
        for start in range(0, len(receipt.files), _FILES_PER_EVENT):
            files = receipt.files[start : start + _FILES_PER_EVENT]
            run.events.emit(Upload(commit=receipt.commit, files=files, seconds=round(seconds, 2)))
        for sentence in left_out:
            self.warn(sentence)

    async def _next_reason(self) -> None:
        """Wait for a checkpoint, or until samples and events have waited long enough."""
        run = self._run
        while not self._wanted.is_set():
            waited = run.now() - self._last_commit_at
            left = run.ports.timing.ride_along_seconds - waited
            if left <= 0:
                self._last_commit_at = run.now()
                if self.results.pending().paths:
                    return
                continue
            try:
                async with asyncio.timeout(left):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def _round(self) -> None:
        while (wait_seconds := self.budget.wait_seconds(self._priority)) > 0:
            # A checkpoint that comes meanwhile may use more of the hour than what waits here.
            self._wanted.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._wanted.wait()
        self._wanted.clear()
        self._has_checkpoint = False
        step = self._run.progress.step
        message = f"{self._run.document.run_id}: step {step}"
        # One commit for all there is, until a file that the Hub never takes was among it.
        batch = self._order.next(self.results.pending().paths)
        try:
            await self.commit(batch, message, has_page=True)
        except HubTrouble as exc:
            self._order.failed(batch, exc)
            raise
        self._on_uploaded()
        if self._order.is_split and self._order.next(self.results.pending().paths):
            self._wanted.set()

    @property
    def _priority(self) -> CommitPriority:
        return CommitPriority.CHECKPOINT if self._has_checkpoint else CommitPriority.EXTRA


@contextmanager
def _scratch(parent: Path) -> Iterator[Path | None]:
    """A folder for the time of an upload; None on a disk that is too full for one."""
    try:
        # A copy that was left to itself may still write there.
        folder = tempfile.TemporaryDirectory(
            dir=parent, prefix="uploading-", ignore_cleanup_errors=True
        )
    except OSError:
        yield None
        return
    with folder as path:
        yield Path(path)


def read_or_empty(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
