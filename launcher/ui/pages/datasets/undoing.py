"""What was done to a dataset's clips and texts, undone and done again; clips that were left out, brought back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from launcher.services import clips
from launcher.ui.frame import Shell
from launcher.ui.widgets.elements import Button, Handler, Text, box, button, details, hint
from launcher.workshop.editing.clips import History
from launcher.workshop.editing.trash import LeftOut
from pod_image.contract.figures import counted

MOST_SHOWN = 50


class Undoing:
    """`changed` is awaited after the dataset was changed from here."""

    def __init__(self, shell: Shell, name: str, changed: Callable[[], Awaitable[None]]) -> None:
        self._shell, self._name, self._changed = shell, name, changed
        self._place = box("div", "stack-small").mark("undoing")

    async def refresh(self) -> None:
        """Show what can be undone and brought back now."""
        config = self._shell.site.config
        found = await clips.history(config, self._name)
        out = await clips.left_out(config, self._name)
        self._place.clear()
        with self._place:
            if found != History():
                self._steps(found)
            if out:
                self._left_out(out)

    def _steps(self, found: History) -> None:
        with box("div", "row"):
            undo = Button("Undo", self._undo, kind="quiet", symbol="undo").mark("undo")
            redo = Button("Redo", self._redo, kind="quiet", symbol="redo").mark("redo")
            undo.lock(None if found.undo else "Nothing to undo.")
            redo.lock(None if found.redo else "Nothing to redo.")
            said = [
                f"undo: {found.undo}" if found.undo else "",
                f"redo: {found.redo}" if found.redo else "",
            ]
            Text("span", "; ".join(one for one in said if one), "hint")

    def _left_out(self, out: Sequence[LeftOut]) -> None:
        with details(f"Clips left out ({len(out):,})", marker="left-out"):
            hint(
                "Their audio and transcripts stay in the dataset's folder. They are neither sent nor used for "
                "training."
            )
            for one in out[:MOST_SHOWN]:
                with box("div", "row spread"):
                    short = one.line.file.rsplit("/", 1)[-1]
                    Text("span", f"{short}: {one.line.text or '(no transcript)'}", "small")
                    button("Restore", self._restorer([one.line.file]), kind="quiet",
                           name=f"Restore {short}")  # fmt: skip
            if len(out) > MOST_SHOWN:
                hint(f"And {len(out) - MOST_SHOWN:,} more.")
            button(f"Restore all {len(out):,}", self._restorer([]), kind="quiet").mark("bring-all")

    async def _undo(self) -> None:
        await self._step(
            clips.undo(self._shell.site.config, self._name, now=self._shell.site.unix_seconds)
        )

    async def _redo(self) -> None:
        await self._step(
            clips.redo(self._shell.site.config, self._name, now=self._shell.site.unix_seconds)
        )

    async def _step(self, work: Awaitable[Any]) -> None:
        done = await self._shell.attempt(work, self._place)
        if done is not None:
            self._shell.announce(f"Done: {done.what}.")
            await self._changed()

    def _restorer(self, files: list[str]) -> Handler:
        async def restore() -> None:
            work = clips.restore(
                self._shell.site.config, self._name, files, now=self._shell.site.unix_seconds
            )
            back = await self._shell.attempt(work, self._place)
            if back is not None:
                self._shell.announce(f"{counted(len(back), 'clip')} restored.")
                await self._changed()

        return restore
