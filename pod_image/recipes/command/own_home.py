"""A home that the command may write to: programs keep caches there, and fail without."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

HOME = ".home"
"""In the command's folder; nothing of it is a result."""


def own_home(work: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """HOME for the command, where the one that is set is none of its user's: the agent's, mostly."""
    home = environment.get("HOME", "")
    if home and os.access(home, os.W_OK | os.X_OK):
        return {}
    (work / HOME).mkdir(exist_ok=True)
    return {"HOME": str(work / HOME)}
