"""Pages that no browser came for: some are kept for one that is slow, and no more."""

from __future__ import annotations

import asyncio

from nicegui import Client
from nicegui.testing import User

from launcher.ui.state.awaited_pages import AwaitedPages
from tests.kit.page_verbs import visit
from tests.ui.conftest import Ground


async def test_pages_that_no_browser_came_for_take_no_memory_without_end(
    person: User, ground: Ground
) -> None:
    ground.site.awaited_pages = AwaitedPages(most=3)
    await visit(person, "/help")
    shown = set(Client.instances)
    for _ in range(8):
        (await person.http_client.get("/help")).raise_for_status()
        await asyncio.sleep(0)  # the page is sent before it begins to wait
    newest = list(Client.instances)[-1]
    await person.http_client.get("/help")
    await asyncio.sleep(0)
    kept = set(Client.instances)
    assert len(kept - shown) == 3
    assert newest in kept
    assert shown <= kept, "the page that a person has open is gone"
