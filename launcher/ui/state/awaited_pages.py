"""Pages that were sent and that no browser has connected to yet. Only so many are kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import Client

MOST_AWAITED = 50
"""A page holds a quarter of a megabyte until its browser connects, and NiceGUI keeps it for a minute. What asks for
pages and runs no script, such as a program that looks whether the form is up, would else take all memory."""


class AwaitedPages:
    """The oldest makes room for the newest: its browser has had the longest to come, and loads it again if it does."""

    def __init__(self, most: int = MOST_AWAITED) -> None:
        self._most = most
        self._pages: dict[str, Client] = {}

    @contextmanager
    def awaiting(self, page: Client) -> Iterator[None]:
        """While the block waits for the browser of this page."""
        while len(self._pages) >= self._most:
            oldest = next(iter(self._pages))
            self._pages.pop(oldest).delete()
        self._pages[page.id] = page
        try:
            yield
        finally:
            self._pages.pop(page.id, None)
