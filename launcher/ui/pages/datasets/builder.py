"""The dataset builder: sound in, text beside it, a check, the rights, and off to a repo."""

from __future__ import annotations

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
from launcher.workshop.library import Summary
from launcher.workshop.names import checked_name
from pod_image.contract.figures import counted, recorded, size


async def draw_builder(shell: Shell, name: str) -> None:
    checked_name(name)
    shell.title(name)
    await _Builder(shell, name).draw()


class _Builder:
    """The steps in working order. What comes after the first draws itself anew when clips come or go."""

    def __init__(self, shell: Shell, name: str) -> None:
        self._shell, self._name = shell, name
        self._config = shell.site.config

    async def draw(self) -> None:
        self._sound = SoundStep(self._shell, self._name, self._redraw)
        self._state = box("div", "stack")
        await self._redraw()

    async def _redraw(self) -> None:
        await self._draw_state()

    async def _checked_anew(self) -> None:
        check = await self._draw_state()
        if check is not None:
            await check.check()

    async def _draw_state(self) -> CheckStep | None:
        """The steps that need clips; None while there are none."""
        self._state.clear()
        try:
            shown = await datasets.show(self._config, self._name)
        except InvalidRequest:
            return None  # nothing here yet: the first step is all there is to do
        with self._state:
            _summary(shown.summary)
            with card("2 · Transcripts"):
                with box("div", "row"):
                    button_link("Edit clips", f"/datasets/{self._name}/clips").mark("clip-tools")
                hearing = HearingStep(self._shell, self._name, shown.summary.untyped, self._redraw)
                undoing = Undoing(self._shell, self._name, self._redraw)
                table = Transcripts(
                    self._shell, self._name, list(shown.clips), self._redraw, undoing.refresh
                )
            check = CheckStep(
                self._shell,
                self._name,
                shown.clips,
                self._sound,
                show=table.show_only,
                dropped=self._checked_anew,
            )
            SendStep(self._shell, shown.summary)
            self._delete_card(shown.summary)
        await undoing.refresh()
        background_tasks.create(hearing.draw(), name=f"hearing of {self._name}")
        return check

    def _delete_card(self, found: Summary) -> None:
        dialog = Dialog(f"Delete {self._name} from this computer?")
        with dialog.body:
            para(
                f"{counted(found.clips, 'clip')} ({recorded(found.minutes)}) are deleted "
                f"permanently. What you sent to Hugging Face stays there, and your original "
                f"recordings stay where they are."
            )
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
