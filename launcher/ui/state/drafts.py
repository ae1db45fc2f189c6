"""What a person has chosen but not launched yet, by tab: survives a reload, holds no secret."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DRAFTS_KEPT = 50


@dataclass
class Draft:
    """A preset and what differs from it. `resume` continues a run id that is taken.

    `notes` say what became of settings that were taken over from an earlier run or an older file.
    `let_pass` are codes of errors of the dataset that the person lets pass, for this dataset alone.
    """

    preset: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    resume: bool = False
    let_pass: set[str] = field(default_factory=set)
    touched: bool = False
    notes: tuple[str, ...] = ()
    taken: Mapping[str, Any] = field(default_factory=dict)
    """Of `given`, what nobody has typed here: it came along with an earlier run."""
    set_aside: dict[str, Any] = field(default_factory=dict)
    """What was chosen and then gave way to another preset, recipe or run: it can be brought back."""
    taken_from: str = ""
    """Where from, as words beside the field."""


class Drafts:
    def __init__(self) -> None:
        self._drafts: OrderedDict[str, Draft] = OrderedDict()

    def of(self, tab: str) -> Draft:
        """The tab's draft, a new one at first; the oldest goes when there are too many."""
        draft = self._drafts.setdefault(tab, Draft())
        self._drafts.move_to_end(tab)
        while len(self._drafts) > DRAFTS_KEPT:
            self._drafts.popitem(last=False)
        return draft

    def replace(self, tab: str, draft: Draft) -> None:
        self._drafts[tab] = draft
