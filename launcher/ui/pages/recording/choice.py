"""Which sentences are read: ours in a language, or a person's own from a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

from launcher.prompts.sets import LANGUAGES
from launcher.services import recording
from launcher.ui.browsing import browse_beside
from launcher.ui.frame import Shell
from launcher.ui.language_field import LanguageField
from launcher.ui.pages.recording.recorder import SentencesFile
from launcher.ui.pages.recording.routes import takes_url
from launcher.ui.widgets.elements import box, button, card, hint
from launcher.ui.widgets.inputs import Field, options
from launcher.workshop.recording.reading import Reading


def draw_choice(
    shell: Shell, name: str, folder: Path, *, begun: Callable[[], None], level: int = 2
) -> None:
    """`begun` is called once sentences were chosen."""
    _Choice(shell, name, folder, begun).draw(level)


class _Choice:
    def __init__(self, shell: Shell, name: str, folder: Path, begun: Callable[[], None]) -> None:
        self._shell, self._name, self._folder, self._begun = shell, name, folder, begun

    def draw(self, level: int) -> None:
        self._problem = box("div").mark("choice-problem")
        with box("div", "grid-2"):
            with card("Our sentences", level=level):
                self._ours(is_first=level == 2)
            with card("Your own sentences", level=level):
                self._own()

    def _ours(self, *, is_first: bool) -> None:
        hint(
            "Written for this purpose. A few of them contain nearly all pairs of sounds of the language."
        )
        labels = {one.code: f"{one.name}: {one.count} sentences" for one in LANGUAGES.values()}
        self._language = Field(
            "prompt-language", "Language", kind="select", value="en", options=options(labels)
        )
        with box("div", "row"):
            kind = "primary" if is_first else "plain"
            button("Read these", self._take_ours, kind=kind, symbol="voice").mark("read-ours")

    def _own(self) -> None:
        hint("A UTF-8 text file with one sentence per line.")
        self._own_language = LanguageField(
            self._shell,
            "own-language",
            "Language and region",
            value="en_US",
            changed=lambda code: self._file.tell_language(code),
        )
        self._path = Field(
            "prompt-file", "File on this computer", placeholder="/home/me/sentences.txt"
        )
        browse_beside(
            self._shell,
            self._path,
            lambda: str(self._path.value),
            lambda path: self._path.show(value=str(path)),
            name="sentences",
            takes_files=True,
        )
        with box("div", "row"):
            read = button("Read this file", self._take_own, symbol="folder")
            self._path.enters(read.mark("read-own"))
            self._file = SentencesFile(f"{takes_url(quote(self._name))}/sentences", "en_US")
            self._file.on("taken", lambda: self._begun())

    async def _take_ours(self) -> None:
        language = LANGUAGES[str(self._language.value)].region
        await self._begin(recording.begin_with_ours(self._folder, language, now=self._now))

    async def _take_own(self) -> None:
        file = _path(str(self._path.value))
        language = self._own_language.code or "en_US"
        await self._begin(recording.begin_with_file(self._folder, language, file, now=self._now))

    async def _begin(self, beginning: Awaitable[Reading]) -> None:
        self._problem.clear()
        if await self._shell.attempt(beginning, self._problem) is not None:
            self._path.used()
            self._begun()

    def _now(self) -> float:
        return self._shell.site.unix_seconds()


def _path(typed: str) -> Path:
    return Path(typed.strip()).expanduser()
