"""What can be wrong with what the launcher sent; said in one sentence."""

from __future__ import annotations


class ContractError(Exception):
    """The run document cannot be used. `message` says what, `hint` what to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
