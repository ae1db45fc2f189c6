"""How a command's one piece of work is done: to its end, or until it is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import print_notice
from launcher.errors import Interrupted
from launcher.services.common.interrupts import GivenUp, leaving_on_signals
from pod_image.contract.next_steps import NextStep, Sentence

T = TypeVar("T")


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Do one piece of work that needs neither keys nor a workbench."""
    result: T = _complete(work)
    return result


def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's one coroutine. The first signal cancels it; what it owes then is done to its end.

    Raises Interrupted when it was left before, with what is owed still.
    """

    async def work_of_the_command() -> T:
        task = asyncio.current_task()
        assert task is not None
        with leaving_on_signals(task.cancel, lambda said: print_notice(in_terminal(said))):
            return await work

    try:
        return asyncio.run(work_of_the_command())
    except GivenUp as left:
        raise Interrupted(left.text, hint=Sentence(NextStep.LOOK_FOR_PODS)) from None
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise Interrupted("Interrupted.") from None


_complete: Callable[[Coroutine[Any, Any, Any]], Any] = _to_its_end
"""Runs a command's one coroutine; tests put a loop in virtual time here."""
