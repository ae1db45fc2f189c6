"""Secrets that the settings name for the command: a field for each, and the memory of this tab as its only place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import ui
from pydantic import SecretStr

from launcher.errors import NotConfigured
from launcher.services.common.run_secrets import named_secrets
from launcher.stores.secrets import Keys, KeySource, NamedSecret, find_named
from launcher.ui.frame import Shell, show_error
from launcher.ui.widgets.elements import Handler, badge, box, button, heading, hint, say
from launcher.ui.widgets.inputs import SecretField
from pod_image.contract.settings import RunSettings


class CommandSecrets:
    """Drawn anew when other names are asked for. `when_given` hears that a value came or went."""

    def __init__(self, shell: Shell, when_given: Callable[[], None]) -> None:
        self._shell, self._when_given = shell, when_given
        self._names: tuple[str, ...] = ()
        self._place = box("div", "stack-small").mark("command-secrets")

    def follow(self, settings: RunSettings) -> None:
        names = named_secrets(settings)
        if names == self._names:
            return
        self._names = names
        self._place.clear()
        if not names:
            return
        with self._place:
            heading(3, "Secrets of the command")
            hint("Kept in memory for this tab, like keys. Only the command gets them.")
            for name in names:
                _Row(self._shell, name, self._when_given).draw()


class _Row:
    """One secret: its field while there is none, and that it is held while there is one."""

    def __init__(self, shell: Shell, name: str, when_given: Callable[[], None]) -> None:
        self._shell, self._name, self._when_given = shell, name, when_given
        self._secret = NamedSecret(name)
        self._place: ui.element = box("div", "stack-small").mark(f"command-secret-{name}")

    def draw(self, error: NotConfigured | None = None) -> None:
        self._place.clear()
        held = self._shell.site.vault.get(self._shell.tab, self._secret.value)
        with self._place:
            if error is not None:
                show_error(error)
            if held is None:
                SecretField(self._name, self._take).mark(f"secret-{self._name}")
                self._offer()
                return
            with box("div", "row"):
                badge(f"{self._name}: in memory", "good")
                name = f"Forget {self._name}"
                button("Forget", self._forget, kind="quiet", symbol="trash", name=name)

    def _offer(self) -> None:
        """What lies ready on this machine is used only after a click."""
        site = self._shell.site
        if site.environment.get(self._name):
            button("Use the environment variable", self._finder(in_keyring=False))
        if site.key_store is not None:
            button("Look in the keyring", self._finder(in_keyring=True), kind="quiet")

    def _finder(self, *, in_keyring: bool) -> Handler:
        async def go() -> None:
            site = self._shell.site
            where = ({}, site.key_store) if in_keyring else (site.environment, None)
            # The keyring may ask the person to unlock it: never on the event loop.
            try:
                found = await asyncio.to_thread(find_named, Keys(), [self._name], *where)
            except NotConfigured as error:
                self.draw(error)
                return
            if self._name in found.named:
                self._take(found.named[self._name])
            else:
                with self._place:
                    say("note", f"The keyring contains no {self._name}.")

        return go

    def _take(self, secret: SecretStr) -> None:
        try:
            Keys().with_named(
                self._name, secret, KeySource.GIVEN
            )  # refuses what could not be hidden
        except NotConfigured as error:
            self.draw(error)
            return
        self._shell.site.vault.put(self._shell.tab, self._secret.value, secret)
        self._changed("is in memory.")

    def _forget(self) -> None:
        self._shell.site.vault.forget(self._shell.tab, self._secret.value)
        self._changed("was forgotten.")

    def _changed(self, what: str) -> None:
        self.draw()
        self._shell.announce(f"{self._name} {what}")
        self._when_given()
