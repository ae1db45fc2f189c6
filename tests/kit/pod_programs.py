"""The programs that a pod runs, by the words that they are started with: each from where the code says them."""

from __future__ import annotations

from launcher.services.following.instructions import CONTROL_PROGRAM
from pod_image.contract.interpreter import module_command

AGENT_WORDS = ["python", *module_command("pod_image")[1:]]
"""How a container of ours starts: with the image's own Python, and otherwise as any program of ours."""


def said_to_control(command: list[str]) -> list[str] | None:
    """What `exec` says to the program that takes commands; None when it is another program, which no pod has."""
    begin = len(CONTROL_PROGRAM)
    return command[begin:] if tuple(command[:begin]) == CONTROL_PROGRAM else None
