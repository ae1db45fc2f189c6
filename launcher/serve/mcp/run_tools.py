"""Tools for runs: which there are, how far one is, what it made and printed, and ending it."""

from __future__ import annotations

import asyncio
import base64
import re
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

from mcp.types import AudioContent, CallToolResult, ContentBlock, ImageContent, ResourceLink
from pydantic import Field

from launcher.api.finding import known
from launcher.api.run import Run
from launcher.api.samples import Sample
from launcher.domain.run import Run as KnownRun
from launcher.domain.run import RunState
from launcher.domain.run_picture import RunPicture
from launcher.errors import LauncherError
from launcher.serve.mcp.answers import answer
from launcher.serve.mcp.foreign import MOST_LINES, foreign, one_line
from launcher.serve.mcp.ground import Ground, Launching
from launcher.services.following.answers import Answered
from pod_image.contract.events import to_line
from pod_image.contract.media import media_type
from pod_image.contract.results_address import folder_in

MOST_CONTENT_BYTES = 1_500_000
"""Of all sounds and pictures in one answer; larger ones are links."""
_NAME_OF_A_LOSS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,39}")
_MOST_LOSSES = 12

RunName = Annotated[
    str,
    Field(
        max_length=200,
        description="A run, such as run-01 or OWNER/NAME/run-01. Default: the newest.",
    ),
]


class RunTools:
    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def runs(
        self,
        limit: Annotated[
            int, Field(ge=1, le=50, description="Maximum number of runs, newest first.")
        ] = 20,
    ) -> CallToolResult:
        """The runs that this computer knows, including those that a person started."""
        found = await known(self._ground.desk, limit)
        return answer({"runs": [run_facts(run.known) for run in found]})

    async def watch(
        self,
        run: RunName = "",
        wait_seconds: Annotated[
            float, Field(ge=0, le=50, description="Longest time to wait for something new.")
        ] = 0.0,
        events: Annotated[int, Field(ge=0, le=50, description="Number of the newest events.")] = 10,
    ) -> CallToolResult:
        """How far a run is, what it costs, and the last events of its pod. Call it again to see more."""
        found = await self._ground.run(run)
        launching = self._launching(found)
        if launching is None:
            with suppress(LauncherError):  # what is known is told all the same
                await found.refresh.aio()
            await self._ground.hearing.hear(found, wait_seconds)
        elif wait_seconds and launching.task is not None:
            await asyncio.wait([launching.task], timeout=wait_seconds)
        await self._ground.settle(looks=False)
        facts = {**run_facts(found.known), **_told(found.told)}
        said = [to_line(event) for event in self._ground.hearing.heard(found, events)]
        return answer(facts, foreign(f"the pod of {found.run_id}", said), *_last_words(found))

    async def logs(
        self,
        run: RunName = "",
        lines: Annotated[
            int, Field(ge=1, le=MOST_LINES, description="Number of lines, from the end.")
        ] = 50,
    ) -> CallToolResult:
        """The last lines that a run's programs and its pod printed."""
        found = await self._ground.run(run)
        async with found.logs(tail=lines) as log:
            printed = [line.text async for line in log]
        source = f"the programs on the pod of {found.run_id}"
        return answer(
            {"run": found.run_id, "lines": len(printed)}, foreign(source, printed[-lines:])
        )

    async def samples(
        self,
        run: RunName = "",
        content: Annotated[
            int,
            Field(
                ge=0,
                le=3,
                description="Number of the newest samples to include as sound or picture.",
            ),
        ] = 1,
        limit: Annotated[int, Field(ge=1, le=50, description="Number of the newest samples.")] = 10,
    ) -> CallToolResult:
        """What there is to hear or see of a run so far: the newest as content, the others as links."""
        found = await self._ground.run(run)
        newest = (await found.samples.aio())[-limit:]
        with_content = newest[-content:] if content else ()
        media = [await self._content(found, each) for each in with_content]
        links = [self._link(found, each) for each in newest if each not in with_content]
        facts = {
            "run": found.run_id,
            "samples": [
                {"number": number, "step": each.step, "media": each.media, "seconds": each.seconds}
                for number, each in enumerate(newest, 1)
            ],
        }
        texts = [f"sample {number}: {each.text}" for number, each in enumerate(newest, 1)]
        said = foreign(f"the pod of {found.run_id}", texts)
        return answer(facts, said, media=[*media, *links])

    async def stop(self, run: RunName = "") -> CallToolResult:
        """End a run that an agent deployed: it exports and delivers what it made, then its pod ends itself. A pod that
        is not armed yet is released at once.
        """
        found = await self._ground.run(run)
        self._ground.refuse_others(found)
        launching = self._launching(found)
        if launching is not None and launching.task is not None:
            launching.task.cancel()
            await asyncio.gather(launching.task, return_exceptions=True)
            await self._ground.settle(looks=False)
        if found.state is RunState.ENDED:
            return answer(run_facts(found.known))
        return _sent(found, await found.stop.aio(wait=False))

    async def save(self, run: RunName = "") -> CallToolResult:
        """Have a run that an agent deployed write and upload a checkpoint now; training continues."""
        found = await self._ground.run(run)
        self._ground.refuse_others(found)
        return _sent(found, await found.save.aio(wait=False))

    def _launching(self, run: Run) -> Launching | None:
        """The launch of this server that brings it up still."""
        return next(
            (
                each
                for each in self._ground.launches.values()
                if each.run is not None and each.run.nonce == run.known.nonce and not each.is_over
            ),
            None,
        )

    async def _content(self, run: Run, sample: Sample) -> ContentBlock:
        kind = media_type(sample.path)
        is_heard_or_seen = kind.partition("/")[0] in ("audio", "image")
        if not is_heard_or_seen or sample.size_bytes > MOST_CONTENT_BYTES // 3:
            return self._link(run, sample)
        data = base64.b64encode(await sample.read.aio()).decode()
        if kind.startswith("audio/"):
            return AudioContent(data=data, mime_type=kind)
        return ImageContent(data=data, mime_type=kind)

    def _link(self, run: Run, sample: Sample) -> ResourceLink:
        path = quote(f"{run.run_id}/{sample.path}")
        hub = self._ground.desk.bench.config.hub_url
        uri = f"{hub}/{run.results_repo}/resolve/main/{path}"
        if (folder := folder_in(run.results_repo)) is not None:
            scheme = "sftp" if folder.host else "file"
            uri = f"{scheme}://{folder.host}{quote(folder.path)}/{path}"
        return ResourceLink(
            name=f"sample at step {sample.step}",
            uri=uri,
            mime_type=media_type(sample.path) or None,
        )


def run_facts(run: KnownRun) -> dict[str, Any]:
    """What this computer knows of it, without a word of its pod."""
    return {
        "run": run.run_id,
        "results_repo": run.results_repo,
        "state": run.state.value,
        "gpu": "" if run.is_from_repo else one_line(run.gpu_name, 60),
        "price_per_hour_usd": run.price_per_hour_usd,
        "most_usd": round(run.most_usd, 4),
        "cost_usd": run.cost_usd,
        "end_reason": run.end_reason.value if run.end_reason else "",
        "end": run.end_sentence,
        "planned_at": run.planned_at.isoformat(),
        "deadline": run.deadline.isoformat() if run.deadline else "",
    }


def _told(picture: RunPicture) -> dict[str, Any]:
    """Numbers and words of ours alone: names of losses are kept where they look like names."""
    step = picture.step
    phase = picture.phases[picture.phase] if picture.phase is not None else None
    losses = step.losses if step is not None else {}
    return {
        "phase": picture.phase.value if picture.phase else "",
        "phase_done": phase.done if phase else None,
        "phase_total": phase.total if phase else None,
        "step": step.step if step else None,
        "total_steps": step.total_steps if step else None,
        "seconds_left": step.seconds_left if step else None,
        "losses": {
            name: value
            for name, value in [*losses.items()][:_MOST_LOSSES]
            if _NAME_OF_A_LOSS.fullmatch(name)
        },
        "told_cost_usd": picture.cost_usd,
        "samples": len(picture.samples),
        "checkpoints": len(picture.checkpoints),
        "last_event": picture.last_seq,
        "heard_at": picture.heard_at.isoformat() if picture.heard_at else "",
    }


def _last_words(run: Run) -> list[str]:
    if run.state is not RunState.ENDED or not run.detail:
        return []
    return [foreign(f"the end of {run.run_id}, in words that can be the pod's,", [run.detail])]


def _sent(run: Run, answered: Answered) -> CallToolResult:
    facts = {
        **run_facts(run.known),
        "instruction": answered.sent.instruction.command.value,
        "way": answered.sent.way.value,
        "sent": True,
        "next": "watch shows when it took effect",
    }
    return answer(facts)
