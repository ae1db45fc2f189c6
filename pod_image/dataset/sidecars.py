"""Transcripts of one clip each: beside it (a.wav with a.txt, a.lab or a.json), or in a folder like its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset.archives import DamagedMember
from pod_image.dataset.encoding import decode
from pod_image.dataset.endings import without_ending
from pod_image.dataset.file_remedies import SHARD
from pod_image.dataset.findings import Code
from pod_image.dataset.names import PathEnds, fold
from pod_image.dataset.source import FileSource
from pod_image.dataset.tables import Row, Table, add_record
from pod_image.dataset.timed_texts import timed_kind

SIDECAR_ENDINGS = (".txt", ".lab", ".json")
MOST_SIDECAR_BYTES = 64 * 2**10
BESIDE = "transcripts beside the clips"


class Sidecars:
    """Which text belongs to which clip. Reads nothing until it is asked for a table."""

    def __init__(self, sizes: dict[str, int], audio: Sequence[str]) -> None:
        self._sizes, self._audio = sizes, audio
        self._of_names: tuple[PathEnds, dict[str, str], Counter[str]] | None = None

    def of(self, clip: str) -> str | None:
        stem = without_ending(clip)
        beside = (each + ending for each in (stem, clip) for ending in SIDECAR_ENDINGS)
        return next((path for path in beside if path in self._sizes), None) or self._elsewhere(stem)

    def facts_of(self, clip: str) -> str | None:
        """a.json of a.wav, of a size to be read."""
        path = without_ending(clip) + ".json"
        return path if self._sizes.get(path, MOST_SIDECAR_BYTES + 1) <= MOST_SIDECAR_BYTES else None

    def size(self, text: str) -> int:
        return self._sizes[text]

    def stems(self) -> set[str]:
        """Names, without folder and ending, that clips have: a text of such a name is of one clip."""
        return {fold(_name(without_ending(path))) for path in self._audio}

    def _elsewhere(self, stem: str) -> str | None:
        """txt/anna/001.txt for wavs/anna/001.wav; by the name alone only where one clip and one text have it."""
        if self._of_names is None:
            texts = {
                path.rsplit(".", 1)[0]: path
                for path in self._sizes
                if path.lower().endswith((".txt", ".lab"))
            }
            counts = Counter(_name(without_ending(path)) for path in self._audio)
            self._of_names = (PathEnds(texts), texts, counts)
        ends, texts, counts = self._of_names
        agreeing, found = ends.best(stem.split("/"))
        if len(found) != 1 or (agreeing == 1 and counts[_name(stem)] > 1):
            return None
        return texts[found[0]]


def read_sidecars(
    source: FileSource, sidecars: Sidecars, clips: Sequence[str], *, has_table: bool
) -> Table:
    """A row for each of the clips that has a text of its own. JSON of another kind is passed over beside a table."""
    table = Table(BESIDE)
    for clip in clips:
        beside = sidecars.of(clip)
        if beside is None or sidecars.size(beside) > MOST_SIDECAR_BYTES:
            continue
        try:
            raw = source.read(beside)
        except DamagedMember as exc:
            say_damaged(table, beside, exc)
            continue
        text = decode(raw).text.strip()
        if beside.endswith(".json"):
            _add_json(table, clip, beside, text, has_table=has_table)
        elif (kind := timed_kind(beside, raw)) is not None:
            table.find(
                Code.TIMED_TEXT_UNCUT, beside, f"This is {kind}: texts with times, of a recording to be cut.",
                Sentence(NextStep.MAKE_DATASET, " makes a clip of each."),
            )  # fmt: skip
        else:
            who = _speaker_beside(source, sidecars, clip)
            table.rows.append(Row(beside, clip, " ".join(text.split()), who, at=clip))
    return table


def _speaker_beside(source: FileSource, sidecars: Sidecars, clip: str) -> str | None:
    """Who speaks, by a.json beside a.txt: WebDataset's shards have the facts of a clip there."""
    facts = sidecars.facts_of(clip)
    if facts is None:
        return None
    try:
        record = json.loads(decode(source.read(facts)).text)
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    read = Table(facts)
    add_record(read, facts, {**record, "file_name": clip, "text": "-"})
    return read.rows[0].speaker if read.rows else None


def say_damaged(table: Table, place: str, exc: DamagedMember) -> None:
    table.find(
        Code.ARCHIVE_DAMAGED, place, f"{exc}".rstrip(".") + ".",
        SHARD,
    )  # fmt: skip


def _add_json(table: Table, clip: str, beside: str, text: str, *, has_table: bool) -> None:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    if isinstance(record, dict):
        read = Table(table.path)
        add_record(read, beside, {**record, "file_name": clip})
        table.rows += read.rows
        if not has_table:
            table.findings += read.findings
    elif not has_table:
        table.find(Code.BAD_LINE, beside, "This is not a JSON object.", 'Write {"text": "…"}.')


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
