"""Step 3 of a dataset: what a training would stumble over, which clips it is about, and what mends it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from launcher.services import datasets
from launcher.ui.frame import Shell
from launcher.ui.next_steps import on_page
from launcher.ui.pages.datasets.sound import SoundStep
from launcher.ui.pages.datasets.whole_report import WholeReport
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import (
    Handler,
    Text,
    Tone,
    badge,
    box,
    button,
    card,
    hint,
    notice,
    para,
    say,
    waiting,
)
from launcher.workshop.check import CheckSettings
from launcher.workshop.editing.listing import problems_by_file
from launcher.workshop.library import ClipLine
from launcher.workshop.names import dataset_folder
from launcher.workshop.remedies import FindingGroup, finding_groups
from launcher.workshop.report import DatasetReport
from pod_image.contract.figures import counted, recorded
from pod_image.contract.findings import Severity

SHOWN = 3
_TEXT: dict[Severity, tuple[Tone, str]] = {
    Severity.ERROR: ("bad", "Errors"),
    Severity.WARNING: ("warning", "Warnings"),
    Severity.NOTE: ("note", "Notes"),
}
Show = Callable[[str, Sequence[str]], None]


class CheckStep:
    """`show(why, files)` shows the clips in the table above; `dropped` is awaited after clips were left out."""

    def __init__(
        self,
        shell: Shell,
        name: str,
        clips: Sequence[ClipLine],
        sound: SoundStep,
        *,
        show: Show,
        dropped: Callable[[], Awaitable[None]],
    ) -> None:
        self._shell, self._name, self._clips, self._sound = shell, name, clips, sound
        self._show, self._dropped = show, dropped
        with card("3 · Check"):
            hint("Finds everything that could spoil the training, and says how to fix it.")
            self._outdated = hint("The clips have changed since this check.")
            self._outdated.mark("check-outdated").set_visibility(False)
            self._place = box("div", "stack-small").mark("findings")
            button("Check", self.check, symbol="check").mark("check-dataset")
        self._checked: Sequence[ClipLine] | None = None
        self._doomed: FindingGroup | None = None
        self._report = WholeReport(name)
        self._dialog()

    def show(self, clips: Sequence[ClipLine]) -> None:
        """These are the clips from now on. What was found stays, and is said to be of before."""
        self._clips = clips
        is_outdated = self._checked is not None and list(clips) != list(self._checked)
        self._outdated.set_visibility(is_outdated)

    async def check(self) -> None:
        checked = self._clips
        self._place.clear()
        with self._place:
            waiting("Listening to the clips…", rows=2)
        settings = CheckSettings(
            language=self._sound.language, sample_rate_hz=self._sound.sample_rate_hz, deep=True
        )
        folder = dataset_folder(self._shell.site.config.datasets_folder, self._name)
        report: DatasetReport | None = await self._shell.attempt(
            datasets.check_folder(folder, settings), self._place
        )
        if report is None:
            return
        self._shell.site.reports[self._name] = report
        self._shell.site.clip_problems[self._name] = problems_by_file(report, checked)
        self._checked = checked
        self.show(self._clips)
        self._place.clear()
        with self._place:
            self._findings(report)
            with box("div", "row"):
                button("The whole report, with charts", self._report.show).mark("whole-report")
        errors, found = len(report.errors), len(report.findings)
        self._shell.announce(f"{counted(errors, 'error')}, {counted(found, 'finding')}.")

    def _findings(self, report: DatasetReport) -> None:
        if not report.findings:
            clips = counted(report.clips, "clip")
            say("good", "No errors", f"{clips}, {recorded(report.minutes)}.")
            return
        groups = finding_groups(report, self._clips)
        for severity, (tone, title) in _TEXT.items():
            members = [one for one in groups if one.severity is severity]
            if members:
                with notice(tone, title):
                    for one in members:
                        self._group(one)

    def _group(self, group: FindingGroup) -> None:
        with box("div", "finding").mark(f"finding-{group.code}"):
            for one in group.findings[:SHOWN]:
                with box("div", "finding-line"):
                    if one.place:
                        badge(one.place)
                    Text("span", on_page(one.message))
            if group.times > SHOWN:
                hint(f"And {group.times - SHOWN:,} more like this.")
            if group.hint:
                hint(on_page(group.hint))
            if group.files:
                self._ways(group)

    def _ways(self, group: FindingGroup) -> None:
        clips = counted(len(group.files), "clip")
        with box("div", "row"):
            button(f"Show {clips}", self._shower(group), kind="quiet")
            if group.is_mended_without:
                them = "it" if len(group.files) == 1 else f"these {clips}"
                button(f"Leave {them} out", self._asker(group), kind="quiet", symbol="trash").mark(
                    f"leave-out-{group.code}"
                )

    def _shower(self, group: FindingGroup) -> Handler:
        return lambda: self._show(f"Found by the check ({group.code})", group.files)

    def _asker(self, group: FindingGroup) -> Handler:
        def ask() -> None:
            self._doomed = group
            count = len(group.files)
            lines = "and its line" if count == 1 else "and their lines"
            self._text.text = (
                f"{counted(count, 'clip')} {lines} in the table are removed from this dataset. “Undo” restores "
                "them. Your original recordings are not touched."
            )
            self._ask.show()

        return ask

    def _dialog(self) -> None:
        self._ask = Dialog("Leave these clips out?")
        with self._ask.body:
            self._text = para("")
        with self._ask.actions:
            button("Keep them", self._ask.hide)
            button("Leave them out", self._leave_out, kind="danger").mark("really-leave-out")

    async def _leave_out(self) -> None:
        group = self._doomed
        self._ask.hide()
        if group is None:
            return
        shell = self._shell
        dropped: int | None = await shell.attempt(
            datasets.drop(shell.site.config, self._name, group.files, now=shell.site.unix_seconds),
            self._place,
        )
        if dropped is not None:
            shell.announce(f"{counted(dropped, 'clip')} left out.")
            await self._dropped()
