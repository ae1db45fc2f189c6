"""Keys that this computer has already: named, and used after a click; or by themselves, when a person chose so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from launcher.errors import LauncherError
from launcher.stores.secrets import (
    NOTIFY,
    KeyName,
    Keys,
    KeySource,
    find_addresses,
    find_keys,
    keys_among,
)
from launcher.ui.frame import Shell, show_error
from launcher.ui.pages.keys.key_texts import key_text
from launcher.ui.pages.keys.told import TITLE, ToldSection
from launcher.ui.state.kept_keys import from_keyring, hold, keys_in
from launcher.ui.widgets.elements import box, button, notice, say
from launcher.ui.widgets.inputs import Field


class Offers:
    """`when_taken` draws the rows anew."""

    def __init__(
        self,
        shell: Shell,
        place: ui.element,
        told: ToldSection,
        when_taken: Callable[[], Awaitable[None]],
    ) -> None:
        self._shell, self._place, self._told, self._when_taken = shell, place, told, when_taken
        with place:
            self._draw()

    def _draw(self) -> None:
        site = self._shell.site
        held = keys_among(site.vault.held(self._shell.tab))
        titles = self._in_environment()
        if titles:
            with notice("note", "Found in environment variables", f"{', '.join(titles)}."):
                button("Use these", self._from_environment, kind="primary")
        if site.key_store is not None and len(held) < len(KeyName):
            with notice("note", "Your system's keyring may contain keys, too"):
                button("Look in the keyring", self._from_keyring)
        self._answer = box("div", "stack-small")
        if site.key_store is not None or find_keys(site.environment).sources:
            Field(
                "use-kept-keys",
                "Use the keys of this computer whenever I open the form",
                kind="switch",
                value=site.preferences.use_kept_keys,
                hint="The tab that the program's link opens then has the keys in environment variables and in the "
                "keyring. Other tabs ask that tab.",
                on_commit=lambda value: site.prefer(use_kept_keys=bool(value)),
            )

    def _in_environment(self) -> list[str]:
        """What the environment has and this tab has not, as it is called here."""
        site = self._shell.site
        held = site.vault.held(self._shell.tab)
        found = find_keys(site.environment).sources
        titles = [
            key_text(name).title
            for name in KeyName
            if found.get(name) is KeySource.ENVIRONMENT and name.value not in held
        ]
        if find_addresses(site.environment) and NOTIFY.value not in held:
            titles.append(TITLE)
        return titles

    async def _from_environment(self) -> None:
        await self._take(keys_in(self._shell.site.environment))

    async def _from_keyring(self) -> None:
        self._answer.clear()
        with self._answer:
            try:
                found = await from_keyring(self._shell.site)
            except LauncherError as error:
                show_error(error)
                return
            if not (found.sources or found.notify):
                say("note", "The keyring contains no key for this program.")
                return
        await self._take(found)

    async def _take(self, found: Keys) -> None:
        hold(self._shell.site, self._shell.tab, found)
        if found.notify is not None:
            await self._told.use(found.notify)  # which says why they cannot be used, if so
        self._place.clear()
        await self._when_taken()
