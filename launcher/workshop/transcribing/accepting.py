"""Suggestions become texts, only where there is none; parts of a long recording become clips of their own."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from launcher.workshop.changing import changing
from launcher.workshop.names import clip_prefix
from launcher.workshop.table import CLIPS_FOLDER
from launcher.workshop.transcribing.suggestions import Suggestion, SuggestionsFile, holding
from launcher.workshop.transcribing.table_edit import NewLine, open_table, write_table
from launcher.workshop.transcribing.transcribe import waiting_suggestions
from pod_image.dataset import FolderSource, survey
from pod_image.dataset.names import FileNames
from pod_image.dataset.tables import Row

Key = tuple[str, float | None]
"""A clip's file, and where its part begins in a long recording."""


class Accept(StrEnum):
    """Which suggestions are taken as they are."""

    SURE = "sure"
    ALL = "all"


@dataclass(frozen=True)
class Accepted:
    """Suggestions that were accepted: `texts` clips now have their transcript, of which `clips` were cut out of
    long recordings; `left` still wait."""

    texts: int
    clips: int
    left: int


def accept_suggestions(
    folder: Path, which: Accept | None = None, chosen: Mapping[Key, str] | None = None
) -> Accepted:
    """Take those that are sure, or all; or those `chosen`, each with its text as a person left it.

    Of a long recording all parts are taken together, once each of them is to be. A clip that was given a text
    meanwhile keeps it. InvalidRequest for a table that cannot be edited.
    """
    file = SuggestionsFile(folder)
    with holding(file.alone()), changing(folder):
        waiting = [each for each in waiting_suggestions(folder) if not each.why_not]
        texts = _chosen(waiting, which, chosen or {})
        whole = {key: text for key, text in texts.items() if key[1] is None}
        parts = {key: text for key, text in texts.items() if key[1] is not None}
        if texts:
            _write(folder, waiting, whole, parts)
            taken = {path for path, _ in whole}
            cut = {path for path, _ in parts}
            file.keep(
                [
                    each
                    for each in file.read()
                    if not (each.file in taken or (each.file in cut and each.key in parts))
                ]
            )
        left = len(waiting) - len(texts)
    return Accepted(len(texts), len(parts), left)


def _chosen(
    waiting: Sequence[Suggestion], which: Accept | None, chosen: Mapping[Key, str]
) -> dict[Key, str]:
    texts = {}
    for each in waiting:
        if each.key in chosen:
            text = " ".join(chosen[each.key].split())
            if text:
                texts[each.key] = text
        elif which is Accept.ALL or (which is Accept.SURE and each.is_sure):
            texts[each.key] = each.text
    return texts


def _write(
    folder: Path,
    waiting: Sequence[Suggestion],
    whole: Mapping[Key, str],
    parts: Mapping[Key, str],
) -> None:
    source = FolderSource(folder, follows_links=True)
    table = open_table(folder, survey(source).tables)
    names = FileNames(source.entries())
    base = PurePosixPath(table.path).parent.as_posix() if "/" in table.path else ""
    rows: dict[str, Row] = {}
    for row in table.rows:
        found = names.find(row.file, base)
        if found is not None and not row.text.strip():
            rows.setdefault(found, row)
    texts = {rows[path].place: text for (path, _), text in whole.items() if path in rows}
    added = [NewLine(path, text) for (path, _), text in whole.items() if path not in rows]
    cut = _cut(folder, [each for each in waiting if each.key in parts], parts)
    # A row of the whole recording stays as long as parts of it wait.
    still = {each.file for each in waiting if each.start is not None and each.key not in parts}
    replaced = {
        rows[path].place: new for path, new in cut.items() if path in rows and path not in still
    }
    added += [
        each
        for path, new in cut.items()
        if not (path in rows and path not in still)
        for each in new
    ]
    write_table(table, table.changed(texts, replaced, added))


def _cut(
    folder: Path, parts: Sequence[Suggestion], texts: Mapping[Key, str]
) -> dict[str, list[NewLine]]:
    """Clips written beside the others, at the recording's own rate; the recording stays."""
    made: dict[str, list[NewLine]] = defaultdict(list)
    soundfile = importlib.import_module("soundfile") if parts else None
    for each in parts:
        assert soundfile is not None
        assert each.start is not None
        assert each.end is not None
        with soundfile.SoundFile(folder / each.file) as file:
            first, last = (round(at * file.samplerate) for at in (each.start, each.end))
            file.seek(first)
            wave = file.read(last - first, dtype="int16")
            rate_hz = int(file.samplerate)
        # Named by the recording and its place in it: a second try after a crash writes the same file again, and the
        # recording of the same name in another folder never does.
        start = f"{each.sha256[:8]}-{round(each.start * 100):07d}"
        name = f"{CLIPS_FOLDER}/{clip_prefix(each.file)}-{start}.flac"
        (folder / CLIPS_FOLDER).mkdir(exist_ok=True)
        soundfile.write(folder / name, wave, rate_hz, format="FLAC", subtype="PCM_16")
        made[each.file].append(NewLine(name, texts[each.key]))
    return made
