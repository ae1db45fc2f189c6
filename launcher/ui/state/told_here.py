"""What was told of runs since this program began, for the bell of every page."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from launcher.clock import Clock
from pod_image.contract.news import News

KEPT = 50


@dataclass(frozen=True)
class Entry:
    """One line of the list. `id` tells it from others; `link` leads to the results."""

    number: int
    id: str
    title: str
    text: str
    at: datetime
    link: str = ""
    is_trouble: bool = False


class ToldHere:
    """The newest first. Each piece of news is there once, through however many keys it came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._number = 0

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries)

    @property
    def newest(self) -> int:
        """The number of the newest; 0 while there is none."""
        return self._number

    def since(self, number: int) -> list[Entry]:
        """What is newer than that number, the oldest first."""
        return [each for each in reversed(self._entries) if each.number > number]

    def hear(self, news: News) -> None:
        if all(each.id != news.id for each in self._entries):
            self._add(news.id, news.title, news.text, news.at, link=news.link)

    def hear_trouble(self, text: str) -> None:
        """Somebody could not be told."""
        self._add(
            f"trouble-{self._number}",
            "Notification failed",
            text,
            self._clock.now(),
            is_trouble=True,
        )

    def _add(
        self,
        id: str,
        title: str,
        text: str,
        at: datetime,
        *,
        link: str = "",
        is_trouble: bool = False,
    ) -> None:
        self._number += 1
        self._entries.appendleft(Entry(self._number, id, title, text, at, link, is_trouble))
