"""Step 1 of a dataset: recordings from the browser or from a folder, and clips made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from nicegui import ui

from launcher.errors import LauncherError
from launcher.services import datasets
from launcher.ui.browsing import browse_beside
from launcher.ui.frame import Shell, show_error
from launcher.ui.language_field import LanguageField
from launcher.ui.next_steps import on_page
from launcher.ui.pages.datasets.uploads import incoming
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import (
    Text,
    Tone,
    box,
    button,
    button_link,
    card,
    details,
    hint,
    notice,
    para,
    say,
)
from launcher.ui.widgets.inputs import DropZone, Field, options
from launcher.workshop.make import Made, MakeProgress, MakeRequest
from launcher.workshop.names import dataset_folder
from pod_image.contract.figures import counted, recorded, size

SKIPPED_SHOWN = 10
FINDINGS_SHOWN = 12
_RATES = {"22050": "22,050 Hz: medium and high", "16000": "16,000 Hz: low"}
_TABLES = ("metadata.csv", "metadata.jsonl")


class SoundStep:
    """`changed` is awaited after clips were made."""

    def __init__(self, shell: Shell, name: str, changed: Callable[[], Awaitable[None]]) -> None:
        self._shell, self._changed = shell, changed
        self._folder = dataset_folder(shell.site.config.datasets_folder, name)
        self._incoming = incoming(shell.site, name)
        with card("1 · Add recordings"):
            DropZone(
                f"/uploads/{name}",
                "Drop recordings here",
                "Audio or video files, folders or zip files, together with their transcripts (text, subtitles, "
                "labels, JSON).",
                on_sent=self._sent,
            )
            with box("div", "row"):
                button_link("Record sentences here", f"/record/{name}", symbol="voice")
            self._local_folder()
            self._quality()
            self._making = box("div", "stack-small").mark("making")
        self._show_waiting()

    @property
    def language(self) -> str:
        return self._language.code

    @property
    def sample_rate_hz(self) -> int:
        return int(str(self._rate.value))

    def _local_folder(self) -> None:
        with details("Use a folder on this computer"):
            hint("Nothing is uploaded. The originals are only read.")
            with box("div", "row align-end"):
                self._local = Field(
                    "local-folder",
                    "Folder",
                    value=self._shell.site.preferences.recordings_folder,
                    placeholder="/home/me/recordings",
                )
                self._local.enters(
                    button("Use these recordings", self._take_folder, symbol="folder")
                )
            browse_beside(
                self._shell,
                self._local,
                lambda: str(self._local.value),
                lambda path: self._local.show(value=str(path)),
                name="recordings",
            )

    def _quality(self) -> None:
        with details("Audio quality and language"), box("div", "fields"):
            self._rate = Field(
                "rate", "Sample rate", kind="select", value="22050", options=options(_RATES)
            )
            self._language = LanguageField(
                self._shell, "builder-language", "Language", value="en_US"
            )

    def _show_waiting(self) -> None:
        """Uploads of an earlier visit that no clips were made of yet."""
        files = self._incoming.files
        self._making.clear()
        if not files:
            return
        wait = "waits" if len(files) == 1 else "wait"
        words = f"{counted(len(files), 'file')} ({size(self._incoming.size_bytes)}) {wait} to be cut into clips"
        with self._making, notice("note", words), box("div", "row"):
            button("Make clips", self._make_uploaded, kind="primary").mark("make-clips")
            ask = self._ask_to_discard(words)
            button("Discard", ask.show, kind="quiet").mark("ask-discard")

    async def _sent(self, is_whole: bool) -> None:
        self._show_waiting()
        if is_whole and self._incoming.files:
            await self._make_uploaded()

    def _ask_to_discard(self, words: str) -> Dialog:
        dialog = Dialog("Discard these uploads?")
        with dialog.body:
            para(
                f"{words}. You would have to upload them again. Your original recordings are not touched."
            )
        with dialog.actions:
            button("Keep them", dialog.hide)
            button("Discard", self._discard, kind="danger").mark("discard")
        return dialog

    def _discard(self) -> None:
        self._incoming.clear()
        self._show_waiting()

    async def _make_uploaded(self) -> None:
        files = self._incoming.files
        table = next((one for one in files if one.name.lower() in _TABLES), None)
        made = await self._make((self._incoming.folder,), table)
        if made is not None:
            self._incoming.clear()

    async def _take_folder(self) -> None:
        folder, is_there, has_table = await asyncio.to_thread(_look_at, str(self._local.value))
        if not is_there:
            self._making.clear()
            with self._making:
                say(
                    "bad",
                    f"The folder {folder} does not exist.",
                    "Enter its full path.",
                    alert=True,
                )
            return
        self._shell.site.prefer(recordings_folder=str(folder))
        self._local.used()
        await self._make((folder,), folder / "metadata.csv" if has_table else None)

    async def _make(self, recordings: tuple[Path, ...], table: Path | None) -> Made | None:
        progress: list[MakeProgress] = []
        timer = self._show_making(progress)
        request = MakeRequest(
            out=self._folder,
            recordings=recordings,
            table=table,
            language=self.language,
            sample_rate_hz=self.sample_rate_hz,
        )
        try:
            made = await datasets.make(
                request, on_progress=progress.append, now=self._shell.site.unix_seconds
            )
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
        self._shell.announce(f"{counted(made.added_clips, 'clip')} added.")
        await self._changed()
        return made

    def _show_making(self, progress: list[MakeProgress]) -> ui.timer:
        self._making.clear()
        with self._making:
            words = Text("p", "Looking at the recordings…", "hint")
            words.props["role"] = "status"
            bar = box("progress", aria_label="Making clips", max="100", value="0")
            return ui.timer(0.5, lambda: _show_progress(progress, words, bar))


def _look_at(typed: str) -> tuple[Path, bool, bool]:
    """(the folder, whether it is there, whether it has a table of its own)"""
    folder = Path(typed.strip()).expanduser()
    return folder, folder.is_dir(), (folder / "metadata.csv").is_file()


def _show_progress(progress: list[MakeProgress], words: Text, bar: ui.element) -> None:
    if not progress:
        return
    last = progress[-1]
    done = f"{last.done} of {counted(last.of, 'recording')}"
    words.text = f"{done}, {recorded(last.decoded_minutes)} processed: {last.current}"
    bar.props["value"] = f"{100 * last.done / max(1, last.of):.0f}"
    bar.update()


def _show_made(made: Made) -> None:
    tone: Tone = "good" if made.added_clips or made.already_there else "warning"
    words = f"{counted(made.added_clips, 'clip')} added, {recorded(made.added_minutes)}."
    if made.already_there:
        words += f" {counted(made.already_there, 'recording')} had already been cut."
    with notice(tone, words):
        for one in made.skipped[:SKIPPED_SHOWN]:
            para(f"{one.name} was left out: {one.reason}")
        if len(made.skipped) > SKIPPED_SHOWN:
            para(f"and {len(made.skipped) - SKIPPED_SHOWN} more were left out")
        for found in made.findings[:FINDINGS_SHOWN]:
            para(f"{found.place}: {on_page(found.message)} {on_page(found.hint)}".strip())
        if len(made.findings) > FINDINGS_SHOWN:
            para(f"and {len(made.findings) - FINDINGS_SHOWN} more findings")
