"""What can be wrong with a person's clips, checkpoint or settings, in words for that person."""

from __future__ import annotations


class RecipeError(Exception):
    """The recipe cannot go on because of what it was given. `message` says what, `hint` what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
