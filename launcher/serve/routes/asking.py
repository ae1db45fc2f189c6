"""What routes read of a request beside its body: who asks, and names of runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request

from launcher.serve.audit import Caller
from launcher.serve.guard import CALLER

RunName = Annotated[
    str,
    Path(
        min_length=1,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="The `id` of a run; its run ID, if only one results repo has it; or the ID of its pod.",
    ),
]


def caller_of(request: Request) -> Caller:
    """Who asks, as the guard found out."""
    found: Caller = request.scope[CALLER]
    return found
