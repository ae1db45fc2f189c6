"""Which of a voice's speakers somebody means."""

from __future__ import annotations

from collections.abc import Sequence

from pod_image.contract.figures import counted
from pod_image.recipes.piper.recipe_error import RecipeError

MOST_NAMED = 20


def speaker_named(asked: str, names: Sequence[str]) -> int:
    """Its place, by its name or by its place as a number. Raises RecipeError, which says whom there is."""
    wanted = asked.strip()
    if wanted in names:
        return list(names).index(wanted)
    if wanted.isdecimal() and int(wanted) < max(len(names), 1):
        return int(wanted)
    folded = [number for number, name in enumerate(names) if name.casefold() == wanted.casefold()]
    if len(folded) == 1:
        return folded[0]
    if not names:
        raise RecipeError("This voice has one speaker.", hint="Leave the speaker out.")
    more = len(names) - MOST_NAMED
    there = ", ".join(names[:MOST_NAMED]) + (f" and {counted(more, 'other')}" if more > 0 else "")
    raise RecipeError(f"There is no speaker {wanted[:60]!r}.", hint=f"There are {there}.")
