"""A run on the very computer that its launcher is on."""

from __future__ import annotations

from typing import ClassVar

from pod_image.agent.places.own_machine import OwnMachinePod


class LocalPod(OwnMachinePod):
    place: ClassVar[str] = "local"
    title: ClassVar[str] = "this computer"
