"""Lists to choose from, asked for once and shared by the pages of a session for a short time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from launcher.clock import Clock
from launcher.ui.state.sessions import Session

if TYPE_CHECKING:  # a form that starts offers no list yet
    from launcher.services.choosing.option import Listing
    from pod_image.contract.knobs import Setting

FRESH = timedelta(minutes=5)
LISTS_KEPT = 50
_Asked = tuple[str, str, tuple[str, ...]]


@dataclass
class Choices:
    """Holds nothing secret: lists by the mark of the keys that they were asked for with."""

    clock: Clock
    _lists: OrderedDict[_Asked, tuple[datetime, Listing]] = field(default_factory=OrderedDict)

    async def of(self, session: Session, setting: Setting, values: Mapping[str, Any]) -> Listing:
        """What there is for the setting; a list that could not be had is asked for again next time."""
        from launcher.services.choosing.lists import asked_with, listing

        asked = (session.mark, setting.name, asked_with(setting, values))
        at, known = self._lists.get(asked, (None, None))
        if known is not None and at is not None and self.clock.now() - at < FRESH:
            return known
        found = await listing(session.bench, setting, values)
        if not found.problem:
            self._lists[asked] = (self.clock.now(), found)
            self._lists.move_to_end(asked)
            while len(self._lists) > LISTS_KEPT:
                self._lists.popitem(last=False)
        return found
