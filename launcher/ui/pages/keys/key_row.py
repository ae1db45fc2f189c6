"""One key on the Keys page: entered, checked, remembered and forgotten."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from launcher.errors import LauncherError
from launcher.services.account.key_check import KeyCheck, KeyState, check_key, shape_problem
from launcher.stores.secrets import KeyName
from launcher.ui.frame import Shell, show_error, what_to_do
from launcher.ui.next_steps import on_page
from launcher.ui.pages.keys.key_texts import key_text
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
    notice,
    say,
    waiting,
)
from launcher.ui.widgets.inputs import SecretField
from pod_image.contract.next_steps import joined

CHECK_SECONDS = 30.0
_TONES = {
    KeyState.WORKS: "good",
    KeyState.TOO_WIDE: "warning",
    KeyState.REFUSED: "bad",
    KeyState.NO_RIGHT: "bad",
    KeyState.UNREACHABLE: "warning",
    KeyState.WRONG_SHAPE: "bad",
}
_TITLES = {
    KeyState.WORKS: "Works",
    KeyState.TOO_WIDE: "Works, with more rights than needed",
    KeyState.REFUSED: "Refused",
    KeyState.NO_RIGHT: "Missing rights",
    KeyState.UNREACHABLE: "Could not be checked",
    KeyState.WRONG_SHAPE: "Not a key",
}


class KeyRow:
    """Its field while there is none, its state while there is one."""

    def __init__(self, shell: Shell, name: KeyName) -> None:
        self._shell, self._name, self._text = shell, name, key_text(name)
        self._remembering = Remembering(shell, name, self._text.title, self._draw_again)
        self._check: KeyCheck | None = None
        self._shows_held = False
        with card(classes=f"key-{name.value}") as place:
            with box("div", "row spread"), box("div"):
                heading(2, self._text.title)
                hint(self._text.why)
            self._state = box("div", "stack-small")
            self._how()
            self._remembering.explain(self._text.risk, self._text.where, self._text.place)
        place.mark(f"key-{name.value}")
        self._draw_field()

    async def follow(self) -> None:
        """Show what another tab has given or forgotten meanwhile."""
        if self._is_held() != self._shows_held:
            await self.check_if_held()

    async def check_if_held(self) -> None:
        self._shell.show_keys()
        self._shows_held = self._is_held()
        if not self._shows_held:
            self._draw_field()
            return
        self._state.clear()
        with self._state:
            waiting("Checking the key…", rows=1)
        check = await _asked(self._shell, self._name)
        if not check.state.is_usable and check.state is not KeyState.UNREACHABLE:
            self._shell.site.vault.forget(self._shell.tab, self._name.value)
            self._shows_held = False
            self._draw_field(check)
        else:
            self._draw_held(check)
        self._shell.show_keys()
        self._shell.announce(f"{self._text.title}: {on_page(check.sentence)}")

    def _is_held(self) -> bool:
        return self._shell.site.vault.get(self._shell.tab, self._name.value) is not None

    def _how(self) -> None:
        with details("Where do I get this?"):
            with box("ol", "prose"):
                for step in self._text.how:
                    Text("li", step)
            with box("p"):
                link(self._text.place, self._text.where, new_tab=True)

    def _draw_again(self, problem: LauncherError | None) -> None:
        if self._shows_held and self._check is not None:
            self._draw_held(self._check)
        else:
            self._draw_field()
        if problem is not None:
            with self._state:
                show_error(problem)

    def _draw_field(self, problem: KeyCheck | None = None) -> None:
        self._state.clear()
        with self._state:
            if problem is not None:
                _show_check(problem)
            SecretField(self._text.title, self._use, placeholder=self._text.placeholder).mark(
                f"secret-{self._name.value}"
            )
            if self._remembering.is_remembered:
                with box("div", "row"):
                    self._remembering.draw()

    async def _use(self, secret: SecretStr) -> None:
        problem = shape_problem(self._name, secret.get_secret_value())
        if problem:
            check = KeyCheck(KeyState.WRONG_SHAPE, problem, "Nothing was sent. Copy the key again.")
            self._draw_field(check)
            self._shell.announce(problem)
            return
        self._shell.site.vault.put(self._shell.tab, self._name.value, secret)
        await self.check_if_held()

    def _draw_held(self, check: KeyCheck) -> None:
        self._check = check
        self._state.clear()
        with self._state:
            _show_check(check)
            with box("div", "row"):
                badge("In memory", "good")
                button("Check again", self.check_if_held, symbol="refresh", kind="quiet")
                button(
                    "Forget",
                    self._forget,
                    kind="quiet",
                    symbol="trash",
                    name=f"Forget the {self._text.title}",
                )
                self._remembering.draw()

    def _forget(self) -> None:
        self._shell.site.vault.forget(self._shell.tab, self._name.value)
        self._shows_held = False
        self._draw_field()
        self._shell.show_keys()
        stays = " Your keyring still has it." if self._remembering.is_remembered else ""
        self._shell.announce(f"{self._text.title}: forgotten.{stays}")


async def _asked(shell: Shell, name: KeyName) -> KeyCheck:
    try:
        session = await shell.session()
        async with asyncio.timeout(CHECK_SECONDS):
            return await check_key(session.bench, name)
    except TimeoutError:
        return KeyCheck(KeyState.UNREACHABLE, "No answer within 30 seconds.", "Check again.")
    except LauncherError as error:
        return KeyCheck(KeyState.WRONG_SHAPE, error.message, error.hint)


def _show_check(check: KeyCheck) -> None:
    tone = _TONES[check.state]
    text = on_page(joined([check.sentence, check.hint]))
    if check.state is KeyState.WORKS:
        with notice("good", on_page(check.sentence)):
            if check.hint:
                what_to_do(check.hint)
    else:
        say(tone, _TITLES[check.state], text, alert=tone == "bad")  # type: ignore[arg-type]
