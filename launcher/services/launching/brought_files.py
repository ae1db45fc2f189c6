"""What a run brings along from this computer, on its way through the results repo."""

from __future__ import annotations

from pathlib import Path

from launcher.domain.plan import Plan
from launcher.services.common.workbench import Workbench


async def provide_brought(bench: Workbench, plan: Plan) -> None:
    """Put list and files into the results repo, unless they are there. Raises HubError."""
    files: dict[str, Path | bytes] = dict(plan.brought.in_repo())
    if files:
        message = f"Files of {plan.run_id}"
        await bench.results(plan.settings.results).put(files, message)
