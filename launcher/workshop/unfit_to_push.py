"""Clips that a push sends although no training would take them: said before, by the rules of the check."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.workshop.audio_headers import Heard
from launcher.workshop.before_push import named_first
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding
from pod_image.dataset import Code, Utterance
from pod_image.dataset.fitness import shortest_seconds

RATE_HZ = 22_050
"""Of most voices: what is too short for these is too short for those of a lower rate."""
_DAMAGED = (Code.FILE_UNREADABLE, Code.FILE_TRUNCATED)


def notes_on_unfit(
    utterances: Sequence[Utterance], heard: Sequence[Heard], findings: Sequence[Finding]
) -> tuple[str, ...]:
    """A sentence for each kind, with its count and first names; none where all can be learnt from."""
    damaged_at = {each.place for each in findings if each.code in _DAMAGED}
    damaged = [str(each.path) for each in utterances if each.place in damaged_at]
    least = shortest_seconds(RATE_HZ)
    short = [
        str(each.utterance.path)
        for each in heard
        if each.utterance.place not in damaged_at
        and each.seconds is not None
        and each.seconds < least
    ]
    kinds = (
        (damaged, "cannot be read to the end"),
        (short, f"{'lasts' if len(short) == 1 else 'last'} less than {least:.2f} s"),
    )
    return tuple(
        f"{counted(len(names), 'clip')} {what}, and no training takes "
        f"{'it' if len(names) == 1 else 'them'} ({named_first(names)})."
        for names, what in kinds
        if names
    )
