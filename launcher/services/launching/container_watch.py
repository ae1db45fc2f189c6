"""Whether a pod that is said to run has a container at all: pure decisions over what has been seen of it."""

from __future__ import annotations

import re
from datetime import timedelta

from launcher.domain.pod import PodStatus
from launcher.errors import RunFailed
from launcher.services.common.observations import (
    EventSeen,
    LogSeen,
    PodSeen,
    RawObservation,
    RestartSeen,
    Tick,
)
from launcher.services.following.look_times import FIRST_WORD
from launcher.services.launching.boot import NeverCameUp, UnfitMachine
from pod_image.contract.figures import duration
from pod_image.contract.next_steps import Sentence, setting

SILENCE = FIRST_WORD
"""A pod that is said to run for so long, and of whose container neither the log nor its uptime shows anything."""
TRIES = 3
"""The machine tries again by itself; what failed so often for no reason of the image will go on failing."""

_WRONG_HOST = re.compile(
    r"nvidia-container-cli|unsatisfied condition: cuda|update your driver|could not select device driver|"
    r"driver/library version mismatch|failed to initialize nvml",
    re.IGNORECASE,
)
"""The host's driver is too old or broken: as true at the next try."""
_NOT_STARTED = re.compile(r"error (starting|creating) container|oci runtime create failed", re.I)
_WRONG_IMAGE = re.compile(
    r"executable file not found|exec format error|: no such file or directory|: permission denied",
    re.IGNORECASE,
)
"""Of a container that could not be started: its entry point is not there or cannot run, on any host."""
_LONGEST_QUOTE = 240


class ContainerWatch:
    """Takes what is seen of a pod that boots. `is_up`: something was heard of its container."""

    def __init__(self) -> None:
        self.is_up = False
        self._failures = 0
        self._quiet_since: timedelta | None = None
        """Since when it is said to run, or the system's last line after that."""

    def see(self, seen: RawObservation, waited: timedelta) -> None:
        """`waited`: since the order. Raises UnfitMachine for a host that cannot run the container, NeverCameUp
        where nothing comes of it, RunFailed for an image that starts on no host."""
        match seen:
            case EventSeen() | RestartSeen() | LogSeen(source="container"):
                self.is_up = True
            case LogSeen(source="system", text=text):
                self._read(text)
                if self._quiet_since is not None:
                    self._quiet_since = waited
            case PodSeen(pod=pod):
                self._quiet_since = waited if pod.status is PodStatus.RUNNING else None
            case Tick(uptime_seconds=uptime_seconds, is_fresh=True):
                self.is_up = self.is_up or uptime_seconds > 0
                self._check_silence(waited)

    def _read(self, text: str) -> None:
        if _WRONG_HOST.search(text):
            raise UnfitMachine(f"The machine cannot start the container: {_quoted(text)}")
        if not _NOT_STARTED.search(text):
            return
        if _WRONG_IMAGE.search(text):
            raise RunFailed(
                f"The container cannot be started: {_quoted(text)}",
                hint=Sentence(
                    "Look at ",
                    setting("image"),
                    ": its entry point is missing or made for another processor.",
                ),
            )
        self._failures += 1
        if self._failures >= TRIES:
            raise NeverCameUp(f"The container did not start in {TRIES} tries: {_quoted(text)}")

    def _check_silence(self, waited: timedelta) -> None:
        if self.is_up or self._quiet_since is None or waited - self._quiet_since <= SILENCE:
            return
        raise NeverCameUp(
            "The pod is reported as running, but its container gave no sign of life for "
            f"{duration(SILENCE.total_seconds())}."
        )


def _quoted(text: str) -> str:
    """What says most stands at the end of such a line."""
    return text if len(text) <= _LONGEST_QUOTE else "…" + text[-_LONGEST_QUOTE:]
