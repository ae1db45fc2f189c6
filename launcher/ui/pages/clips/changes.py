"""Texts of many clips changed at once, replaced or pasted: what would change is shown before it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from launcher.services import clips
from launcher.ui.frame import Shell
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, Text, box, button, hint, para, table
from launcher.ui.widgets.inputs import Field
from launcher.workshop.editing.listing import ListedClip
from launcher.workshop.editing.texts import TextPlan, is_by_name, pasted, replaced
from launcher.workshop.table import Line
from pod_image.contract.figures import counted

SHOWN = 20
Lines = Callable[[], Sequence[ListedClip]]
Changed = Callable[[], Awaitable[None]]


class _ManyTexts:
    """A dialog with fields, a preview that follows them, and one button that does it."""

    title = ""
    act = ""
    marker = ""

    def __init__(self, shell: Shell, name: str, clips_now: Lines, changed: Changed) -> None:
        self._shell, self._name, self._clips, self._changed = shell, name, clips_now, changed
        self._plan = TextPlan(())
        self._dialog = Dialog(self.title, wide=True)
        with self._dialog.body:
            self._fields()
            self._preview = box("div", "stack-small", role="status").mark(f"preview-{self.marker}")
        with self._dialog.actions:
            button("Cancel", self._dialog.hide)
            self._go = Button(self.act, self._do, kind="primary").mark(f"apply-{self.marker}")
        self._look()

    def show(self) -> None:
        self._look()
        self._dialog.show()

    def _fields(self) -> None:
        raise NotImplementedError

    @property
    def _typed_fields(self) -> Sequence[Field]:
        """Those whose text is used once the change is made."""
        raise NotImplementedError

    def _planned(self, lines: Sequence[Line]) -> TextPlan:
        raise NotImplementedError

    def _summary(self, plan: TextPlan) -> str:
        raise NotImplementedError

    def _look(self, value: object = None) -> None:
        lines = [Line(one.file, one.line.text, one.line.speaker) for one in self._clips()]
        self._plan = self._planned(lines)
        self._go.lock(None if self._plan.changes else "Nothing to change.")
        self._preview.clear()
        with self._preview:
            para(self._summary(self._plan))
            for one in self._plan.problems:
                hint(one)
            if self._plan.changes:
                self._table()

    def _table(self) -> None:
        with table("Changes", ("Clip", "Now", "New")):
            for one in self._plan.changes[:SHOWN]:
                with box("tr"):
                    Text("td", one.file.rsplit("/", 1)[-1], "mono small")
                    Text("td", one.before or "no transcript yet", "wrap soft")
                    Text("td", one.after or "no transcript", "wrap")
        if len(self._plan.changes) > SHOWN:
            hint(f"And {len(self._plan.changes) - SHOWN:,} more.")

    async def _do(self) -> None:
        self._look()
        texts = {one.file: (one.before, one.after) for one in self._plan.changes}
        work = clips.set_texts(
            self._shell.site.config, self._name, texts, self._what(len(texts)),
            now=self._shell.site.unix_seconds,
        )  # fmt: skip
        done = await self._shell.attempt(work, self._preview)
        if done is not None:
            self._dialog.hide()
            for typed in self._typed_fields:
                typed.used()
            self._shell.announce(f"{counted(done, 'text')} changed.")
            await self._changed()

    def _what(self, count: int) -> str:
        return f"{counted(count, 'transcript')} changed"


class Replacing(_ManyTexts):
    title, act, marker = "Find and replace in transcripts", "Replace", "replace"

    def _fields(self) -> None:
        with box("div", "fields"):
            self._sought = Field("replace-words", "Search for", on_commit=self._look, is_draft=True)
            self._by = Field("replace-by", "Replace by", on_commit=self._look, is_draft=True)
            self._whole = Field(
                "replace-whole", "Whole words only", kind="switch", value=True, on_commit=self._look
            )
            self._any_case = Field(
                "replace-case", "Ignore case", kind="switch", value=False,
                on_commit=self._look,
            )  # fmt: skip

    @property
    def _typed_fields(self) -> Sequence[Field]:
        return self._sought, self._by

    def _planned(self, lines: Sequence[Line]) -> TextPlan:
        return replaced(
            lines,
            str(self._sought.value),
            str(self._by.value),
            whole_words=bool(self._whole.value),
            any_case=bool(self._any_case.value),
        )

    def _summary(self, plan: TextPlan) -> str:
        if not str(self._sought.value).strip():
            return "Enter what to find."
        if not plan.hits:
            return "No transcript contains it."
        times = "once" if plan.hits == 1 else f"{plan.hits:,} times"
        return f"Found {times}; {counted(len(plan.changes), 'transcript')} would change."

    def _what(self, count: int) -> str:
        return f"“{self._sought.value}” replaced in {counted(count, 'transcript')}"


class Pasting(_ManyTexts):
    title, act, marker = "Paste transcripts", "Use these transcripts", "paste"

    def _fields(self) -> None:
        hint(
            "One line per clip, in the order of the clips, or name|transcript in any order. You can also paste "
            "two columns of a spreadsheet."
        )
        self._typed = Field(
            "paste-lines", "Texts", kind="area", rows=8, on_commit=self._look, is_draft=True
        )
        self._keeps = Field(
            "paste-keeps", "Keep existing transcripts", kind="switch", value=True,
            on_commit=self._look,
        )  # fmt: skip

    @property
    def _typed_fields(self) -> Sequence[Field]:
        return (self._typed,)

    def _planned(self, lines: Sequence[Line]) -> TextPlan:
        self._is_by_name = is_by_name(lines, str(self._typed.value))
        return pasted(lines, str(self._typed.value), keeps_texts=bool(self._keeps.value))

    def _summary(self, plan: TextPlan) -> str:
        if not str(self._typed.value).strip():
            return "Paste the transcripts above. You see every change before it is made."
        how = "By name" if self._is_by_name else "In order"
        same = f"; {counted(plan.same, 'transcript')} unchanged" if plan.same else ""
        return f"{how}: {counted(len(plan.changes), 'transcript')} would change{same}."

    def _what(self, count: int) -> str:
        return f"{counted(count, 'transcript')} pasted"
