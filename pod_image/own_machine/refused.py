"""A refusal that the launcher turns into an error of its own."""

from __future__ import annotations

from enum import StrEnum

from pod_image.contract.hinted_error import HintedError


class Kind(StrEnum):
    """What a refusal means to the launcher."""

    GONE = "gone"
    NO_ROOM = "no_room"
    INVALID = "invalid"
    ALIVE = "alive"
    UNFIT = "unfit"


class Refused(HintedError):
    """It was not done. `message` says why, `hint` what to do."""

    def __init__(self, kind: Kind, message: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
