"""A run as a program holds it: what is known of it, what it says, what it made, and what can be said to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import NoReturn

from launcher.api.both import Doing, Stream, both
from launcher.api.desk import LOG, Desk
from launcher.api.display import Cell, notebook, on_terminal
from launcher.api.log_lines import LogLine, log_lines
from launcher.api.next_steps import in_python
from launcher.api.run_facts import RunFacts
from launcher.api.samples import Samples, delivered_samples
from launcher.api.watching import Watching
from launcher.domain.labels import LabelName
from launcher.domain.pod import Pod
from launcher.domain.run import Run as KnownRun
from launcher.domain.run import RunState
from launcher.domain.run_picture import RunPicture
from launcher.errors import HubError, LauncherError, NotConfigured
from launcher.services.common.observations import Observation
from launcher.services.common.run_secrets import remove_run_secrets
from launcher.services.ending.refresh import refreshed
from launcher.services.ending.release import release
from launcher.services.ending.settle import ask_billed
from launcher.services.following.answers import Answered, instruct
from launcher.services.following.delivered_files import Downloaded, download_results, list_results
from launcher.services.following.instructions import Sent
from launcher.services.following.outcome import raise_if_bad
from launcher.services.following.receipts import Receipt, receipt
from launcher.services.following.versions import versions_of
from launcher.services.labelling import label, send_labels
from launcher.services.voices.delivered import Voice, chosen_voice, use_voice, voices_of_run
from pod_image.contract.events import Event
from pod_image.contract.figures import dollars
from pod_image.contract.instructions import InstructionName
from pod_image.hub import RemoteFile


@dataclass(frozen=True)
class Look:
    """What there is to know of a run. `pod`: while there is one; `trouble`: why it could not be asked."""

    receipt: Receipt
    pod: Pod | None = None
    trouble: LauncherError | None = None


class Run(RunFacts):
    """One run, wherever it goes on. Letting go of this object changes nothing: the pod needs nobody.

    Each method waits for its answer; `await run.method.aio(...)` is the same for a program that has a loop.
    Errors are those of `launcher.errors`, with what to do next in `.hint`.
    """

    def __init__(self, desk: Desk, known: KnownRun, told: RunPicture | None = None) -> None:
        super().__init__(desk, known)
        self._watching = Watching(desk.bench, known, told)

    @property
    def doing(self) -> Doing:
        """Where its calls are done."""
        return self._desk.doing

    async def read_picture(self) -> RunPicture:
        """`told`, once it was read from the results repo; as far as it was known before, where that cannot be read."""
        return await self._watching.picture()

    @property
    def told(self) -> RunPicture:
        """What its pod has told, as far as this object has read it: phases, curves, samples, last word."""
        return self._watching.told

    @both
    async def refresh(self) -> Run:
        """Look how it is now; a run whose pod is gone is closed with what it delivered of its end."""
        await refreshed(self._desk.bench, self.known)
        await self.read_picture()
        return self

    def events(self, *, after: int = 0) -> Stream[Event]:
        """What its pod says, in order and each once, from the beginning or behind number `after`, until `ended`.

        A run that is over tells it from its results repo. Where the pod left no last word, as when it was aborted,
        `ended` comes from what is known here.
        """
        return Stream(self._watching.events(after), self.doing)

    def observations(self) -> Stream[Observation]:
        """Its events, and what else is seen from outside: status, log lines, restarts; the last one is its end."""
        return Stream(self._watching.observations(), self.doing)

    def logs(self, *, follow: bool = False, tail: int = 5000) -> Stream[LogLine]:
        """What its programs and its pod printed, at most the newest `tail` lines; `follow` goes on until its end."""
        lines = log_lines(self._desk.bench, self.known, follow=follow, tail=tail)
        return Stream(lines, self.doing)

    @both
    async def samples(self) -> Samples:
        """What it has made to hear or see so far, as far as it is in the results repo; the newest last."""
        return await delivered_samples(self._desk, self.known)

    @both
    async def label(
        self,
        *,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        notes: str | None = None,
    ) -> Run:
        """Call it something: what is given takes the place of what it had, and is kept on this computer at once.

        Its results repo gets it beside what the run delivered, now or a little later, for every computer that reads it.
        """
        words = (tags,) if isinstance(tags, str) else tags
        given = {
            LabelName.NAME: name,
            LabelName.NOTES: notes,
            LabelName.TAGS: None if words is None else ",".join(words),
        }
        typed = {which: text for which, text in given.items() if text is not None}
        label(self._desk.bench, self.known, typed)
        try:
            await send_labels(self._desk.bench, self.known)
        except (HubError, NotConfigured) as error:
            LOG.warning("The results repo does not have it yet: %s", in_python(error.message))
        return self

    @both
    async def stop(self, *, wait: bool = True) -> Answered:
        """End it now: it exports and delivers what it made, and then its pod ends itself."""
        return await self.tell.aio(InstructionName.STOP, wait=wait)

    @both
    async def save(self, *, wait: bool = True) -> Answered:
        """Have it write and upload a checkpoint now; it goes on."""
        return await self.tell.aio(InstructionName.SAVE, wait=wait)

    @both
    async def sample(self, text: str, *, speaker: str = "", wait: bool = True) -> Answered:
        """Have the voice say a sentence as it is now; the sound is among `samples()` a moment later.

        `speaker`: who says it, of a voice with several: a name of the dataset's, or a place from 0.
        """
        return await self.tell.aio(InstructionName.SAMPLE, text, speaker, wait=wait)

    @both
    async def tell(
        self,
        name: InstructionName,
        text: str = "",
        speaker: str = "",
        *,
        wait: bool = True,
        on_sent: Callable[[Sent], None] = lambda sent: None,
    ) -> Answered:
        """Any instruction; `on_sent` hears which way it went before its receipt is waited for."""
        return await instruct(
            self._desk.bench, self.known, name, text, speaker, wait=wait, on_sent=on_sent
        )

    @both
    async def abort(self) -> Run:
        """Release the pod at once. What is not uploaded is lost; `stop` has it delivered first."""
        self._known = await release(self._desk.bench, self.known, "It was aborted by hand.")
        return self

    @both
    async def wait(self, *, timeout_seconds: float | None = None, check: bool = True) -> Run:
        """Wait until it is over. Raises RunFailed or NotDelivered for an end that is neither reached nor asked for,
        unless `check` is False; TimeoutError after `timeout_seconds`, and the run goes on.
        """
        async with (
            asyncio.timeout(timeout_seconds),
            aclosing(self._watching.observations()) as seen,
        ):
            async for _ in seen:
                pass
        await self.read_picture()
        if check:
            raise_if_bad(self.known, self._watching.last_word())
        return self

    @both
    async def show(self) -> None:
        """Show it until it is over: its curve and figures in a notebook's cell, on a terminal as `launcher watch` does.

        Leaving stops the showing alone.
        """
        module = notebook()
        if module is not None:
            await self._show_in(Cell(module, self._desk.bench.clock))
            return
        with on_terminal(self.known) as see:
            async with aclosing(self._watching.observations()) as observations:
                async for seen in observations:
                    see(seen)
        print(repr(self))

    @both
    async def files(self, *, revision: str = "") -> list[RemoteFile]:
        """What it has delivered so far, or what its repo held at a version or a commit."""
        return await list_results(self._desk.bench, self.known, revision)

    @both
    async def versions(self) -> list[str]:
        """Names of its versions in the results repo, such as run-01 and run-01.2."""
        return list(await versions_of(self._desk.bench, self.known))

    @both
    async def results(
        self,
        *,
        to: str | PathLike[str] | None = None,
        only: Sequence[str] = ("**",),
        revision: str = "",
    ) -> Downloaded:
        """Bring what it delivered to `to`/<run id>, each file checked against the repo's own listing.

        `only`: patterns such as "voice/**"; `revision`: a version or a commit in place of the newest. Without `to` the
        launcher's own folder for results is taken.
        """
        patterns = (only,) if isinstance(only, str) else tuple(only)
        folder = Path(to) if to is not None else None
        return await download_results(
            self._desk.bench, self.known, folder, patterns, revision=revision
        )

    @both
    async def voices(self) -> list[Voice]:
        """The voices it has delivered: the final one, whose `step` is None, then those of its checkpoints."""
        return await voices_of_run(self._desk.bench, self.known)

    @both
    async def use_voice(self, step: int) -> str:
        """Make the voice of this step's checkpoint its final one in the results repo; returns the commit.

        Raises InvalidRequest where there is no such voice, and while the run still writes.
        """
        bench, known = self._desk.bench, self.known
        found = await voices_of_run(bench, known)
        return await use_voice(bench, known, chosen_voice(known, found, step))

    @both
    async def receipt(self) -> Receipt:
        """What it was expected to cost, metered and was billed, and where the time went."""
        return (await self.look.aio()).receipt

    @both
    async def look(self) -> Look:
        """Its receipt and its pod, asked for now; where that cannot be, as far as they are known, and why."""
        bench, known = self._desk.bench, self.known
        pod: Pod | None = None
        trouble: LauncherError | None = None
        try:
            if known.state is RunState.ENDED:
                known = await ask_billed(bench, await remove_run_secrets(bench, known))
            else:
                known, pod = await refreshed(bench, known)
        except LauncherError as error:
            trouble = error
        return Look(receipt(bench.runs, known), pod, trouble)

    async def _show_in(self, cell: Cell) -> None:
        cell.draw(self._repr_html_)
        async with aclosing(self._watching.events(0)) as events:
            async for _ in events:
                cell.draw(self._repr_html_)
        async with aclosing(self._watching.observations()) as observations:
            async for _ in observations:  # until its pod is gone, too
                pass
        cell.draw(self._repr_html_, is_last=True)

    def __repr__(self) -> str:
        known = self.known
        state = known.end_reason.value if known.end_reason else known.state.value
        cost = dollars(known.cost_usd) if known.cost_usd else ""
        parts = [known.labels.name, state, known.gpu_name, cost]
        return f"<run {self.address}: {', '.join(part for part in parts if part)}>"

    def _repr_html_(self) -> str:
        from launcher.api.html import run_html

        return run_html(self.known, self.told)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other._known.nonce == self._known.nonce

    def __hash__(self) -> int:
        return hash(self._known.nonce)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"A run holds keys, and cannot be pickled: keep its name, {self.address!r}, for attach."
        )
