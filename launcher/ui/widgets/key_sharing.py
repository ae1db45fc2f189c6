"""The line of every page by which tabs of one browser let each other in to their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from launcher.ui.state.admissions import Ask, Standing
from launcher.ui.state.kept_keys import remembered, use_what_is_kept
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import Text, box, button, button_link, icon

_CALLS = "Allow?"
_ANSWERS = {
    Standing.REFUSED: "The other tab said: not now.",
    Standing.LATE: "It was not allowed in time, or the tab that allowed it was closed. Nothing was shared.",
}


class TabChannel(ui.element, component="tab_channel.js"):
    """What this page says to the browser's other tabs, and hears from them."""

    def __init__(self, on_ready: Callable[[], None], on_said: Callable[[str, str, str], None]):
        super().__init__()
        self.mark("tab-channel")
        self.on("ready", on_ready)
        self.on("said", lambda event: on_said(*_three(event.args)))

    def say(self, kind: str, **words: str) -> None:
        self.run_method("post", {"kind": kind, **words})

    def call(self, words: str) -> None:
        """Show the words in front of the tab's title; none takes them away."""
        if self._props.get("calls", "") != words:
            self._props["calls"] = words
            self.update()


def _three(said: Any) -> tuple[str, str, str]:
    """A message as the page reports it; what is no text is none."""
    values = [said.get(name) if isinstance(said, dict) else "" for name in ("kind", "ask", "grant")]
    kind, ask, grant = (value if isinstance(value, str) else "" for value in values)
    return kind, ask, grant


class KeySharing:
    """Draws itself into `place`; looks once a second, since another tab may answer or forget."""

    def __init__(
        self,
        site: Site,
        tab: str,
        shows: Callable[[], str],
        place: ui.element,
        when_keys_changed: Callable[[], None],
    ) -> None:
        self._site, self._tab, self._shows, self._place = site, tab, shows, place
        self._when_keys_changed = when_keys_changed
        self._held = self._names()
        self._others_have_keys = False
        self._drawn: object = None
        with place.client.content:
            self._channel = TabChannel(self._begin, self._hear)
            ui.timer(1.0, self.refresh)

    def refresh(self) -> None:
        """Bring what is shown up to date."""
        self._notice_keys()
        asks = self._site.admissions.waiting_at(self._tab)
        mine = None if self._held else self._site.admissions.question(self._tab)
        is_unheard = mine is not None and self._site.admissions.is_unheard(mine)
        what = mine and (mine.number, mine.standing)
        at_hand = remembered(self._site), self._others_have_keys
        drawn = [ask.number for ask in asks], what, is_unheard, at_hand, self._held
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._place.clear()
        with self._place:
            if not self._held:
                self._draw_without_keys(mine, is_unheard)
            for ask in asks:
                self._draw_ask(ask)
        self._channel.call(_CALLS if asks else "")

    def _names(self) -> set[str]:
        return set(self._site.vault.held(self._tab))

    def _notice_keys(self) -> None:
        """Keys that came or went in another tab which shares them, or on this page."""
        before, self._held = self._held, self._names()
        if before == self._held:
            return
        if not before:
            self._channel.say("here")
        elif not self._held:
            self._channel.say("gone")
            self._channel.say("who")
        self._when_keys_changed()

    def _draw_without_keys(self, mine: Ask | None, is_unheard: bool) -> None:
        if mine is None:
            if remembered(self._site):
                with _line("Your keys are remembered on this computer."):
                    button("Use them", self._use_remembered)
            elif self._others_have_keys:
                with _line("Another tab of this browser has your keys."):
                    button("Use them here", self._ask)
        elif is_unheard:
            with _line("No other tab has answered: the one with the keys was closed."):
                button_link("Enter keys", "/keys")
        elif mine.standing is Standing.WAITING:
            with _line("Now go to the tab that has the keys, and press Allow there."):
                button("Do not ask", self._withdraw, kind="quiet")
        elif mine.standing in _ANSWERS:
            with _line(_ANSWERS[mine.standing]):
                button("Ask again", self._ask)
                button("Leave it", self._withdraw, kind="quiet")

    def _draw_ask(self, ask: Ask) -> None:
        with _line(
            f"Another tab of this browser wants to use your keys. It shows “{ask.shows}”. "
            "Allow it if you opened that tab."
        ):
            button("Allow", lambda: self._allow(ask.number), kind="primary")
            button("Not now", lambda: self._refuse(ask.number))

    async def _use_remembered(self) -> None:
        if await use_what_is_kept(self._site, self._tab):
            ui.navigate.reload()
        else:
            self.refresh()  # somebody has removed them from the keyring by other means

    def _ask(self) -> None:
        number = self._site.admissions.ask(self._tab, self._shows())
        self._channel.say("ask", ask=number)
        self.refresh()

    def _withdraw(self) -> None:
        self._site.admissions.withdraw(self._tab)
        self.refresh()

    def _allow(self, number: str) -> None:
        grant = self._site.admissions.allow(self._tab, number)
        if grant is not None:
            self._channel.say("grant", ask=number, grant=grant)
        self.refresh()

    def _refuse(self, number: str) -> None:
        self._site.admissions.refuse(self._tab, number)
        self.refresh()

    def _begin(self) -> None:
        """The page can hear: say what others wait for, and ask what it needs itself."""
        if self._held:
            self._channel.say("here")
            return
        self._channel.say("who")
        mine = self._site.admissions.question(self._tab)
        if mine is not None and mine.standing is Standing.WAITING:
            self._channel.say("ask", ask=mine.number)

    def _hear(self, kind: str, number: str, grant: str) -> None:
        match kind:
            case "who" if self._held:
                self._channel.say("here")
            case "here":
                self._others_have_keys = True
            case "gone":
                self._others_have_keys = False
                if not self._held:
                    self._channel.say("who")
            case "ask":
                self._site.admissions.hear(self._tab, number)
            case "grant":
                self._redeem(number, grant)
        self.refresh()

    def _redeem(self, number: str, grant: str) -> None:
        mine = self._site.admissions.question(self._tab)
        if mine is None or mine.number != number:
            return  # for another tab
        if self._site.admissions.redeem(self._tab, grant):
            ui.navigate.reload()  # whatever the page said of missing keys is over


@contextmanager
def _line(words: str) -> Iterator[None]:
    with box("div", "sharing-row"):
        icon("key")
        Text("p", words, "sharing-words")
        yield
