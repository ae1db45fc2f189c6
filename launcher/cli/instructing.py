"""Sending an instruction to a pod and waiting for its receipt: shared by stop, save and sample."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from launcher.cli.session import PLACE_ALONE, find
from launcher.cli.session import run as at_bench
from launcher.cli.terminal.output import Output
from launcher.domain.run import Run
from launcher.errors import RunFailed
from launcher.services.common.observations import EventSeen
from launcher.services.common.workbench import Workbench
from launcher.services.following.find_run import find_run
from launcher.services.following.instructions import Sent, Way, new_instruction, send
from launcher.services.following.watch import watch
from pod_image.contract.bodies import Ended, InstructionReceipt
from pod_image.contract.instructions import InstructionName

RECEIPT_SECONDS = 180.0
"""An instruction through the results repo is looked for every 30 s, and a step may take as long."""


@dataclass(frozen=True)
class Answered:
    """An instruction that was sent, and its receipt as far as it came in time."""

    run: Run
    sent: Sent
    state: str
    detail: str

    def document(self) -> dict[str, Any]:
        return {
            "run_id": self.run.run_id,
            "command": self.sent.instruction.command.value,
            "id": self.sent.instruction.id,
            "way": self.sent.way.value,
            "state": self.state,
            "detail": self.detail,
        }


def instruct(
    key: str, name: InstructionName, output: Output, text: str = "", *, wait: bool = True
) -> Answered:
    """Send one instruction and wait for its receipt, unless told not to. Raises RunFailed when it was refused."""
    return at_bench(
        find(PLACE_ALONE),
        lambda bench: _instruct(bench, key, name, output, text, wait),
        needs_history=False,
    )


async def _instruct(
    bench: Workbench, key: str, name: InstructionName, output: Output, text: str, wait: bool
) -> Answered:
    run = await find_run(bench, key)
    sent = await send(bench, run, new_instruction(name, text))
    if sent.way is Way.FILE:
        output.talk(
            f"{bench.place.title} did not pass the instruction on, so it was left in the results repo; the pod "
            f"looks there every 30 s. ({sent.detail})"
        )
    if not wait:
        return Answered(run, sent, "sent", "")
    try:
        async with asyncio.timeout(RECEIPT_SECONDS):
            state, detail = await _receipt(bench, run, sent.instruction.id)
    except TimeoutError:
        return Answered(run, sent, "sent", f"no receipt within {RECEIPT_SECONDS:.0f} s")
    if state == "refused":
        raise RunFailed(f"The pod refused to {name.value}: {detail}")
    return Answered(run, sent, state, detail)


async def _receipt(bench: Workbench, run: Run, instruction_id: str) -> tuple[str, str]:
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
