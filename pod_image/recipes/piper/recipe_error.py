"""What can be wrong with a person's clips, checkpoint or settings, in words for that person."""

from __future__ import annotations

from pod_image.contract.hinted_error import HintedError


class RecipeError(HintedError):
    """The recipe cannot go on because of what it was given."""
