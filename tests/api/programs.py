"""What several tests of the API have a program do."""

from __future__ import annotations

from typing import Any

import launcher
from tests.kit.clouds import RESULTS_REPO

QUICK: dict[str, Any] = {
    "recipe": "command",
    "argv": ["true"],
    "results_repo": RESULTS_REPO,
    "max_hours": 1.0,
}


def deployed(**more: Any) -> launcher.Run:
    """A run that is armed."""
    return launcher.plan(QUICK, **more).deploy()
