"""Where the person of this tab is told of runs: addresses entered, tested and forgotten like a key."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from launcher.errors import LauncherError
from launcher.services.telling.addresses import (
    Address,
    addresses_in,
    addresses_of,
    check_addresses,
)
from launcher.services.telling.teller import trial_news
from launcher.stores.secrets import NOTIFY
from launcher.ui.frame import Shell, show_error
from launcher.ui.pages.keys.remembering import Remembering
from launcher.ui.widgets.elements import (
    Text,
    badge,
    box,
    button,
    card,
    details,
    heading,
    hint,
    link,
    say,
    waiting,
)
from launcher.ui.widgets.inputs import SecretField

TITLE = "Notifications"


class ToldSection:
    """A field while there is no address, the addresses by what may be shown of them once there are some."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._remembering = Remembering(shell, NOTIFY, TITLE, self.draw)
        with card(classes="key-notify") as place:
            with box("div"):
                heading(2, TITLE)
                hint(
                    "You are notified when a run is ready, has its first sample, nears a cap or has ended. "
                    "With ntfy or a webhook the GPU sends the message itself, even while this computer is off."
                )
            self._state = box("div", "stack-small")
            _how()
            self._remembering.explain(
                "With it they can send you messages, and read those at a topic."
            )
        place.mark("key-notify")
        self.draw()

    def draw(self, problem: LauncherError | None = None) -> None:
        self._state.clear()
        found = self._found()
        with self._state:
            if problem is not None:
                show_error(problem)
            if found:
                self._draw_held(found)
            if self._held() is None:
                SecretField(
                    "Addresses, separated by spaces",
                    self.use,
                    placeholder="ntfy://my-topic",
                    action="Use addresses",
                ).mark("secret-notify")
            if not found and self._remembering.is_remembered:
                with box("div", "row"):
                    self._remembering.draw()

    def _held(self) -> SecretStr | None:
        return self._shell.site.vault.get(self._shell.tab, NOTIFY.value)

    def _found(self) -> tuple[Address, ...]:
        """Those of the tab, and those that are preferred."""
        return addresses_of(self._shell.site.sessions.keys_of(self._shell.tab))

    async def use(self, secret: SecretStr) -> None:
        try:
            found = addresses_in(secret.get_secret_value())
            await asyncio.to_thread(check_addresses, found)  # Apprise takes a second to load
        except LauncherError as error:
            self.draw(error)
            self._shell.announce("This address is not valid.")
            return
        if found:
            self._shell.site.vault.put(self._shell.tab, NOTIFY.value, secret)
        self.draw()
        self._shell.announce(f"{TITLE}: {_named(found)}.")

    def _draw_held(self, found: tuple[Address, ...]) -> None:
        with box("ul", "prose"):
            for each in found:
                who = (
                    "from the GPU and from this computer"
                    if each.is_for_pods
                    else "from this computer"
                )
                Text("li", f"{each.shown}: {who}")
        with box("div", "row"):
            if self._held() is not None:
                badge("Held in memory", "good")
            button("Send a test", self._test, kind="quiet")
            if self._held() is not None:
                button(
                    "Forget",
                    self._forget,
                    kind="quiet",
                    symbol="trash",
                    name=f"Forget: {TITLE.lower()}",
                )
            self._remembering.draw()
        self._answers = box("div", "stack-small").mark("told-answers")

    async def _test(self) -> None:
        self._answers.clear()
        with self._answers:
            waiting("Sending a test message…", rows=1)
        session = await self._shell.session()
        answers = await session.bench.teller.test(trial_news(self._shell.site.clock.now()))
        self._answers.clear()
        with self._answers:
            for shown, why in answers:
                say(
                    "bad" if why else "good",
                    f"{shown} {'did not get the message' if why else 'got the message'}",
                    why,
                )
        failed = sum(bool(why) for _, why in answers)
        self._shell.announce(
            "The test message was sent." if not failed else "Not every test message arrived."
        )

    def _forget(self) -> None:
        self._shell.site.vault.forget(self._shell.tab, NOTIFY.value)
        self.draw()
        self._shell.announce(f"{TITLE}: forgotten.")


def _named(found: tuple[Address, ...]) -> str:
    return ", ".join(each.shown for each in found) or "nowhere"


def _how() -> None:
    with details("What can I enter?"), box("ul", "prose"):
        Text("li", "desktop: a notification on the computer that runs this program.")
        Text(
            "li",
            "ntfy://TOPIC: your phone, with the app ntfy. Choose a topic that nobody can guess: anyone who "
            "knows it can read your messages.",
        )
        Text("li", "https://…: your own webhook; it gets a POST request with JSON.")
        with box("li"):
            Text("span", "Any Apprise address, such as Telegram, Discord or e-mail. ")
            link("How to write them", "https://github.com/caronc/apprise/wiki", new_tab=True)
