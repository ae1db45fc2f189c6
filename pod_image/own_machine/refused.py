"""A refusal that the launcher turns into an error of its own."""

from __future__ import annotations

from pod_image.contract.hinted_error import HintedError
from pod_image.contract.own_machine import Kind


class Refused(HintedError):
    """It was not done. `message` says why, `hint` what to do."""

    def __init__(self, kind: Kind, message: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
