"""What may not be left to itself once it is rented. Pure."""

from __future__ import annotations

from launcher.errors import InvalidRequest
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.settings import RunSettings

_WHY = (
    "A run on several nodes cannot be left to itself: its pods cannot release themselves, so the program that "
    "starts it must watch it to its end."
)
_INSTEAD = Sentence("Start it in a terminal and stay with it, or leave ", setting("nodes"), " out.")


def refuse_unwatched(settings: RunSettings) -> None:
    """For whoever will not stay with the run to its end. Raises InvalidRequest for one on several nodes."""
    if settings.nodes > 1:
        raise InvalidRequest(f"{_WHY} Nothing was rented.", hint=_INSTEAD)


def findings_on_leaving(settings: RunSettings) -> tuple[Finding, ...]:
    """The same for whoever shows a plan, and will not stay with its run."""
    if settings.nodes == 1:
        return ()
    return (Finding(Severity.ERROR, "nodes_unwatched", _WHY, _INSTEAD, setting="nodes"),)
