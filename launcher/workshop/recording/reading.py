"""A reading: sentences on the way into a dataset's folder, which remembers how far it came.

What the reading needs lies in a hidden folder that no reader of datasets looks into; the takes themselves are
ordinary clips with lines of the table. Everything here blocks.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from launcher.config import is_private, private_files
from launcher.errors import InvalidRequest
from launcher.workshop.changing import changing
from launcher.workshop.table import (
    CLIPS_FOLDER,
    Line,
    Record,
    read_lines,
    read_record,
    touch_record,
    write_lines,
    write_record,
)
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.paths import safe_path
from pod_image.contract.whole_file import replacing, write_whole

HIDDEN = ".recording"
PROGRESS = "progress.json"
FORMAT = 1
TAKE_ENDING = ".wav"
SAMPLE_RATE_HZ = 22_050
"""Of a dataset that begins with takes, for what is made of other recordings later. Takes keep their own rate."""
_PLAIN = re.compile(r"[^a-z0-9]+")

Now = Callable[[], float]


class UnknownPrompt(LookupError):
    """The sentence is not among those of the reading, any more."""


@dataclass(frozen=True)
class Reading:
    """The sentences in order, and what became of them, by their keys: the files of their takes, which of those
    replaced another one that can be brought back, and which are passed over.

    `at` is the key of the sentence that the person was at; empty at the beginning.
    """

    language: str
    source: str
    prompts: tuple[str, ...]
    takes: Mapping[str, str] = field(default_factory=dict)
    replaced: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    at: str = ""

    def prompt(self, key: str) -> str:
        """The sentence of a key. Raises UnknownPrompt."""
        for text in self.prompts:
            if prompt_key(text) == key:
                return text
        raise UnknownPrompt(key)

    @property
    def done(self) -> int:
        return sum(prompt_key(text) in self.takes for text in self.prompts)


def prompt_key(text: str) -> str:
    """What a sentence is called between the page and the folder."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_reading(folder: Path) -> Reading | None:
    """The reading of this folder as it stands; None where none was begun. Takes that are gone are not in it.

    A record of it that is lost or damaged costs nothing but the order: sentences are known again by their text.
    """
    values = _read_progress(folder)
    if values is None:
        return None
    lines = read_lines(folder)
    known = {str(key): str(file) for key, file in dict(values["takes"]).items()}
    prompts = tuple(str(text) for text in values["prompts"])
    keys = {prompt_key(text) for text in prompts} & {str(key) for key in values["replaced"]}
    return Reading(
        language=str(values["language"]),
        source=str(values["source"]),
        prompts=prompts,
        takes=_takes_there(folder, prompts, known, lines),
        replaced=frozenset(key for key in keys if _earlier(folder, key).is_file()),
        skipped=frozenset(str(key) for key in values["skipped"]),
        at=str(values["at"]),
    )


def begin_reading(
    folder: Path, language: str, source: str, prompts: Sequence[str], *, now: Now = time.time
) -> Reading:
    """Read these sentences into the folder, which is made if need be; takes of sentences that stay are kept.

    Raises InvalidRequest for a folder of somebody else's making.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidRequest(f"{folder} is a file.", hint="Give a folder for the dataset.")
    if folder.is_dir() and any(folder.iterdir()) and read_record(folder) is None:
        raise InvalidRequest(
            f"{folder} was not made here, and its table may contain more than ours would keep.",
            hint=Sentence(
                "Record into a folder of its own; ",
                NextStep.LIST_DATASETS,
                " shows those that were made here.",
            ),
        )
    with private_files(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with changing(folder):
            before = read_reading(folder)
            if read_record(folder) is None:
                write_record(folder, Record(language, SAMPLE_RATE_HZ, now(), now()))
            begun = Reading(language, source, tuple(prompts))
            if before is not None:
                begun = replace(
                    before, language=language, source=source, prompts=tuple(prompts), at=""
                )
            found = _takes_there(folder, begun.prompts, begun.takes, read_lines(folder))
            begun = replace(begun, takes=found)
            _write_progress(folder, begun)
    return begun


def keep_take(folder: Path, key: str, sound: bytes, *, now: Now = time.time) -> Reading:
    """Make this WAV file the take of a sentence; the one before can be brought back. Raises UnknownPrompt."""
    with _changing(folder) as reading:
        text = reading.prompt(key)
        lines = read_lines(folder)
        file = reading.takes.get(key)
        replaced = reading.replaced
        if file is not None:
            replaced |= {key}
            _copy(folder / file, _earlier(folder, key))
        else:
            file = _free_file(folder, reading.language, lines)
        _write_sound(folder / file, sound)
        if not any(line.file == file for line in lines):
            # The sound is there first: a crash in between leaves a file without a line, which is harmless.
            write_lines(folder, [*lines, Line(file, text)])
        touch_record(folder, now())
        kept = replace(
            reading,
            takes={**reading.takes, key: file},
            replaced=replaced,
            skipped=reading.skipped - {key},
            at=key,
        )
        _write_progress(folder, kept)
    return kept


def bring_back(folder: Path, key: str, *, now: Now = time.time) -> Reading:
    """Change a take with the one that it replaced; done twice, all is as it was. Raises UnknownPrompt."""
    with _changing(folder) as reading:
        reading.prompt(key)
        file, before = reading.takes.get(key), _earlier(folder, key)
        if file is None or not before.is_file():
            raise InvalidRequest(
                "There is no earlier take of this sentence.", hint="Record it again instead."
            )
        now_there, earlier = (folder / file).read_bytes(), before.read_bytes()
        _write_sound(before, now_there)
        _write_sound(folder / file, earlier)
        touch_record(folder, now())
        _write_progress(folder, replace(reading, at=key))
    return reading


def move_to(folder: Path, key: str, *, skipped: Iterable[str] | None = None) -> Reading:
    """Remember at which sentence the person is, and which ones they pass over; None leaves those."""
    with _changing(folder) as reading:
        known = {prompt_key(text) for text in reading.prompts}
        if key not in known:
            raise UnknownPrompt(key)
        left = reading.skipped if skipped is None else frozenset(skipped) & known
        moved = replace(reading, at=key, skipped=left)
        _write_progress(folder, moved)
    return moved


@contextmanager
def _changing(folder: Path) -> Iterator[Reading]:
    """The reading as it is, while nobody else changes the folder. Raises InvalidRequest where none was begun."""
    if _read_progress(folder) is None:  # no lock of a folder that is none of ours
        raise _not_begun(folder)
    with private_files(folder), changing(folder):
        found = read_reading(folder)
        if found is None:
            raise _not_begun(folder)
        yield found


def _not_begun(folder: Path) -> InvalidRequest:
    return InvalidRequest(
        f"No sentences were chosen for {folder.name} yet.", hint="Reload the page, and choose some."
    )


def _takes_there(
    folder: Path, prompts: Sequence[str], known: Mapping[str, str], lines: Sequence[Line]
) -> dict[str, str]:
    """Each sentence's clip: the one that is remembered, else one whose line has that very text."""
    # The disk is asked of what may be a take alone: a dataset has thousands of other clips.
    texts, remembered = set(prompts), set(known.values())
    maybe = {line.file for line in lines if line.text in texts or line.file in remembered}
    there = {file for file in maybe if _is_ours_to_write(folder, file)}
    by_text = {line.text: line.file for line in reversed(lines) if line.file in there}
    found = {key: file for key, file in known.items() if file in there}
    for text in prompts:
        if text in by_text:
            found.setdefault(prompt_key(text), by_text[text])
    return found


def _is_ours_to_write(folder: Path, file: str) -> bool:
    """Whether a clip may be written over by a take: a WAV file within the folder, whatever a stranger's table says."""
    return (
        safe_path(file) == file
        and file.lower().endswith(TAKE_ENDING)
        and (folder / file).is_file()
        and (folder / file).resolve().is_relative_to(folder.resolve())
    )


def _free_file(folder: Path, language: str, lines: Iterable[Line]) -> str:
    """A name for a new clip, made here and of nothing that the browser said."""
    start = _PLAIN.sub("-", language.lower()).strip("-") or "take"
    taken = {Path(line.file).stem.casefold() for line in lines}
    clips = folder / CLIPS_FOLDER
    if clips.is_dir():
        taken |= {path.stem.casefold() for path in clips.iterdir()}
    number = 1
    while f"{start}-{number:04d}" in taken:
        number += 1
    return f"{CLIPS_FOLDER}/{start}-{number:04d}{TAKE_ENDING}"


def _write_sound(path: Path, sound: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, sound, is_private=is_private(path.parent), is_durable=True)


def _earlier(folder: Path, key: str) -> Path:
    """Where the take lies that the one of this sentence replaced."""
    return folder / HIDDEN / f"{key}{TAKE_ENDING}"


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as part:
        shutil.copyfile(path, part)


def _read_progress(folder: Path) -> dict[str, Any] | None:
    try:
        values = json.loads((folder / HIDDEN / PROGRESS).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    needed = {"language", "source", "prompts", "takes", "replaced", "skipped", "at"}
    is_whole = isinstance(values, dict) and needed <= values.keys()
    return values if is_whole and isinstance(values["prompts"], list) else None


def _write_progress(folder: Path, reading: Reading) -> None:
    path = folder / HIDDEN / PROGRESS
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "format": FORMAT,
        "language": reading.language,
        "source": reading.source,
        "prompts": list(reading.prompts),
        "takes": dict(reading.takes),
        "replaced": sorted(reading.replaced),
        "skipped": sorted(reading.skipped),
        "at": reading.at,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text, is_private=is_private(path.parent), is_shared=True)
