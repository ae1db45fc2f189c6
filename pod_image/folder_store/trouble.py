"""What a folder refuses, told apart as whoever asks has to tell it apart."""

from __future__ import annotations

from enum import StrEnum

from pod_image.contract.hinted_error import HintedError


class FolderFault(StrEnum):
    NO_FOLDER = "no_folder"
    """There is none that anything was delivered to."""
    NOT_IN_IT = "not_in_it"
    """No such file, version or tag."""
    OVERTAKEN = "overtaken"
    NOT_TO_BE_WRITTEN = "not_to_be_written"
    REFUSED = "refused"
    """What was sent will never be taken."""
    DAMAGED = "damaged"
    UNUSABLE = "unusable"
    """The disk is full, or gone: worth another try."""


class FolderTrouble(HintedError):
    def __init__(self, fault: FolderFault, message: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.fault = fault
