"""The clips of one dataset: thousands of them in a list, one to be heard, cut, joined and retyped; all of it undone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import FastAPI

from launcher.services import clips, datasets
from launcher.ui.frame import Shell, page
from launcher.ui.pages.clips.changes import Pasting, Replacing
from launcher.ui.pages.clips.components import ClipList
from launcher.ui.pages.clips.editor import Editor
from launcher.ui.pages.clips.keys import PRESSES, KeyHelp, keyed
from launcher.ui.pages.clips.routes import register_peaks
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import (
    Button,
    box,
    button,
    button_link,
    card,
    empty_state,
    hint,
    link,
)
from launcher.ui.widgets.inputs import Field, options
from launcher.workshop.check import CheckSettings
from launcher.workshop.editing.clips import mend
from launcher.workshop.editing.listing import (
    LONG_SECONDS,
    NAMED,
    SHORT_SECONDS,
    ListedClip,
    Listing,
    is_shown,
    next_problem,
    problems_by_file,
)
from launcher.workshop.names import checked_name, dataset_folder
from launcher.workshop.report import DatasetReport
from launcher.workshop.table import read_record
from pod_image.contract.figures import counted

FILTERS = {
    "": "All clips",
    NAMED: "With problems",
    "untyped": "Without transcript",
    "short": f"Shorter than {SHORT_SECONDS:g} s",
    "long": f"Longer than {LONG_SECONDS:g} s",
    "missing": "Audio missing",
}


def register(site: Site, outer: FastAPI) -> None:
    register_peaks(site, outer)
    page(site, "/datasets/{name}/clips", "Clips", _build, current="/datasets")


async def _build(shell: Shell, name: str) -> None:
    checked_name(name)
    shell.title(f"Clips of {name}")
    await ClipsPage(shell, name).draw()


class ClipsPage:
    def __init__(self, shell: Shell, name: str) -> None:
        self._shell, self._name = shell, name
        self._config = shell.site.config
        self._folder = dataset_folder(self._config.datasets_folder, name)
        self._listing = Listing(self._folder)
        self._clips: list[ListedClip] = []
        self._shown: list[int] = []
        self._kind, self._search, self._at = "", "", 0

    async def draw(self) -> None:
        await datasets.show_folder(self._config, self._name)
        await asyncio.to_thread(mend, self._folder)
        self._clips = await asyncio.to_thread(self._listing.read)
        with box("div", "row"):
            link("Dataset page", f"/datasets/{self._name}", symbol="dataset")
        if not self._clips:
            with empty_state(
                "No clips yet", "Add recordings on the dataset page; they are cut into clips."
            ):
                button_link("Add recordings", f"/datasets/{self._name}", primary=True)
            return
        self._help = KeyHelp()
        with box("div", "stack clip-tools") as region:
            region.on("keydown", js_handler=PRESSES)
            self._toolbar()
            with box("div", "clip-sides"):
                with card():
                    self._count = hint("")
                    self._list = ClipList("Clips", self.rows, self._pick).mark("clip-list")
                with card():
                    self._editor = Editor(
                        self._shell,
                        self._name,
                        changed=self._edited,
                        retyped=self._retyped,
                        step=self._step,
                    )
        self._replacing = Replacing(self._shell, self._name, lambda: self._clips, self._reload)
        self._pasting = Pasting(self._shell, self._name, lambda: self._clips, self._reload)
        self._filter()
        await self._show_history()

    def _toolbar(self) -> None:
        with card():
            with box("div", "fields"):
                self._pick_kind = Field(
                    "clip-kind", "Show", kind="select", value="", options=options(FILTERS),
                    on_commit=self._set_kind,
                )  # fmt: skip
                Field(
                    "clip-search",
                    "Search",
                    on_commit=self._set_search,
                    placeholder="word or file name",
                )
            with box("div", "row"):
                self._undo_button = Button("Undo", self._undo, symbol="undo").mark("undo")
                keyed(self._undo_button, "u", "ctrl+z")
                self._redo_button = Button("Redo", self._redo, symbol="redo").mark("redo")
                keyed(self._redo_button, "r", "ctrl+y")
                button("Replace…", lambda: self._replacing.show(), kind="quiet").mark("replace")
                button("Paste transcripts…", lambda: self._pasting.show(), kind="quiet").mark(
                    "paste"
                )
                button("Check", self._check, kind="quiet", symbol="check").mark("check-clips")
                keyed(
                    button("Next problem", self._next_problem, kind="quiet").mark("next-problem"),
                    "n",
                )
                keyed(button("Next", lambda: self._step(1), kind="quiet"), "j", "arrowdown")
                keyed(button("Previous", lambda: self._step(-1), kind="quiet"), "k", "arrowup")
                keyed(button("Keys", self._help.show, kind="quiet"), "?")
            self._said = hint("")
            hint(
                "Keyboard: j and k for next and previous clip, Space to play, n for the next problem, u to "
                "undo. ? lists all keys."
            )
            self._trouble = box("div")

    # What is shown

    def rows(self, start: int, count: int) -> Sequence[dict[str, Any]]:
        """The rows of the list from `start` on, as it draws them."""
        return [self._row(self._clips[number]) for number in self._shown[start : start + count]]

    def _row(self, clip: ListedClip) -> dict[str, Any]:
        seconds = clip.line.seconds
        problems = len(self._problems.get(clip.file, ()))
        remark = "no audio" if seconds is None else counted(problems, "problem") if problems else ""
        length = "" if seconds is None else f"{seconds:.1f} s"
        return {"short": clip.short, "text": clip.line.text, "length": length, "remark": remark}

    @property
    def _problems(self) -> dict[str, Any]:
        return self._shell.site.clip_problems.get(self._name, {})

    @property
    def _current(self) -> ListedClip | None:
        return self._clips[self._shown[self._at]] if self._shown else None

    def _set_kind(self, kind: object) -> None:
        self._kind, self._at = str(kind or ""), 0
        self._filter()

    def _set_search(self, words: object) -> None:
        self._search, self._at = str(words or ""), 0
        self._filter()

    def _filter(self, *, types: bool = False) -> None:
        named = self._problems.keys()
        self._shown = [
            number
            for number, one in enumerate(self._clips)
            if is_shown(one.line, self._kind, self._search, named)
        ]
        self._at = min(self._at, max(0, len(self._shown) - 1))
        of = "" if len(self._shown) == len(self._clips) else f" of {len(self._clips):,}"
        self._count.text = f"{counted(len(self._shown), 'clip')}{of}"
        self._list.show(len(self._shown), self._at)
        self._draw_editor(types=types)

    def _draw_editor(self, *, types: bool = False) -> None:
        clip = self._current
        found = self._problems.get(clip.file, ()) if clip else ()
        self._editor.show(clip, found, types=types)

    def _pick(self, at: int) -> None:
        if 0 <= at < len(self._shown):
            self._at = at
            self._list.choose(at)
            self._draw_editor()

    def _step(self, by: int, types: bool = False) -> None:
        at = self._at + by
        if 0 <= at < len(self._shown):
            self._at = at
            self._list.choose(at)
            self._draw_editor(types=types)

    # What is done

    async def _reload(self, file: str | None = None) -> None:
        """After the clips have changed: list them anew, and go on with that one, or with what stands there now."""
        if file is not None:
            self._problems.pop(file, None)
        self._clips = await asyncio.to_thread(self._listing.read)
        if file is not None:
            self._go_to(file)
        self._filter()
        await self._show_history()

    async def _edited(self, file: str | None) -> None:
        """The button that was pressed is drawn anew: the keyboard goes on in the list."""
        await self._reload(file)
        self._list.focus()

    def _go_to(self, file: str) -> None:
        number = next((n for n, one in enumerate(self._clips) if one.file == file), None)
        if number is None:
            return
        shown = [
            n for n, one in enumerate(self._clips)
            if is_shown(one.line, self._kind, self._search, self._problems.keys())
        ]  # fmt: skip
        if number in shown:
            self._at = shown.index(number)

    async def _retyped(self, clip: ListedClip, text: str) -> None:
        """A text was typed: the list knows it, and stays as it is."""
        self._problems.pop(clip.file, None)
        for number, one in enumerate(self._clips):
            if one.file == clip.file:
                self._clips[number] = replace(one, line=replace(one.line, text=text))
        self._list.show(len(self._shown), self._at)
        self._shell.announce("Saved.")
        await self._show_history()

    async def _undo(self) -> None:
        await self._back_or_forth(
            clips.undo(self._config, self._name, now=self._shell.site.unix_seconds)
        )

    async def _redo(self) -> None:
        await self._back_or_forth(
            clips.redo(self._config, self._name, now=self._shell.site.unix_seconds)
        )

    async def _back_or_forth(self, work: Any) -> None:
        self._trouble.clear()
        edit = await self._shell.attempt(work, self._trouble)
        if edit is None:
            return
        self._shell.announce(f"Done: {edit.what}.")
        lines = {line.file for swap in edit.swaps for line in (*swap.before, *swap.after)}
        await self._reload()
        there = next((one.file for one in self._clips if one.file in lines), None)
        if there is not None:
            self._go_to(there)
            self._filter()

    async def _show_history(self) -> None:
        found = await clips.history(self._config, self._name)
        self._undo_button.lock(None if found.undo else "Nothing to undo.")
        self._redo_button.lock(None if found.redo else "Nothing to redo.")
        said = [
            f"Undo: {found.undo}." if found.undo else "",
            f"Redo: {found.redo}." if found.redo else "",
        ]
        self._said.text = " ".join(one for one in said if one)

    # Problems

    async def _check(self) -> None:
        self._trouble.clear()
        record = await asyncio.to_thread(read_record, self._folder)
        settings = CheckSettings(deep=True)
        if record is not None:
            settings = replace(
                settings, language=record.language, sample_rate_hz=record.sample_rate_hz
            )
        self._count.text = "Listening to the clips…"
        report: DatasetReport | None = await self._shell.attempt(
            datasets.check_folder(self._folder, settings), self._trouble
        )
        if report is not None:
            site = self._shell.site
            site.reports[self._name] = report
            lines = [one.line for one in self._clips]
            site.clip_problems[self._name] = problems_by_file(report, lines)
            self._shell.announce(f"{counted(len(self._problems), 'clip')} with problems.")
        self._filter()

    def _next_problem(self) -> None:
        self._trouble.clear()
        number = next_problem(
            self._clips, self._problems, self._shown[self._at] if self._shown else -1
        )
        if number is None:
            words = "No clip with a problem is left. “Check” checks again."
            self._shell.announce(words)
            with self._trouble:
                hint(words)
            return
        if number not in self._shown:
            self._kind = self._search = ""
            self._pick_kind.show(value="")
            self._filter()
        self._pick(self._shown.index(number))
