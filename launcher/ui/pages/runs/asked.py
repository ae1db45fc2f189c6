"""What is asked of the list of runs, as it stands in the address of its page. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from launcher.stores.run_list import RunKind, RunsAsked, SortBy, Word
from launcher.ui.widgets.run_state import states_named

ROWS = 25
"""Of one page: what two screens hold."""
LONGEST_SEARCH = 200
_FALLING_FIRST = (SortBy.STARTED, SortBy.TIME, SortBy.COST, SortBy.SCORE)
"""Who sorts by these for the first time wants the newest, longest, dearest, best."""


@dataclass(frozen=True)
class Asked:
    """`number` of the page counts from one."""

    search: str = ""
    kind: RunKind = RunKind.ALL
    tag: str = ""
    recipe: str = ""
    sort: SortBy = SortBy.STARTED
    is_descending: bool = True
    number: int = 1

    @classmethod
    def read(
        cls,
        search: str = "",
        kind: str = "",
        tag: str = "",
        recipe: str = "",
        sort: str = "",
        number: str = "",
    ) -> Asked:
        """As it is written in an address; what nobody could have meant is as if it were left out."""
        by = sort.removeprefix("-")
        is_sort = by in list(SortBy)
        is_number = number.isascii() and number.isdigit() and len(number) < 7
        return cls(
            search=search[:LONGEST_SEARCH],
            kind=RunKind(kind) if kind in list(RunKind) else RunKind.ALL,
            tag=tag[:LONGEST_SEARCH],
            recipe=recipe[:LONGEST_SEARCH],
            sort=SortBy(by) if is_sort else SortBy.STARTED,
            is_descending=sort.startswith("-") if is_sort else True,
            number=max(1, int(number)) if is_number else 1,
        )

    @property
    def address(self) -> str:
        """Of the page that shows this; what is usual is left out."""
        usual = Asked()
        sort = f"{'-' if self.is_descending else ''}{self.sort.value}"
        is_usual = (self.sort, self.is_descending) == (usual.sort, usual.is_descending)
        values = {
            "search": self.search,
            "kind": self.kind.value,
            "tag": self.tag,
            "recipe": self.recipe,
            "sort": "" if is_usual else sort,
            "number": "" if self.number == 1 else str(self.number),
        }
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/runs?{query}" if query else "/runs"

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search.strip() or self.kind or self.tag or self.recipe)

    def everything(self) -> Asked:
        """All runs, in the same order."""
        return Asked(sort=self.sort, is_descending=self.is_descending)

    def sorted_by(self, sort: SortBy) -> Asked:
        """By this; the other way round where it is sorted by it already."""
        falls = not self.is_descending if sort is self.sort else sort in _FALLING_FIRST
        return Asked(self.search, self.kind, self.tag, self.recipe, sort, falls)

    def for_history(self) -> RunsAsked:
        return RunsAsked(
            words=tuple(Word(word, states_named(word)) for word in self.search.split()),
            kind=self.kind,
            tag=self.tag,
            recipe=self.recipe,
            sort=self.sort,
            is_descending=self.is_descending,
            first=ROWS * (self.number - 1),
            limit=ROWS,
        )


def pages_of(total: int) -> int:
    """How many pages so many runs take; one for none."""
    return max(1, -(-total // ROWS))
