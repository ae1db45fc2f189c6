"""Saying something to a run's pod, and waiting for its receipt; releasing it at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from launcher.domain.run import Run
from launcher.serve.audit import Caller
from launcher.serve.documents.runs import CommandAsked, CommandFacts
from launcher.serve.ground import Ground
from launcher.services.ending.release import release
from launcher.services.following.instructions import new_instruction, send
from pod_image.contract.instructions import InstructionName

_LOOK_SECONDS = 1.0
_WAITED_FOR = ("sent", "received")


async def command(ground: Ground, run: Run, asked: CommandAsked, caller: Caller) -> CommandFacts:
    """Hand it over. What ends money is done also where it cannot be written down. Raises LauncherError."""
    if asked.command is InstructionName.ABORT:
        return await _abort(ground, run, caller)
    instruction = new_instruction(asked.command, asked.text)
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
    _write(ground, run, InstructionName.ABORT, caller, "")
    launch = ground.live.launch_of(run.nonce)
    if launch is not None and launch.task is not None and not launch.is_over:
        launch.task.cancel()  # it releases what it rented, unless it was armed at this very moment
        await asyncio.wait([launch.task])
    ended = await release(ground.bench, run)
    ground.live.refresh()
    said = ended.end_sentence or ended.detail
    return CommandFacts(id="", command=InstructionName.ABORT, state="done", detail=said, way="")


def _write(
    ground: Ground, run: Run, name: InstructionName, caller: Caller, instruction_id: str
) -> None:
    if name in (InstructionName.SAVE, InstructionName.SAMPLE):
        ground.audit.must_write(caller, name.value, run=run.address, command=instruction_id)
    else:
        ground.audit.write(caller, name.value, run=run.address, command=instruction_id)
