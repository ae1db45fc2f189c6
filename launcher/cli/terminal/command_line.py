"""A command as it is printed to be typed: every word as a shell takes it."""

from __future__ import annotations

import shlex


def command_line(*words: str) -> str:
    """Such as `launcher watch run-01`. A word that a shell would take apart or obey is quoted."""
    return shlex.join(["launcher", *words])
