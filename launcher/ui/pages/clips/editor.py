"""One clip: its sound with handles, its text, what the check found of it, and what can be done to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from launcher.errors import LauncherError
from launcher.services import clips, datasets
from launcher.ui.frame import Shell, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.pages.clips.components import ClipSound
from launcher.ui.pages.clips.keys import keyed
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, box, button, heading, hint, notice
from launcher.ui.widgets.inputs import Field
from launcher.workshop.editing.dividing import divided
from launcher.workshop.editing.listing import ListedClip
from pod_image.contract.findings import Finding

Changed = Callable[[str | None], Awaitable[None]]
Retyped = Callable[[ListedClip, str], Awaitable[None]]


class Editor:
    """`changed(file)` is awaited after the clips are others than before, with the one to go on with; `retyped` after
    a text was typed."""

    def __init__(
        self,
        shell: Shell,
        name: str,
        *,
        changed: Changed,
        retyped: Retyped,
        step: Callable[[int, bool], None],
    ) -> None:
        self._shell, self._name = shell, name
        self._changed, self._retyped, self._step = changed, retyped, step
        self._clip: ListedClip | None = None
        self._sound: ClipSound | None = None
        self._found: list[Finding] = []
        self._place = box("div", "stack-small clip-editor").mark("clip-editor")
        self._trouble = box("div")
        self._splitting()

    def show(
        self, clip: ListedClip | None, found: Sequence[Finding], *, types: bool = False
    ) -> None:
        """Show a clip; `types` puts the keyboard into its text. One that is shown already keeps its handles."""
        is_shown = self._clip is not None and clip == self._clip and list(found) == self._found
        if is_shown and not types:
            return
        self._found = list(found)
        self._clip, self._sound = clip, None
        self._place.clear()
        self._trouble.clear()
        with self._place:
            if clip is None:
                hint("No clip matches. Change the search.")
                return
            heading(2, clip.short, "mono clip-name")
            self._draw_sound(clip)
            for one in found:
                with notice("warning", "", on_page(one.message)):
                    if one.hint:
                        hint(on_page(one.hint))
            typing = Field(
                "clip-text", "What is said", value=clip.line.text, on_commit=partial(self._typed, clip),
                wait=1500, draft_of=clip.file,
            ).classes("clip-words")  # fmt: skip
            self._actions(clip)
            if types:
                typing.run_method("focusUnlessTyping")

    def _draw_sound(self, clip: ListedClip) -> None:
        if clip.path is None or clip.line.seconds is None:
            with notice("bad", "The audio of this clip is missing or cannot be read."):
                pass
            return
        where = f"{quote(self._name)}/{quote(clip.path)}?v={clip.version}"
        self._sound = ClipSound(
            f"/clips/{where}", f"/peaks/{where}", clip.file, clip.line.seconds
        ).mark("clip-sound")

    def _actions(self, clip: ListedClip) -> None:
        with box("div", "row"):
            if self._sound is not None:
                keyed(button("Trim", self._trim).mark("trim"), "t")
                keyed(button("Split…", self._ask_split).mark("split"), "s")
            keyed(button("Join with next", self._join).mark("join"), "m")
            keyed(
                Button("Leave out", self._leave_out, kind="quiet", symbol="trash").mark("leave-out"),
                "delete",
            )  # fmt: skip
            # For the keyboard alone: a mouse clicks the next clip and its text.
            onward = button("Next clip, to its text", lambda: self._step(1, True))
            keyed(onward.style("display: none"), "enter")

    async def _typed(self, clip: ListedClip, text: object) -> bool:
        """Whether it was taken; of the clip that it was typed for, whichever is shown by now."""
        work = datasets.edit(
            self._shell.site.config, self._name, clip.file, text=str(text or ""),
            now=self._shell.site.unix_seconds,
        )  # fmt: skip
        line = await self._attempt(work)
        if line is None:
            return False
        if self._clip is not None and self._clip.file == clip.file:
            self._clip = replace(self._clip, line=replace(self._clip.line, text=line.text))
        await self._retyped(clip, line.text)
        return True

    async def _trim(self) -> None:
        clip, sound = self._clip, self._sound
        if clip is None or sound is None:
            return
        if sound.start <= 0 and sound.end >= (clip.line.seconds or 0) - 0.001:
            self._shell.announce("Move the handles first; nothing would be cut off.")
            with self._trouble:
                hint("Move the handles first; nothing would be cut off.")
            return
        work = clips.trim(
            self._shell.site.config, self._name, clip.file, sound.start, sound.end,
            now=self._shell.site.unix_seconds,
        )  # fmt: skip
        line = await self._attempt(work)
        if line is not None:
            await self._changed(line.file)

    async def _join(self) -> None:
        if self._clip is None:
            return
        work = clips.join_with_next(
            self._shell.site.config, self._name, self._clip.file,
            now=self._shell.site.unix_seconds,
        )  # fmt: skip
        line = await self._attempt(work)
        if line is not None:
            await self._changed(line.file)

    async def _leave_out(self) -> None:
        if self._clip is None:
            return
        work = datasets.drop(
            self._shell.site.config, self._name, [self._clip.file],
            now=self._shell.site.unix_seconds,
        )  # fmt: skip
        if await self._attempt(work) is not None:
            await self._changed(None)

    # Split: its text is divided by a guess, which is shown and can be corrected

    def _splitting(self) -> None:
        self._dialog = Dialog("Split this clip")
        with self._dialog.body:
            self._where = hint("")
            self._first = Field("split-first", "Transcript of the first part", kind="area", rows=2)
            self._second = Field(
                "split-second", "Transcript of the second part", kind="area", rows=2
            )
        with self._dialog.actions:
            button("Cancel", self._dialog.hide)
            button("Split", self._split, kind="primary").mark("really-split")

    def _ask_split(self) -> None:
        clip, sound = self._clip, self._sound
        if clip is None or sound is None or not clip.line.seconds:
            return
        first, second = divided(clip.line.text, sound.cut / clip.line.seconds)
        self._where.text = f"Split at {sound.cut:.2f} of {clip.line.seconds:.2f} seconds."
        self._first.show(value=first)
        self._second.show(value=second)
        self._dialog.show()

    async def _split(self) -> None:
        clip, sound = self._clip, self._sound
        self._dialog.hide()
        if clip is None or sound is None:
            return
        work = clips.split(
            self._shell.site.config, self._name, clip.file, sound.cut,
            (str(self._first.value or ""), str(self._second.value or "")),
            now=self._shell.site.unix_seconds,
        )  # fmt: skip
        parts = await self._attempt(work)
        if parts is not None:
            await self._changed(parts[0].file)

    async def _attempt(self, work: Awaitable[Any]) -> Any:
        self._trouble.clear()
        try:
            return await work
        except LauncherError as error:
            with self._trouble:
                show_error(error)
            self._shell.announce(on_page(error.message))
            return None
