"""An instruction to a pod with its receipt: sent, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from launcher.domain.run import Run
from launcher.errors import RunFailed
from launcher.services.common.observations import EventSeen
from launcher.services.common.workbench import Workbench
from launcher.services.following.instructions import Sent, new_instruction, send
from launcher.services.following.watch import watch
from pod_image.contract.bodies import Ended, InstructionReceipt
from pod_image.contract.instructions import InstructionName

RECEIPT_SECONDS = 180.0
"""An instruction through the results repo is looked for every 30 s, and a step may take as long."""

AnswerState = Literal["sent", "done", "ended"]


@dataclass(frozen=True)
class Answered:
    """An instruction that was sent, and its receipt as far as it came in time.

    `state`: `done`, `ended` where the run ended before, or `sent` while nothing is known.
    """

    run: Run
    sent: Sent
    state: AnswerState
    detail: str


async def instruct(
    bench: Workbench,
    run: Run,
    name: InstructionName,
    text: str = "",
    speaker: str = "",
    *,
    wait: bool = True,
    wait_seconds: float = RECEIPT_SECONDS,
    on_sent: Callable[[Sent], None] = lambda sent: None,
) -> Answered:
    """Send one instruction and wait for its receipt, unless told not to, at most `wait_seconds`.

    Raises what `send` raises, and RunFailed when the pod refused it.
    """
    sent = await send(bench, run, new_instruction(name, text, speaker))
    on_sent(sent)
    if not wait:
        return Answered(run, sent, "sent", "")
    try:
        async with asyncio.timeout(wait_seconds):
            state, detail = await _receipt(bench, run, sent.instruction.id)
    except TimeoutError:
        return Answered(run, sent, "sent", f"no confirmation within {wait_seconds:.0f} s")
    if state == "refused":
        raise RunFailed(f"The pod refused to {name.value}: {detail}")
    return Answered(run, sent, state, detail)


async def _receipt(
    bench: Workbench, run: Run, instruction_id: str
) -> tuple[AnswerState | Literal["refused"], str]:
    """State and detail of the receipt. Whatever else is seen meanwhile goes into the history, as with watch."""
    async with aclosing(watch(bench, run)) as observations:
        async for seen in observations:
            body = seen.event.body if isinstance(seen, EventSeen) else None
            if (
                isinstance(body, InstructionReceipt)
                and body.id == instruction_id
                and body.state != "received"
            ):
                return body.state, body.detail
            if isinstance(body, Ended):
                break
    return "ended", "the run ended before the instruction took effect"
