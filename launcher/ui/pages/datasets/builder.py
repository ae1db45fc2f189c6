"""The dataset builder: sound in, text beside it, a check, the rights, and off to a repo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from nicegui import background_tasks, ui

from launcher.domain.advice import GOOD_MINUTES, LEAST_MINUTES
from launcher.errors import InvalidRequest
from launcher.services import datasets
from launcher.ui.frame import Shell
from launcher.ui.pages.datasets.check import CheckStep
from launcher.ui.pages.datasets.hearing import HearingStep
from launcher.ui.pages.datasets.sending import SendStep
from launcher.ui.pages.datasets.sound import SoundStep
from launcher.ui.pages.datasets.transcripts import Transcripts
from launcher.ui.pages.datasets.undoing import Undoing
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import box, button, button_link, card, facts, hint, para
from launcher.workshop.library import Shown, Summary
from launcher.workshop.names import checked_name
from pod_image.contract.figures import counted, recorded, size


async def draw_builder(shell: Shell, name: str) -> None:
    checked_name(name)
    shell.title(name)
    await _Builder(shell, name).draw()


class _Builder:
    """The steps in working order. What comes after the first is drawn with the first clip, and told of the others:
    what was typed, chosen and found there stays.
    """

    def __init__(self, shell: Shell, name: str) -> None:
        self._shell, self._name = shell, name
        self._config = shell.site.config
        self._steps: _Steps | None = None

    async def draw(self) -> None:
        self._sound = SoundStep(self._shell, self._name, self._follow)
        self._place = box("div", "stack")
        await self._follow()

    async def _follow(self) -> None:
        """After clips came or went."""
        try:
            shown = await datasets.show(self._config, self._name)
        except InvalidRequest:
            self._place.clear()  # nothing here yet: the first step is all there is to do
            self._steps = None
            return
        if self._steps is None:
            with self._place:
                self._steps = _Steps(self._shell, shown, self._sound, self._follow)
        await self._steps.show(shown)


class _Steps:
    """What can be done with clips; `changed` is awaited after some came or went."""

    def __init__(
        self,
        shell: Shell,
        shown: Shown,
        sound: SoundStep,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._shell, self._name, self._changed = shell, shown.summary.name, changed
        self._config = shell.site.config
        self._found = shown.summary
        self._summary = box("div")
        with card("2 · Transcripts"):
            with box("div", "row"):
                button_link("Edit clips", f"/datasets/{self._name}/clips").mark("clip-tools")
            self._hearing = HearingStep(shell, self._name, changed)
            self._undoing = Undoing(shell, self._name, changed)
            self._table = Transcripts(
                shell, self._name, list(shown.clips), changed, self._text_edited
            )
        self._check = CheckStep(
            shell,
            self._name,
            shown.clips,
            sound,
            show=self._table.show_only,
            dropped=self._checked_anew,
        )
        self._send = SendStep(shell, shown.summary)
        self._delete_card()

    async def show(self, shown: Shown) -> None:
        self._count(shown.summary)
        self._table.show(list(shown.clips))
        self._check.show(shown.clips)
        await self._undoing.refresh()
        background_tasks.create(self._hearing.draw(), name=f"hearing of {self._name}")

    async def _text_edited(self) -> None:
        """A text was typed in the table, which goes on as it is."""
        untyped = sum(not one.text for one in self._table.clips)
        self._count(replace(self._found, untyped=untyped))
        self._check.show(self._table.clips)
        await self._undoing.refresh()

    def _count(self, found: Summary) -> None:
        self._found = found
        self._summary.clear()
        with self._summary:
            _summary(found)
        self._hearing.show(found.untyped)
        self._send.show(found)
        self._doomed.text = (
            f"{counted(found.clips, 'clip')} ({recorded(found.minutes)}) are deleted permanently. What you "
            "sent to Hugging Face stays there, and your original recordings stay where they are."
        )

    async def _checked_anew(self) -> None:
        await self._changed()
        await self._check.check()

    def _delete_card(self) -> None:
        dialog = Dialog(f"Delete {self._name} from this computer?")
        with dialog.body:
            self._doomed = para("")
        with dialog.actions:
            button("Keep it", dialog.hide)
            button("Delete it", self._delete, kind="danger")
        with box("div", "row"):
            button("Delete this dataset", dialog.show, kind="quiet", symbol="trash")

    async def _delete(self) -> None:
        await datasets.delete(self._config, self._name, confirmed=True)
        self._shell.site.reports.pop(self._name, None)
        ui.navigate.to("/datasets")


def _summary(found: Summary) -> None:
    with card():
        facts(
            [
                ("Clips", f"{found.clips:,}"),
                ("Minutes", f"{found.minutes:.1f}"),
                ("Without transcript", f"{found.untyped:,}"),
                ("Size", size(found.size_bytes)),
            ]
        )
        share = min(100.0, 100 * found.minutes / GOOD_MINUTES)
        box(
            "progress",
            aria_label=f"Minutes of {GOOD_MINUTES:.0f}",
            max="100",
            value=f"{share:.0f}",
        )
        if found.minutes < LEAST_MINUTES:
            hint(
                f"Aim for at least {LEAST_MINUTES:.0f} minutes; {GOOD_MINUTES:.0f} minutes sound clearly better."
            )
        else:
            hint(f"{GOOD_MINUTES:.0f} minutes is good; more helps a little.")
