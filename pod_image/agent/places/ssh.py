"""A run on a machine of the person's own that its launcher reaches by ssh."""

from __future__ import annotations

from typing import ClassVar

from pod_image.agent.places.own_machine import OwnMachinePod


class SshPod(OwnMachinePod):
    place: ClassVar[str] = "ssh"
    title: ClassVar[str] = "this machine"
