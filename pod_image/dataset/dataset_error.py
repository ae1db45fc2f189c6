"""What makes a dataset unusable as a whole; said in one sentence."""

from __future__ import annotations


class DatasetError(Exception):
    """The dataset cannot be used. `message` says what, `hint` what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
