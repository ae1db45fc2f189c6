"""The run that is set up on the Train page of a tab, for a page that takes it from there."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.domain.plan import Composed
from launcher.errors import InvalidRequest
from launcher.presets import Preset, find_preset
from launcher.services.planning.compose import compose_so_far, missing
from launcher.ui.state.drafts import Draft
from launcher.ui.state.site import Site


@dataclass(frozen=True)
class SetUpRun:
    """`preset` and `draft` are what it is made of."""

    preset: Preset | None
    draft: Draft
    composed: Composed

    @property
    def forced(self) -> tuple[str, ...]:
        """Errors of its dataset that the person ignores."""
        return tuple(sorted(self.draft.let_pass))


def run_set_up(site: Site, tab: str) -> SetUpRun:
    """Raises InvalidRequest where something is still missing."""
    draft = site.drafts.of(tab)
    preset = find_preset(site.config, draft.preset) if draft.preset else None
    composed = compose_so_far(preset, draft.given, draft.notes)
    absent = missing(composed.settings)
    if absent:
        names = ", ".join(f"“{each.knob.label}”" for each in absent)
        raise InvalidRequest(
            f"Still missing on the Train page: {names}.",
            hint="Fill it in there, and come back.",
        )
    return SetUpRun(preset, draft, composed)
