"""What a recipe declares to both sides: its own settings, and a few words about itself."""

from __future__ import annotations

from dataclasses import dataclass

from pod_image.contract.common_settings import CommonSettings


@dataclass(frozen=True)
class Declaration:
    """`DECLARATION` of a module `pod_image.contract.recipes.<name>`; the module's name is the recipe's.

    `settings` adds the recipe's own settings to those of every run. They apply to its runs alone, without saying so
    themselves. Two recipes may both declare a setting, in the same words: it then applies to the runs of both.
    """

    settings: type[CommonSettings]
    does: str
    """Half a sentence about what happens on the pod, such as "a voice is trained"."""
    order: int
    """Where it stands among the others; the first one runs when nobody says which."""
    title: str = ""
    """What is trained, in a few words, such as "A Piper voice"."""
    about: str = ""
    """For whoever chooses among them: what comes out, and what it takes, in a sentence or two."""
    requires: tuple[str, ...] = ()
    """Settings of every run that have to be given for this recipe."""
