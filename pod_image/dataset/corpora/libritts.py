"""LibriTTS: a normalised and an original text beside each clip, and both again in a table of each chapter."""

from __future__ import annotations

import re

from pod_image.dataset.corpora.corpus import Corpus, Listing, name_of, texts_in
from pod_image.dataset.names import folder_of
from pod_image.dataset.tables import Row, Table

NORMALISED, ORIGINAL, CHAPTER = ".normalized.txt", ".original.txt", ".trans.tsv"
NAME = re.compile(r"(\d+)_\d+_\d+_\d+")


def find(listing: Listing) -> Corpus | None:
    table = Table("texts of LibriTTS")
    for ending in (NORMALISED, ORIGINAL):
        _read_beside(listing, ending, table)
    known = {row.at for row in table.rows}
    for path in listing.ending(CHAPTER):
        _read_chapter(listing, path, table, known)
    if not table.rows:
        return None
    folders = {folder_of(row.file) for row in table.rows}
    texts = texts_in(listing, folders, (NORMALISED, ORIGINAL, CHAPTER, ".book.tsv"))
    return Corpus("LibriTTS", [table], texts)


def _read_beside(listing: Listing, ending: str, table: Table) -> None:
    known = {row.at for row in table.rows}
    for path in listing.ending(ending):
        clip = listing.clips.get(path[: -len(ending)])
        if clip is not None and clip not in known:
            _add(table, path, clip, listing.text(path))


def _read_chapter(listing: Listing, path: str, table: Table, known: set[str | None]) -> None:
    """name, original, normalised; only for clips without a text of their own."""
    for number, line in enumerate(listing.text(path).splitlines(), 1):
        cells = line.split("\t")
        clip = listing.clips.get(f"{folder_of(path)}/{cells[0].strip()}".lstrip("/"))
        if clip is not None and clip not in known and len(cells) > 1:
            _add(table, f"{path} line {number}", clip, cells[-1] or cells[1])


def _add(table: Table, place: str, clip: str, text: str) -> None:
    name = NAME.match(name_of(clip))
    table.rows.append(Row(place, clip, " ".join(text.split()), name[1] if name else None, at=clip))
