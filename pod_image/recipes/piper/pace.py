"""How far the host may run ahead of the device."""

from __future__ import annotations

from collections import deque

import torch

from pod_image.recipes.piper.device import is_apart

STEPS_AHEAD = 2
"""Enough that the device always has work. Further ahead, a stop or the end of the time would come late."""


class Pace:
    """Lets the host go on while the device has at most STEPS_AHEAD steps before it. On a CPU they are one."""

    def __init__(self, device: torch.device) -> None:
        self._is_asynchronous = is_apart(device)
        self._under_way: deque[torch.cuda.Event] = deque()

    def stepped(self) -> None:
        """One more step was handed to the device: wait until the one before the last few is done."""
        if not self._is_asynchronous:
            return
        # Blocking is to sleep: a host that spins takes a core from the thread that writes checkpoints.
        done = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        done.record()
        self._under_way.append(done)
        if len(self._under_way) > STEPS_AHEAD:
            self._under_way.popleft().synchronize()

    def wait(self) -> None:
        """Until the device has nothing to do."""
        while self._under_way:
            self._under_way.popleft().synchronize()
