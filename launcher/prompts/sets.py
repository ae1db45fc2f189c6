"""Which sets of sentences come with the launcher, and how a person's own are read from a file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import InvalidRequest
from pod_image.contract.figures import size

FOLDER = Path(__file__).parent
POOLS_FOLDER, SETS_FOLDER = FOLDER / "pools", FOLDER / "sets"
MOST_FILE_BYTES = 2**20
MOST_PROMPTS = 5_000
LONGEST_PROMPT = 400
"""Characters: some 25 seconds, more than a clip may last."""


@dataclass(frozen=True)
class PromptLanguage:
    """`count` sentences are chosen of a pool that has three times as many; sounds as `espeak_voice` has them."""

    code: str
    name: str
    region: str
    espeak_voice: str
    count: int = 100

    @property
    def pool_path(self) -> Path:
        return POOLS_FOLDER / f"{self.code}.txt"

    @property
    def set_path(self) -> Path:
        return SETS_FOLDER / f"{self.code}.txt"

    def pool(self) -> tuple[str, ...]:
        return _lines(self.pool_path.read_text("utf-8"))

    def chosen(self) -> tuple[str, ...]:
        """In the order in which they are best read: any beginning of them covers what so many can."""
        return _lines(self.set_path.read_text("utf-8"))


LANGUAGES = {
    each.code: each
    for each in (
        PromptLanguage("en", "English", "en_US", "en-us", count=200),
        PromptLanguage("de", "German", "de_DE", "de"),
        PromptLanguage("es", "Spanish", "es_ES", "es"),
        PromptLanguage("fr", "French", "fr_FR", "fr"),
        PromptLanguage("it", "Italian", "it_IT", "it"),
        PromptLanguage("nl", "Dutch", "nl_NL", "nl"),
        PromptLanguage("pt", "Portuguese, as in Brazil", "pt_BR", "pt-br"),
    )
}


def prompts_of(language: str) -> tuple[str, ...]:
    """Our sentences of a language such as `de` or `de_AT`. Raises InvalidRequest when there are none."""
    known = LANGUAGES.get(language.replace("-", "_").partition("_")[0].lower())
    if known is None:
        raise InvalidRequest(
            f"There are no sentences to read in {language!r}.",
            hint=f"There are some in {', '.join(LANGUAGES)}; for others, give a file with one sentence per line.",
        )
    return known.chosen()


def read_prompts(path: Path) -> tuple[str, ...]:
    """The sentences of a text file, one on each line, each once. Raises InvalidRequest."""
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise InvalidRequest(
                f"{path} has more than {size(MOST_FILE_BYTES)}: it is not a list of sentences.",
                hint="Give a text file with one sentence on each line.",
            )
        raw = path.read_bytes()
    except OSError as exc:
        raise InvalidRequest(
            f"The sentences in {path} cannot be read: {exc.strerror}.",
            hint="Give a text file with one sentence on each line.",
        ) from exc
    return parse_prompts(raw, str(path))


def parse_prompts(raw: bytes, name: str) -> tuple[str, ...]:
    """The sentences of a file that was read already. `name` is for what is said of it. Raises InvalidRequest."""
    prompts = _lines(_decoded(raw, name))
    if not prompts:
        raise InvalidRequest(f"{name} has no sentence.", hint="Write one sentence on each line.")
    if len(prompts) > MOST_PROMPTS:
        raise InvalidRequest(
            f"{name} has {len(prompts):,} sentences; {MOST_PROMPTS:,} can be taken at once.",
            hint="Divide the file, and record each part into the same folder.",
        )
    for number, prompt in enumerate(prompts, start=1):
        if len(prompt) > LONGEST_PROMPT:
            raise InvalidRequest(
                f"Sentence {number:,} of {name} has {len(prompt):,} characters; that is too long to read in "
                f"one breath.",
                hint=f"Write one sentence on each line, with up to {LONGEST_PROMPT} characters.",
            )
    return prompts


def _decoded(raw: bytes, name: str) -> str:
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as exc:
        raise InvalidRequest(
            f"{name} is not text in UTF-8.", hint="Save it again as plain text in UTF-8."
        ) from exc
    if "\0" in text:
        raise InvalidRequest(
            f"{name} is not a text file.", hint="Give plain text with one sentence on each line."
        )
    return text


def _lines(text: str) -> tuple[str, ...]:
    """One cell of a table each: composed letters, single blanks, no delimiter, no control characters."""
    return tuple(dict.fromkeys(line for line in map(_plain, text.splitlines()) if line))


def _plain(line: str) -> str:
    shown = _without_controls(unicodedata.normalize("NFC", line.replace("|", " ")))
    return " ".join(shown.split())


def _without_controls(characters: Iterable[str]) -> str:
    return "".join(" " if unicodedata.category(one) == "Cc" else one for one in characters)
