"""A plan that is shown at the command line, and its hash: where it cannot be kept, and in place of settings."""

from __future__ import annotations

from dataclasses import replace

from launcher.api.desk import Desk
from launcher.api.planning import shown
from launcher.cli.options import Asked
from launcher.cli.terminal.output import print_warning
from launcher.domain.plan import Composed, Plan
from launcher.errors import InvalidRequest


async def plan_as_asked(desk: Desk, asked: Asked, composed: Composed) -> Plan:
    """The plan of what was typed, kept for an hour by its hash. Raises what `shown` raises."""
    return await shown(
        desk,
        composed,
        resume=asked.resume,
        forced=asked.forced,
        may_pod_tell=asked.may_pod_tell,
        on_unkept=_warn_unkept,
    )


def _warn_unkept(why: str) -> None:
    """A plan that could not be kept is good without."""
    print_warning(f"This plan could not be saved ({why}), so --plan will not find it.")


def refuse_settings(asked: Asked) -> None:
    """Raises InvalidRequest for anything typed beside --plan that belongs to a plan itself."""
    # Who follows it here may be told wherever they like; whether its pod tells is the plan's own.
    if replace(asked, notify=(), is_silent=False) != Asked({}):
        raise InvalidRequest(
            "--plan launches a plan as it was shown; you cannot add settings.",
            hint="Remove the settings, or make another plan with them: launcher plan.",
        )
