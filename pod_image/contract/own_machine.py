"""What the launcher and its program on a person's own machine both know of their talk. Standard library alone."""

from __future__ import annotations

from enum import StrEnum

MARK = "@launcher "
"""Begins each line of an answer: a person's profile may print lines of its own."""
PROCESSOR = "cpu"
"""The type of a machine, or a run, without a GPU."""
FOLDER_VARIABLE = "LAUNCHER_MACHINE_FOLDER"
"""Another place for the runs of this machine."""
CLOCK_AHEAD_VARIABLE = "LAUNCHER_CLOCK_AHEAD"
"""Set for a run by whose time that machine's clock is wrong: so many seconds are added to it."""


class Kind(StrEnum):
    """What a refusal means to the launcher."""

    GONE = "gone"
    NO_ROOM = "no_room"
    INVALID = "invalid"
    ALIVE = "alive"
    UNFIT = "unfit"
