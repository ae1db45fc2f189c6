"""Which text belongs to a recording: files beside it, under any name that programs give them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from launcher.workshop.languages_in_names import language_in_name
from pod_image.contract.findings import Finding
from pod_image.dataset import Code
from pod_image.dataset.encoding import decode
from pod_image.dataset.timed_texts import LOOK_BYTES, MOST_TIMED_BYTES, TIMED_ENDINGS, timed_kind

MOST_TEXT_BYTES = 64 * 2**10
FOLDERS = (
    "subs", "subtitles", "captions", "transcripts", "transcript", "transcriptions", "texts", "text", "txt",
    "srt", "vtt", "json", "tsv", "labels", "textgrid", "textgrids", "annotations", "eaf", "lab",
)  # fmt: skip
"""Where programs and people put texts that are not beside their recordings."""
_TAILS_LISTED = """
transcript transcription transcribed subtitles subtitle subs sub captions caption cc sdh hi auto default orig
original text txt labels label timestamps words segments diarized diarised aligned whisper whisperx tiny base
small medium large turbo wav mp3 m4a mp4 flac ogg opus webm mkv mov aac
"""
_TAILS = frozenset(_TAILS_LISTED.split())
_TAIL = re.compile(r"(.+?)(?:[ ._-]+[\[(]?|[\[(])([^ ._\[\]()]+?)[\])]?")
_PARTIAL = "forced"
"""Subtitles with this in their name are only of what is said in another language."""
_WHOLE_TEXTS = ("text", "transcript", "transcription", "sentence", "normalized_text")
MOST_NAMED = 3


@dataclass(frozen=True)
class Named:
    """A file that may be the text of a recording; `tail` is what its name has beyond the recording's."""

    path: Path
    tail: tuple[str, ...]
    language: str | None

    @property
    def rank(self) -> tuple[int, int, str]:
        """The shortest name first, then forms that people correct before those that programs leave."""
        return (len(self.tail), TIMED_ENDINGS.index(self.path.suffix.lower()), self.path.name)


@dataclass
class Beside:
    """The text of one recording: `timed` is a file with times, `whole` what is said in all of it."""

    timed: Path | None = None
    whole: str | None = None
    findings: list[Finding] = field(default_factory=list)


class TextsBeside:
    """Finds the texts of recordings. Each folder is looked at once; `language` is the dataset's, such as en_US."""

    def __init__(self, language: str, media_endings: Sequence[str], named: Iterable[Path]) -> None:
        self._language = language_in_name(language) or language
        self._media_endings = tuple(media_endings)
        self._named = list(named)
        self._folders: dict[Path, dict[str, list[Named]]] = {}
        self._used: set[Path] = set()

    def of(self, recording: Path, root: Path | None = None) -> Beside:
        """The text of a recording; `root` is the folder that was named, above which nobody looks."""
        found = Beside()
        candidates = self._candidates(recording, root)
        usable = [each for each in candidates if self._is_usable(each, recording.name, found)]
        kinds = [(each, self._kind(each.path)) for each in usable]
        timed = [each for each, kind in kinds if kind is not None]
        whole = [(each, self._whole(each.path)) for each, kind in kinds if kind is None]
        if timed:
            found.timed = timed[0].path
            self._say_others(recording.name, timed, found)
        elif texts := [text for _, text in whole if text]:
            found.whole = texts[0]
        self._used.update(each.path for each in candidates)
        return found

    def unused(self, name: str) -> Iterator[Finding]:
        """Texts with times that belong to no recording, by folder."""
        for folder, names in self._folders.items():
            paths = {each.path for found in names.values() for each in found}
            left = sorted(p for p in paths - self._used if self._kind(p) is not None)
            if left:
                shown = ", ".join(each.name for each in left[:MOST_NAMED])
                more = f" and {len(left) - MOST_NAMED:,} more" if len(left) > MOST_NAMED else ""
                yield Code.TIMED_TEXT_UNUSED.finding(
                    folder.name or name, f"No recording has the name of {shown}{more}: not used.",
                    f"Give it the name of its recording, such as talk{left[0].suffix} for talk.wav.",
                )  # fmt: skip

    def is_text(self, path: Path) -> bool:
        """Whether a file that somebody named is a text, rather than a recording."""
        return path.suffix.lower() in TIMED_ENDINGS

    def _candidates(self, recording: Path, root: Path | None) -> list[Named]:
        folder = recording.parent
        places = [folder, *_below(folder)]
        if root is not None and folder != root and folder.is_relative_to(root):
            places += _below(folder.parent)
        keys = (recording.name.casefold(), recording.stem.casefold())
        found: dict[Path, Named] = {}
        for place in places:
            for key in keys:
                for each in self._look(place).get(key, []):
                    found.setdefault(each.path, each)
        for path in self._named:
            for key, each in _keys(path, frozenset()):
                if key in keys:
                    found.setdefault(path, each)
        return sorted(found.values(), key=lambda each: each.rank)

    def _look(self, folder: Path) -> dict[str, list[Named]]:
        """By the name of the recording: the texts of a folder."""
        if folder not in self._folders:
            by_key: dict[str, list[Named]] = defaultdict(list)
            files = sorted(each for each in folder.iterdir() if each.is_file())
            media = [each for each in files if each.name.lower().endswith(self._media_endings)]
            owners = frozenset(key.casefold() for m in media for key in (m.name, m.stem))
            for path in files:
                if path.suffix.lower() in TIMED_ENDINGS and not path.name.startswith("."):
                    for key, each in _keys(path, owners):
                        by_key[key].append(each)
            self._folders[folder] = by_key
        return self._folders[folder]

    def _is_usable(self, each: Named, name: str, found: Beside) -> bool:
        size = each.path.stat().st_size
        if size == 0:
            return False
        if _PARTIAL in each.tail:
            return False
        if size > MOST_TIMED_BYTES:
            found.findings.append(Code.TIMED_TEXT_UNUSED.finding(
                name, f"{each.path.name} is larger than any text of a recording, and not used.",
                "Check whether it is the transcript.",
            ))  # fmt: skip
            return False
        if each.language is not None and each.language != self._language:
            found.findings.append(Code.TIMED_TEXT_UNUSED.finding(
                name, f"{each.path.name} is in another language ({each.language}) than the dataset "
                f"({self._language}), and not used.",
                "If this is the spoken language, set it as the dataset's language; otherwise leave it.",
            ))  # fmt: skip
            return False
        return True

    def _kind(self, path: Path) -> str | None:
        with path.open("rb") as file:
            return timed_kind(path.name, file.read(LOOK_BYTES))

    def _whole(self, path: Path) -> str | None:
        ending = path.suffix.lower()
        if path.stat().st_size > MOST_TEXT_BYTES or ending not in (".txt", ".lab", ".json"):
            return None
        text = decode(path.read_bytes()).text
        return _text_of_json(text) if ending == ".json" else " ".join(text.split()) or None

    def _say_others(self, name: str, timed: Sequence[Named], found: Beside) -> None:
        others = [each.path.name for each in timed[1:]]
        if others:
            found.findings.append(Code.TIMED_TEXT_CHOSEN.finding(
                name, f"{timed[0].path.name} is read, of several texts with times; not read: {', '.join(others)}.",
                "If another one is right, remove this one and make the clips again.",
            ))  # fmt: skip


def _below(folder: Path) -> list[Path]:
    return [
        each for each in sorted(folder.iterdir()) if each.name.lower() in FOLDERS and each.is_dir()
    ]


def names_of_recordings(text: PurePath) -> list[str]:
    """Names that a recording may have whose text this is, without endings; empty for what is no text."""
    if text.suffix.lower() not in TIMED_ENDINGS:
        return []
    return [key for key, _ in _keys(Path(text), frozenset())]


def _keys(path: Path, owners: frozenset[str]) -> Iterator[tuple[str, Named]]:
    """Names of recordings that this text may be of, the longest first, up to one that is there."""
    base, tail = path.stem.casefold(), list[str]()
    language: str | None = None
    while True:
        yield base, Named(path, tuple(tail), language)
        shorter = _TAIL.fullmatch(base)
        if base in owners or shorter is None:
            return
        word = shorter.group(2)
        spoken = language_in_name(word)
        if word not in _TAILS and word != _PARTIAL and spoken is None:
            return
        language = language or spoken
        tail.append(word)
        base = shorter.group(1)


def _text_of_json(text: str) -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    found = next((value[key] for key in _WHOLE_TEXTS if isinstance(value.get(key), str)), None)
    return " ".join(found.split()) or None if found else None
