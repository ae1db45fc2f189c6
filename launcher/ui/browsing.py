"""The folders of this computer in a dialog, beside every field that a path of it is typed into.

The form runs on the person's own computer and lets in nobody but their own browser (`server/guard.py`), so what is
shown here is theirs. Paths stay here: the browser is told names, and answers with the number of a row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from launcher.services.choosing.folders import Entry, FolderView, beginning, look_into
from launcher.ui.frame import Shell
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, Text, attributes, box, button, hint, say
from launcher.ui.widgets.inputs import Field
from launcher.ui.widgets.picker import Picker, PickerRow
from pod_image.contract.figures import size

ANSWER_SECONDS = 10.0
"""A disk of the network may not answer at all."""
Chosen = Callable[[Path], Awaitable[None] | None]


def browse_beside(
    shell: Shell,
    field: Field,
    typed: Callable[[], str],
    chosen: Chosen,
    *,
    name: str,
    takes_files: bool = False,
    others: Callable[[], tuple[str, ...]] = tuple,
) -> Button:
    """A button in the field that opens the folders of this computer where the typed path is, or one of the others."""

    async def open_dialog() -> None:
        begin = await asyncio.to_thread(beginning, typed(), *others())
        with shell.content:
            dialog = FolderDialog(shell, name, chosen, takes_files=takes_files)
        await dialog.open(begin)

    with field:
        opener: Button = button(
            "Browse…", open_dialog, kind="quiet", symbol="folder", name=f"Browse for: {name}"
        )
    field.opened_by(opener)
    return opener.mark(f"browse-{field.name}")


class FolderDialog:
    """Shows one folder after the other until one, or a file in one, is chosen."""

    def __init__(self, shell: Shell, name: str, chosen: Chosen, *, takes_files: bool) -> None:
        self._shell, self._chosen, self._takes_files = shell, chosen, takes_files
        self._shows_hidden = False
        self._view: FolderView | None = None
        self._rows: dict[str, Entry] = {}
        self._dialog = Dialog(f"Choose: {name}", wide=True)
        self._dialog.mark("folders")
        self._dialog.on("close", self._dialog.delete)
        with self._dialog.body:
            self._path = box("nav", "crumbs", aria_label="Folders above")
            self._words = box("div", "stack-small")
            self._words.props["aria-live"] = "polite"
            self._list = Picker(
                "Search this folder", (), self._opened, on_up=self._up,
                placeholder="Search; Enter opens a folder, Backspace goes up",
            )  # fmt: skip
            Field(
                "hidden-entries", "Show hidden entries", kind="switch", value=False,
                on_commit=self._show_hidden,
            )  # fmt: skip
        with self._dialog.actions:
            button("Close", self._dialog.hide)
            what = "Use this folder" if not takes_files else "Use this folder itself"
            self._use = Button(what, self._use_folder, kind="primary").mark("use-folder")

    async def open(self, folder: Path) -> None:
        self._dialog.show()
        await self._go(folder)

    async def _go(self, folder: Path) -> None:
        looking = asyncio.to_thread(
            look_into, folder, hidden=self._shows_hidden, files=self._takes_files
        )
        try:
            view = await asyncio.wait_for(looking, ANSWER_SECONDS)
        except TimeoutError:
            view = FolderView(
                folder, (), problem="The disk did not answer. Try again, or type the path."
            )
        self._view = view
        self._draw_path(view)
        self._draw_words(view)
        self._rows = {str(number): entry for number, entry in enumerate(view.entries)}
        self._list.show([_row(number, entry) for number, entry in self._rows.items()])
        self._use.lock("This folder cannot be used." if view.problem else None)

    def _draw_path(self, view: FolderView) -> None:
        self._path.clear()
        with self._path:
            for number, crumb in enumerate(view.crumbs):
                step = Button(crumb.shown, partial(self._go, crumb.path), kind="quiet")
                if number == len(view.crumbs) - 1:
                    attributes(step, aria_current="location")

    def _draw_words(self, view: FolderView) -> None:
        self._words.clear()
        with self._words:
            if view.problem:
                say("warning", view.problem)
                return
            inside = view.holds or "No sound or video files"
            Text("p", f"{inside} in this folder.", "now-words").mark("holds")
            for note in view.notes:
                hint(note)
            if view.hidden and not self._shows_hidden:
                hint(f"{view.hidden:,} hidden.")

    async def _opened(self, number: str) -> None:
        entry = self._rows.get(number)
        if entry is None:
            return
        if entry.is_folder:
            await self._go(entry.path)
        else:
            await self._choose(entry.path)

    async def _up(self) -> None:
        if self._view is not None and self._view.parent is not None:
            await self._go(self._view.parent)

    async def _show_hidden(self, value: object) -> None:
        self._shows_hidden = bool(value)
        if self._view is not None:
            await self._go(self._view.path)

    async def _use_folder(self) -> None:
        if self._view is not None:
            await self._choose(self._view.path)

    async def _choose(self, path: Path) -> None:
        self._dialog.hide()
        done = self._chosen(path)
        if done is not None:
            await done


def _row(number: str, entry: Entry) -> PickerRow:
    marks = ("folder",) if entry.is_folder else ()
    return PickerRow(
        number, entry.shown, "" if entry.size_bytes is None else size(entry.size_bytes), marks
    )
