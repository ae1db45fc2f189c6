"""The Share button of a run: one file to download, with what the person wants in it."""

from __future__ import annotations

from nicegui import ui

from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.services.sharing.choice import Choice
from launcher.services.sharing.making import Made, make_page
from launcher.ui.frame import Shell, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, box, button, hint, para
from launcher.ui.widgets.inputs import Field


class ShareButton:
    """Draws the button; what it opens asks what may be in the file before it is made."""

    def __init__(self, shell: Shell, run: Run) -> None:
        self._shell, self._run = shell, run
        with box("div", "row actions"):
            button("Share", self._ask, symbol="download").mark("share")
        self._dialog = Dialog(f"Share {run.run_id}")
        with self._dialog.body:
            para(
                "One file with state, cost, curves and samples. It opens in any browser, without a network. "
                "Anyone you send it to can see and hear what is in it."
            )
            self._title = Field("share-title", "Heading", value=run.run_id)
            self._dataset = self._switch("dataset", "Names of datasets and repos")
            self._notes = self._switch("notes", "Why it ended, and its notes")
            self._reference = self._switch("reference", "Original recording")
            self._place = box("div")
        with self._dialog.actions:
            button("Cancel", self._dialog.hide)
            self._make = Button("Create the file", self._made, kind="primary", symbol="download")
            self._make.mark("make-share")

    def _switch(self, name: str, label: str) -> Field:
        return Field(f"share-{name}", label, kind="switch", value=False)

    def _ask(self) -> None:
        self._place.clear()
        self._dialog.show()

    def _choice(self) -> Choice:
        return Choice(
            title=str(self._title.value),
            with_dataset=bool(self._dataset.value),
            with_notes=bool(self._notes.value),
            with_reference=bool(self._reference.value),
        )

    async def _made(self) -> None:
        self._place.clear()
        self._make.lock("Creating the file…")
        try:
            session = await self._shell.session()
            now = self._shell.site.history.by_nonce(self._run.nonce) or self._run
            made: Made = await make_page(session.bench, now, self._choice())
        except LauncherError as error:
            with self._place:
                show_error(error)
            self._shell.announce(on_page(error.message))
            return
        finally:
            self._make.lock(None)
        ui.download.content(made.content, made.name, "text/html")
        words = f"{made.name}, {made.holds}."
        with self._place:
            para(words)
            if made.trouble:
                hint(f"Some parts are missing: {made.trouble}")
        self._shell.announce(words)
