"""Ending a run: `stop` has it deliver first, `abort` ends at once."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.services.commands import Sent, new_command, send
from launcher.services.context import Workbench
from launcher.services.release import release
from pod_image.contract.commands import CommandName


@dataclass(frozen=True)
class Stopping:
    """`run` is what the history says now; `sent` is None when the pod was released from here."""

    run: Run
    sent: Sent | None


async def stop(bench: Workbench, run: Run, *, abort: bool = False) -> Stopping:
    """Ask the pod to finish now, deliver what it has and release itself; `watch` sees it end.

    With `abort` the pod is released from here at once, and what it had not delivered is lost. Raises
    what `send` and `release` raise.
    """
    if not abort:
        return Stopping(run, await send(bench, run, new_command(CommandName.STOP)))
    return Stopping(await release(bench, run, "It was aborted by hand."), None)


async def stop_surely(bench: Workbench, run: Run) -> Stopping:
    """Stop, or release when no way leads into the pod: for when money matters more than the results."""
    try:
        return await stop(bench, run)
    except LauncherError:
        return await stop(bench, run, abort=True)
