"""Saying something to a run's pod, and waiting for its receipt; releasing it at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from launcher.domain.run import Run
from launcher.errors import ProviderUnavailable
from launcher.serve.audit import Caller
from launcher.serve.documents.runs import CommandAsked, CommandFacts
from launcher.serve.ground import Ground
from launcher.services.common.pod_release import still_releasing
from launcher.services.ending.release import release
from launcher.services.following.instructions import new_instruction, send
from pod_image.contract.instructions import InstructionName

_LOOK_SECONDS = 1.0
_ABORT_SECONDS = 120.0
"""A client waits no longer for an answer; the release goes on."""
_ENDING: set[asyncio.Future[Run]] = set()
"""What goes on although nobody waits for it any more."""
_WAITED_FOR = ("sent", "received")


async def command(ground: Ground, run: Run, asked: CommandAsked, caller: Caller) -> CommandFacts:
    """Hand it over. What ends money is done also where it cannot be written down. Raises LauncherError."""
    if asked.command is InstructionName.ABORT:
        return await _abort(ground, run, caller)
    instruction = new_instruction(asked.command, asked.text, asked.speaker)
    _write(ground, run, asked.command, caller, instruction.id)
    sent = await send(ground.bench, run, instruction)
    facts = CommandFacts(
        id=instruction.id,
        command=asked.command,
        state="sent",
        detail=sent.detail,
        way=sent.way.value,
    )
    return await _with_receipt(ground, run, facts, asked.wait_seconds)


async def receipt_of(ground: Ground, run: Run, facts: CommandFacts) -> CommandFacts:
    """The same as the pod has answered by now."""
    view = await ground.told.view(run)
    found = view.picture.receipts.get(facts.id)
    if found is not None and found.state in ("received", "done", "refused"):
        return facts.model_copy(update={"state": found.state, "detail": found.detail})
    if ground.told.is_over(run):
        detail = "The run ended before it took effect."
        return facts.model_copy(update={"state": "ended", "detail": detail})
    return facts


async def _with_receipt(
    ground: Ground, run: Run, facts: CommandFacts, wait_seconds: float
) -> CommandFacts:
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_seconds):
            while wait_seconds and facts.state in _WAITED_FOR:
                await ground.told.changed_within(_LOOK_SECONDS)
                facts = await receipt_of(ground, run, facts)
    return facts


async def _abort(ground: Ground, run: Run, caller: Caller) -> CommandFacts:
    """Returns once the pod is gone. Where that takes too long it is asked for on, and ProviderUnavailable says so."""
    _write(ground, run, InstructionName.ABORT, caller, "")
    ending = asyncio.ensure_future(_ended(ground, run))
    _ENDING.add(ending)
    ending.add_done_callback(_ENDING.discard)
    await asyncio.wait([ending], timeout=_ABORT_SECONDS)
    if not ending.done():
        raise ProviderUnavailable(still_releasing(ground.bench, run.shown_pod_id or run.pod_name))
    ended = ending.result()
    ground.live.refresh()
    said = ended.end_sentence or ended.detail
    return CommandFacts(id="", command=InstructionName.ABORT, state="done", detail=said, way="")


async def _ended(ground: Ground, run: Run) -> Run:
    launch = ground.live.launches.of_run(run.nonce)
    if launch is not None and launch.task is not None and not launch.is_over:
        launch.task.cancel()  # it releases what it rented, unless it was armed at this very moment
        await asyncio.wait([launch.task])
    return await release(ground.bench, run)


def _write(
    ground: Ground, run: Run, name: InstructionName, caller: Caller, instruction_id: str
) -> None:
    if name in (InstructionName.SAVE, InstructionName.SAMPLE):
        ground.audit.must_write(caller, name.value, run=run.address, command=instruction_id)
    else:
        ground.audit.write(caller, name.value, run=run.address, command=instruction_id)
