"""Tabs of one browser in front of the simulated pages: what one says on its channel, the others hear."""

from __future__ import annotations

import json
import re
from typing import Any

from nicegui import ElementFilter, events
from nicegui.testing import User

from launcher.ui.widgets.key_sharing import TabChannel
from tests.kit.page_verbs import visit

_POST = re.compile(r'return runMethod\((\d+), "post", (\[.*\])\)')


class Browser:
    """Opens tabs that share a channel; `said` is everything that went over it, in order."""

    def __init__(self, person: User) -> None:
        self._person = person
        self._tabs: list[User] = []
        self.said: list[dict[str, str]] = []

    async def tab(self, path: str, user: User | None = None) -> User:
        """A new tab at the page; or the page in a tab that is there already."""
        tab = user or User(self._person.http_client)
        await visit(tab, path)
        if tab not in self._tabs:
            self._tabs.append(tab)
        self._connect(tab)
        self._report(tab, "ready", None)
        return tab

    def close(self, tab: User) -> None:
        self._tabs.remove(tab)
        tab._client.delete()

    def hear(self, tab: User, message: object) -> None:
        """As if the tab's page had heard this."""
        self._report(tab, "said", message)

    def _connect(self, tab: User) -> None:
        outbox = tab._client.outbox
        emit = outbox._emit

        async def overheard(message: Any) -> None:
            await emit(message)
            _, kind, data = message
            found = _POST.match(data["code"]) if kind == "run_javascript" else None
            if found:
                self._pass_on(tab, json.loads(found[2])[0])

        outbox._emit = overheard  # type: ignore[method-assign]  # as NiceGUI's own simulation does

    def _pass_on(self, sender: User, message: dict[str, str]) -> None:
        self.said.append(message)
        for tab in self._tabs:
            if tab is not sender:
                self.hear(tab, {"ask": "", "grant": "", **message})

    def _report(self, tab: User, event: str, arguments: object) -> None:
        with tab:
            for channel in ElementFilter(kind=TabChannel):
                for listener in list(channel._event_listeners.values()):
                    if listener.type == event:
                        heard = events.GenericEventArguments(
                            sender=channel, client=tab._client, args=arguments
                        )
                        events.handle_event(listener.handler, heard)
