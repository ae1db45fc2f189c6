"""The data set builder: sound in, text beside it, a check, the rights, and off to a repo."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse
from nicegui import ui

from launcher.errors import InvalidRequest, LauncherError
from launcher.services import datasets
from launcher.ui.frame import Shell, show_error
from launcher.ui.parts.dialog import Dialog
from launcher.ui.parts.elements import (
    Button,
    Handler,
    Text,
    badge,
    box,
    button,
    button_link,
    card,
    details,
    facts,
    hint,
    notice,
    para,
    say,
    waiting,
)
from launcher.ui.parts.inputs import DropZone, Field, options
from launcher.ui.site import Site
from launcher.ui.transcripts import Transcripts
from launcher.ui.uploads import incoming
from launcher.ui.words import counted, size
from launcher.workshop import library
from launcher.workshop.check import CheckSettings
from launcher.workshop.make import Made, MakeProgress, MakeRequest
from launcher.workshop.names import checked_name, dataset_folder
from launcher.workshop.page import report_page
from launcher.workshop.push import Pushed, PushRequest
from launcher.workshop.report import DatasetReport
from pod_image.dataset import Severity

GOOD_MINUTES = 30.0
LEAST_MINUTES = 5.0
LICENCES = {
    "other": "my own words, or nobody else's business",
    "cc0-1.0": "free for everybody (CC0)",
    "cc-by-4.0": "free with credit (CC BY 4.0)",
    "cc-by-nc-4.0": "free with credit, not for money (CC BY-NC 4.0)",
}
_CLIP_KINDS = {".wav": "audio/wav", ".flac": "audio/flac"}


def register_clips(site: Site, outer: FastAPI) -> None:
    async def clip(name: str, path: str) -> FileResponse:
        try:
            folder = dataset_folder(site.config.datasets_folder, name).resolve()
        except InvalidRequest as error:
            raise HTTPException(404, error.message) from error
        file = (folder / path).resolve()
        if not file.is_relative_to(folder) or file.suffix not in _CLIP_KINDS or not file.is_file():
            raise HTTPException(404, "There is no such clip.")
        return FileResponse(file, media_type=_CLIP_KINDS[file.suffix])

    outer.get("/clips/{name}/{path:path}", response_class=FileResponse)(clip)

    async def report(name: str) -> HTMLResponse:
        found = site.reports.get(name)
        if found is None:
            raise HTTPException(404, "This data set was not checked since the form was started.")
        return HTMLResponse(report_page(found))

    outer.get("/reports/{name}", response_class=HTMLResponse)(report)


async def draw_builder(shell: Shell, name: str) -> None:
    checked_name(name)
    shell.title(name)
    await _Builder(shell, name).draw()


class _Builder:
    """The steps in working order. A step draws itself anew when something before it changed."""

    def __init__(self, shell: Shell, name: str) -> None:
        self._shell, self._name = shell, name
        self._config = shell.site.config
        self._folder = dataset_folder(self._config.datasets_folder, name)
        self._incoming = incoming(shell.site, name)

    async def draw(self) -> None:
        self._sound()
        self._state = box("div", "stack")
        await self._redraw()

    # 1 sound

    def _sound(self) -> None:
        with card("1 · Add sound"):
            self._drop = DropZone(
                f"/uploads/{self._name}",
                "Drop recordings here",
                "Sound or video files, folders, zip files; transcripts (.txt, .srt, .csv) beside them.",
                on_sent=self._sent,
            )
            with details("Take them from a folder of this computer"):
                hint("Nothing is copied over the network; the originals are only read.")
                with box("div", "row align-end"):
                    self._local = Field(
                        "local-folder",
                        "Folder",
                        value=self._shell.site.preferences.recordings_folder,
                        placeholder="/home/me/recordings",
                    )
                    button("Take these", self._take_folder, symbol="folder")
            with details("Sound quality and language"), box("div", "fields"):
                self._rate = Field(
                    "rate",
                    "Sample rate",
                    kind="select",
                    value="22050",
                    options=options(
                        {"22050": "22,050 Hz: medium and high", "16000": "16,000 Hz: low"}
                    ),
                )
                self._language = Field("builder-language", "Language", value="en_US")
            self._making = box("div", "stack-small").mark("making")
        self._show_waiting()

    def _show_waiting(self) -> None:
        """Uploads of an earlier visit that no clips were made of yet."""
        files = self._incoming.files
        self._making.clear()
        if files:
            with (
                self._making,
                notice(
                    "note",
                    f"{counted(len(files), 'file')} ({size(self._incoming.size_bytes)}) wait to be made into clips",
                ),
                box("div", "row"),
            ):
                button("Make clips", self._make_uploaded, kind="primary").mark("make-clips")
                button("Throw them away", self._discard, kind="quiet")

    async def _sent(self) -> None:
        self._show_waiting()
        await self._make_uploaded()

    def _discard(self) -> None:
        self._incoming.clear()
        self._show_waiting()

    async def _make_uploaded(self) -> None:
        files = self._incoming.files
        table = next(
            (one for one in files if one.name.lower() in ("metadata.csv", "metadata.jsonl")), None
        )
        made = await self._make((self._incoming.folder,), table)
        if made is not None:
            self._incoming.clear()

    async def _take_folder(self) -> None:
        folder, is_there, has_table = await asyncio.to_thread(_look_at, str(self._local.value))
        if not is_there:
            self._making.clear()
            with self._making:
                say("bad", f"There is no folder {folder}.", "Write its whole path.", alert=True)
            return
        self._shell.site.prefer(recordings_folder=str(folder))
        await self._make((folder,), folder / "metadata.csv" if has_table else None)

    async def _make(self, recordings: tuple[Path, ...], table: Path | None) -> Made | None:
        progress: list[MakeProgress] = []
        self._making.clear()
        with self._making:
            words = Text("p", "Looking at the recordings…", "hint")
            words.props["role"] = "status"
            bar = box("progress", aria_label="Making clips", max="100", value="0")
            timer = ui.timer(0.5, lambda: _show_progress(progress, words, bar))
        request = MakeRequest(
            out=self._folder,
            recordings=recordings,
            table=table,
            language=str(self._language.value),
            sample_rate_hz=int(str(self._rate.value)),
        )
        try:
            made = await datasets.make(request, on_progress=progress.append, now=self._now)
        except LauncherError as error:
            self._making.clear()
            with self._making:
                show_error(error)
            return None
        finally:
            timer.cancel()
        self._making.clear()
        with self._making:
            _show_made(made)
        self._shell.announce(f"{made.added_clips} clips were added.")
        await self._redraw()
        return made

    def _now(self) -> float:
        return self._shell.site.clock.now().timestamp()

    # 2 to 5

    async def _redraw(self) -> None:
        self._state.clear()
        try:
            shown = await datasets.show(self._config, self._name)
        except InvalidRequest:
            return  # nothing here yet: the first step is all there is to do
        with self._state:
            self._summary(shown.summary)
            with card("2 · What is said"):
                Transcripts(self._shell, self._name, list(shown.clips), self._redraw)
            with card("3 · Check"):
                hint("Everything a training would stumble over, each with its remedy.")
                place = box("div", "stack-small").mark("findings")
                button("Check it", self._checker(place), symbol="check").mark("check-dataset")
            self._push_card(shown.summary)
            self._delete_card(shown.summary)

    def _summary(self, found: library.Summary) -> None:
        minutes = found.minutes
        with card():
            facts(
                [
                    ("Clips", f"{found.clips:,}"),
                    ("Minutes", f"{minutes:.1f}"),
                    ("Without text", f"{found.untyped:,}"),
                    ("Size", size(found.size_bytes)),
                ]
            )
            share = min(100.0, 100 * minutes / GOOD_MINUTES)
            box(
                "progress",
                aria_label=f"Minutes of {GOOD_MINUTES:.0f}",
                max="100",
                value=f"{share:.0f}",
            )
            if minutes < LEAST_MINUTES:
                hint(
                    f"Try for at least {LEAST_MINUTES:.0f} minutes; {GOOD_MINUTES:.0f} sound clearly better."
                )
            else:
                hint(f"{GOOD_MINUTES:.0f} minutes are good; more helps, slowly.")

    def _checker(self, place: ui.element) -> Handler:
        async def check() -> None:
            place.clear()
            with place:
                waiting("Listening to the clips…", rows=2)
            settings = CheckSettings(
                language=str(self._language.value),
                sample_rate_hz=int(str(self._rate.value)),
                deep=True,
            )
            report: DatasetReport | None = await self._shell.attempt(
                datasets.check_folder(self._folder, settings), place
            )
            if report is not None:
                self._shell.site.reports[self._name] = report
                place.clear()
                with place:
                    _show_report(report)
                    button_link("The whole report, with charts", f"/reports/{self._name}").mark(
                        "whole-report"
                    )
                self._shell.announce(
                    f"{len(report.errors)} errors, {len(report.findings)} findings."
                )

        return check

    def _push_card(self, found: library.Summary) -> None:
        with card("4 · Rights, and off to Hugging Face"):
            para(
                "The repo is private. A voice belongs to the person who speaks: train it only if it is "
                "yours, or if you were allowed to."
            )
            self._allowed = Field(
                "rights", "I may use these recordings to train a voice", kind="switch", value=False
            )
            with box("div", "fields"):
                self._repo = Field(
                    "push-repo",
                    "Data set repo",
                    hint="owner/name; it is made, private, if it is not there.",
                    placeholder=f"me/{self._name}",
                    value=self._shell.site.preferences.last_dataset_repo,
                )
                self._licence = Field(
                    "licence", "Licence", kind="select", value="other", options=options(LICENCES)
                )
            self._pushed = box("div", "stack-small").mark("pushed")
            go = Button("Send it to Hugging Face", kind="primary", symbol="upload").mark("push")
            go.when_pressed(self._pusher(go))
            if found.untyped:
                hint(f"{counted(found.untyped, 'clip')} without text cannot be trained on.")

    def _pusher(self, go: Button) -> Handler:
        async def push() -> None:
            self._pushed.clear()
            with self._pushed:
                if not self._allowed.value:
                    say("warning", "Say first that you may use the recordings.", alert=True)
                    return
                waiting("Sending…", rows=1)
            go.lock("It is being sent.")
            session = await self._shell.session()
            request = PushRequest(
                self._folder,
                str(self._repo.value).strip(),
                licence=str(self._licence.value),
                force=True,
            )
            done: Pushed | None = await self._shell.attempt(
                datasets.push(session.bench, request), self._pushed
            )
            go.lock(None)
            if done is not None:
                self._shell.site.prefer(last_dataset_repo=done.repo_id)
                self._pushed.clear()
                with (
                    self._pushed,
                    notice(
                        "good",
                        f"{counted(done.clips, 'clip')}, {done.minutes:.1f} minutes are in {done.repo_id}",
                    ),
                ):
                    button_link("Train with this", f"/train?dataset={done.repo_id}", primary=True)
                self._shell.announce("The data set is on Hugging Face.")

        return push

    def _delete_card(self, found: library.Summary) -> None:
        dialog = Dialog(f"Delete {self._name} from this computer?")
        with dialog.body:
            para(
                f"{counted(found.clips, 'clip')} ({found.minutes:.1f} minutes) are gone for good. What was "
                "sent to Hugging Face stays there, and so do your original recordings."
            )
        with dialog.actions:
            button("Keep it", dialog.hide)
            button("Delete it", self._delete, kind="danger")
        with box("div", "row"):
            button("Delete this data set", dialog.show, kind="quiet", symbol="trash")

    async def _delete(self) -> None:
        await datasets.delete(self._config, self._name, confirmed=True)
        self._shell.site.reports.pop(self._name, None)
        ui.navigate.to("/datasets")


def _look_at(typed: str) -> tuple[Path, bool, bool]:
    """(the folder, whether it is there, whether it has a table of its own)"""
    folder = Path(typed.strip()).expanduser()
    return folder, folder.is_dir(), (folder / "metadata.csv").is_file()


def _show_progress(progress: list[MakeProgress], words: Text, bar: ui.element) -> None:
    if not progress:
        return
    last = progress[-1]
    words.text = f"{last.done} of {last.of} recordings, {last.decoded_minutes:.1f} minutes heard: {last.current}"
    bar.props["value"] = f"{100 * last.done / max(1, last.of):.0f}"
    bar.update()


def _show_made(made: Made) -> None:
    tone = "good" if made.added_clips or made.already_there else "warning"
    extra = (
        f" {counted(made.already_there, 'recording')} had been made before."
        if made.already_there
        else ""
    )
    with notice(
        tone,  # type: ignore[arg-type]
        f"{counted(made.added_clips, 'clip')} added, {made.added_minutes:.1f} minutes.{extra}",
    ):
        for one in made.skipped[:10]:
            para(f"{one.name} was left out: {one.reason}")
        if len(made.skipped) > 10:
            para(f"and {len(made.skipped) - 10} more were left out")


def _show_report(report: DatasetReport) -> None:
    if not report.findings:
        say(
            "good", "Nothing to put right", f"{report.clips:,} clips, {report.minutes:.1f} minutes."
        )
        return
    for severity, tone, title in (
        (Severity.ERROR, "bad", "has to be put right"),
        (Severity.WARNING, "warning", "worth a look"),
        (Severity.NOTE, "note", "to know"),
    ):
        found = report.of_severity(severity)
        if found:
            with notice(tone, f"{len(found)} {title}"), box("ul", "prose"):  # type: ignore[arg-type]
                for one in found[:30]:
                    with box("li"):
                        if one.place:
                            badge(one.place)
                        Text("span", f" {one.message} {one.fix}")
