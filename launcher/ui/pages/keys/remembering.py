"""“Remember on this computer”: what it means for a key, how it is done, and how it is taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from launcher.errors import LauncherError
from launcher.stores.secrets import KeyName, NotifyAddresses
from launcher.ui.frame import Shell
from launcher.ui.state.kept_keys import remember, remembered, stop_remembering
from launcher.ui.widgets.elements import Text, badge, box, button, details, link


class Remembering:
    """The buttons of one key. `when_done` draws its row anew, with what the keyring minded."""

    def __init__(
        self,
        shell: Shell,
        key: KeyName | NotifyAddresses,
        title: str,
        when_done: Callable[[LauncherError | None], None],
    ) -> None:
        self._shell, self._key, self._title, self._when_done = shell, key, title, when_done

    @property
    def is_remembered(self) -> bool:
        return self._key.value in remembered(self._shell.site)

    def draw(self) -> None:
        """What can be pressed: into a row of buttons. Nothing where this program has no keyring to ask."""
        if self.is_remembered:
            badge("Remembered on this computer", "good")
            button(
                "Stop remembering",
                self._stop,
                kind="quiet",
                name=f"Stop remembering: {self._title}",
            )
        elif self._shell.site.key_store is not None and self._held() is not None:
            button(
                "Remember on this computer",
                self._remember,
                kind="quiet",
                symbol="key",
                name=f"Remember on this computer: {self._title}",
            )

    def explain(self, risk: str, page: str = "", page_title: str = "") -> None:
        """What it means for this key, before anybody presses it."""
        if self._shell.site.key_store is None:
            return
        with details("What does remembering mean?"), box("ul", "prose"):
            Text(
                "li",
                "Your system's keyring stores the key, encrypted with your login: Keychain on a Mac, Credential "
                "Manager on Windows, GNOME Keyring or KWallet on Linux. This program writes it nowhere else.",
            )
            Text(
                "li",
                f"Anyone who is logged in as you can read it, and so can the programs you run. {risk}",
            )
            with box("li"):
                Text(
                    "span",
                    "To take it back, press “Stop remembering”. If the computer is lost or shared, also delete "
                    "the key where it was made. ",
                )
                if page:
                    link(page_title, page, new_tab=True)
            Text(
                "li",
                f"If your computer has no keyring, set {self._key.variable} before you start the program, "
                "or install a keyring such as gnome-keyring.",
            )

    def _held(self) -> object:
        return self._shell.site.vault.get(self._shell.tab, self._key.value)

    async def _remember(self) -> None:
        secret = self._shell.site.vault.get(self._shell.tab, self._key.value)
        if secret is not None:
            await self._do(
                remember(self._shell.site, self._key, secret), "remembered on this computer."
            )

    async def _stop(self) -> None:
        await self._do(stop_remembering(self._shell.site, self._key), "not remembered any more.")

    async def _do(self, work: Awaitable[None], what: str) -> None:
        try:
            await work
        except LauncherError as error:
            self._when_done(error)
            self._shell.announce(f"{self._title}: the keyring refused.")
            return
        self._when_done(None)
        self._shell.announce(f"{self._title}: {what}")
