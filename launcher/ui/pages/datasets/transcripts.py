"""Clips with their texts: listen, read along, correct. Fifty at a time, whatever the number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from nicegui import ui

from launcher.errors import LauncherError
from launcher.services import datasets
from launcher.ui.frame import Shell
from launcher.ui.widgets.elements import Button, Text, badge, box, button, hint
from launcher.ui.widgets.inputs import Field, Player, options
from launcher.workshop.editing.listing import LONG_SECONDS, NAMED, SHORT_SECONDS, is_shown
from launcher.workshop.library import ClipLine
from pod_image.contract.figures import counted

ROWS = 50
FILTERS = {
    "": "All clips",
    "untyped": "Without transcript",
    "short": f"Shorter than {SHORT_SECONDS:g} s",
    "long": f"Longer than {LONG_SECONDS:g} s",
    "missing": "Audio missing",
}
_KEYS = """(event) => {
  const row = event.target.closest('.clip-row');
  if (event.key !== 'Enter' || event.target.tagName !== 'INPUT' || !row) return;
  event.preventDefault();
  if (event.shiftKey) row.querySelector('.player button')?.click();
  else row.nextElementSibling?.querySelector('.clip-text input')?.focus();
}"""


class Transcripts:
    """`changed` is awaited after a clip was left out, `edited` after a text was changed.

    A row stays while its clip does: a person may be typing in it, or listening.
    """

    def __init__(
        self,
        shell: Shell,
        name: str,
        clips: list[ClipLine],
        changed: Callable[[], Awaitable[None]],
        edited: Callable[[], Awaitable[None]],
    ) -> None:
        self._shell, self._name, self._clips = shell, name, clips
        self._changed, self._edited = changed, edited
        self._named: Collection[str] = ()
        self._kind = "untyped" if any(not one.text for one in clips) else ""
        self._search, self._page = "", 0
        self._rows: dict[str, _Row] = {}
        with box("div", "fields"):
            self._pick = Field(
                "clip-kind", "Show", kind="select", value=self._kind, options=options(FILTERS),
                on_commit=self._set_kind,
            )  # fmt: skip
            Field(
                "clip-search", "Search", on_commit=self._set_search, placeholder="word or file name"
            )
        self._count = hint("")
        hint("Enter goes to the next clip; Shift+Enter plays this one.")
        self._place = box("div", "clip-rows").mark("transcripts")
        self._place.on("keydown", js_handler=_KEYS)
        with box("div", "row"):
            self._before = Button("Previous page", lambda: self._turn(-1), kind="quiet")
            self._after = Button("Next page", lambda: self._turn(1), kind="quiet")
        self._draw()

    @property
    def clips(self) -> Sequence[ClipLine]:
        """With their texts as they are typed by now."""
        return self._clips

    def show(self, clips: list[ClipLine]) -> None:
        """Show these clips from now on; what is searched for, the page and what is typed stay."""
        self._clips = clips
        if self._kind == "untyped" and all(one.text for one in clips):
            self._kind = ""
            self._pick.show(value="")
        self._draw()

    def show_only(self, why: str, files: Sequence[str]) -> None:
        """Show these clips alone, under that name among the filters, and bring them into view."""
        self._named = frozenset(files)
        self._kind, self._page = NAMED, 0
        self._pick.show(options=options({**FILTERS, NAMED: why}), value=NAMED)
        self._draw()
        self._shell.announce(f"{counted(len(files), 'clip')} shown.")
        self._pick.run_method("reveal")

    def _set_kind(self, kind: object) -> None:
        self._kind, self._page = str(kind or ""), 0
        self._draw()

    def _set_search(self, text: object) -> None:
        self._search, self._page = str(text or ""), 0
        self._draw()

    def _turn(self, by: int) -> None:
        self._page += by
        self._draw()

    def _draw(self) -> None:
        found = [one for one in self._clips if is_shown(one, self._kind, self._search, self._named)]
        pages = max(1, -(-len(found) // ROWS))
        self._page = min(max(0, self._page), pages - 1)
        rows = found[self._page * ROWS : (self._page + 1) * ROWS]
        self._count.text = (
            f"{counted(len(found), 'clip')}, page {self._page + 1} of {pages}"
            if found
            else "No clip matches. Change the filter or the search."
        )
        self._before.lock(None if self._page else "This is the first page.")
        self._after.lock(None if self._page < pages - 1 else "This is the last page.")
        self._draw_rows(rows)

    def _draw_rows(self, clips: Sequence[ClipLine]) -> None:
        known = {one.file: one for one in clips}
        for file, row in list(self._rows.items()):
            if file not in known or not row.is_of(known[file]):
                self._rows.pop(file).element.delete()
        staying = [one.file for one in clips if one.file in self._rows]
        if staying != [*self._rows]:
            self._place.clear()
            self._rows = {}
        rows = {}
        for at, clip in enumerate(clips):
            row = self._rows.get(clip.file) or self._row_at(at, clip)
            row.text.show(value=clip.text)
            rows[clip.file] = row
        self._rows = rows

    def _row_at(self, at: int, clip: ClipLine) -> _Row:
        with self._place:
            row = self._row(clip)
        row.element.move(target_index=at)
        return row

    def _row(self, clip: ClipLine) -> _Row:
        short = clip.file.rsplit("/", 1)[-1]
        with box("div", "clip-row") as element:
            with box("div", "clip-head"):
                if clip.seconds is not None:
                    Player(
                        f"/clips/{quote(self._name)}/{quote(clip.file)}",
                        short,
                        name=clip.file,
                        seconds=clip.seconds,
                    )
                else:
                    badge("audio missing", "bad")
                Text("span", short, "mono small soft")
                for words in remarks(clip):
                    badge(words, "warning")
            text = Field(
                f"clip-{short}",
                f"Transcript of {short}",
                value=clip.text,
                on_commit=self._editor(clip),
            ).classes("clip-text")
            button("Leave out", self._dropper(clip), kind="quiet", name=f"Leave out {short}")
        return _Row(clip, element, text)

    def _editor(self, clip: ClipLine) -> Callable[[object], Awaitable[None]]:
        def edit(text: object) -> Awaitable[None]:
            # At once: the list may be drawn anew, for another page or filter, before it is saved.
            before = self._set_text(clip, str(text or ""))
            return self._save(clip, str(text or ""), before)

        return edit

    async def _save(self, clip: ClipLine, text: str, before: str) -> None:
        try:
            line = await datasets.edit(
                self._shell.site.config,
                self._name,
                clip.file,
                text=text,
                now=self._shell.site.unix_seconds,
            )
        except LauncherError:
            self._set_text(clip, before)
            raise
        self._set_text(clip, line.text)
        self._shell.announce("Saved.")
        await self._edited()

    def _set_text(self, clip: ClipLine, text: str) -> str:
        """The text that it had before."""
        before = next((one.text for one in self._clips if one.file == clip.file), clip.text)
        self._clips = [
            replace(one, text=text) if one.file == clip.file else one for one in self._clips
        ]
        return before

    def _dropper(self, clip: ClipLine) -> Callable[[], Awaitable[None]]:
        async def drop() -> None:
            await datasets.drop(
                self._shell.site.config, self._name, [clip.file], now=self._shell.site.unix_seconds
            )
            await self._changed()

        return drop


@dataclass(frozen=True)
class _Row:
    """A clip as it is drawn."""

    clip: ClipLine
    element: ui.element
    text: Field

    def is_of(self, clip: ClipLine) -> bool:
        """Whether it shows this clip, whatever its text and its line are by now."""
        return (self.clip.file, self.clip.seconds) == (clip.file, clip.seconds)


def remarks(clip: ClipLine) -> list[str]:
    """What to say of a clip at its row, by its length alone."""
    if clip.seconds is None:
        return []
    if clip.seconds < SHORT_SECONDS:
        return ["very short"]
    return ["very long"] if clip.seconds > LONG_SECONDS else []
