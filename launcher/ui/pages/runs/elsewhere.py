"""Runs that other computers began: by their results repo, or by a look around."""

from __future__ import annotations

from nicegui import ui

from launcher.domain.run_address import run_address
from launcher.errors import InvalidRequest, LauncherError
from launcher.services.following.look_around import LookedAround, attach, look_around
from launcher.ui.frame import Shell, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.widgets.elements import box, button, card, hint, say
from launcher.ui.widgets.inputs import Field


class Elsewhere:
    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        with card("A run from another computer"):
            hint(
                "By its results repo, OWNER/NAME or OWNER/NAME/run-01, or the address of its page on Hugging Face. A "
                "public repo needs no key."
            )
            with box("div", "row tools"):
                self._address = Field(
                    "attach-address", "Repo or run", placeholder="me/voice/run-01"
                )
                show = button("Show it here", self._attach, symbol="plus").mark("attach")
                self._address.enters(show)
                button("Look for runs of mine", self._look_around, symbol="refresh").mark("look")
            self._said = box("div")

    async def _attach(self) -> None:
        typed = str(self._address.value or "")
        address = run_address(typed, self._shell.site.config.hub_url)
        self._said.clear()
        try:
            if address is None:
                raise InvalidRequest(
                    "This is not a results repo.", hint="Write OWNER/NAME or OWNER/NAME/run-01."
                )
            session = await self._shell.session()
            found = await attach(session.bench, address)
        except LauncherError as error:
            with self._said:
                show_error(error)
            return
        ui.navigate.to(f"/runs/{found[0].nonce}" if len(found) == 1 else "/runs")

    async def _look_around(self) -> None:
        self._said.clear()
        session = await self._shell.session()
        try:
            looked = await look_around(session.bench)
        except LauncherError as error:
            looked = LookedAround(troubles=(error.message,))
        if not looked.troubles:
            ui.navigate.to("/runs")
            return
        with self._said:
            for trouble in looked.troubles:
                say("warning", on_page(trouble))
