"""LibriSpeech: a file of each chapter with lines of a name and its words; the name begins with the speaker."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pod_image.dataset.corpora.corpus import Corpus, Listing, under
from pod_image.dataset.names import folder_of
from pod_image.dataset.tables import Row, Table

CHAPTER = ".trans.txt"
NAME = re.compile(r"(\d+)-\d+-\d+")


def find(listing: Listing) -> Corpus | None:
    table = Table("chapters of LibriSpeech")
    texts = set()
    for path in listing.ending(CHAPTER):
        rows = list(_rows(listing, path))
        if any(row.at for row in rows):
            table.rows += rows
            texts.add(path)
    return Corpus("LibriSpeech", [table], texts) if table.rows else None


def _rows(listing: Listing, path: str) -> Iterator[Row]:
    for number, line in enumerate(listing.text(path).splitlines(), 1):
        name, _, text = line.strip().partition(" ")
        if name:
            clip = listing.clips.get(under(folder_of(path), name))
            speaker = NAME.fullmatch(name)
            place = f"{path} line {number}"
            yield Row(place, clip or name, text.strip(), speaker[1] if speaker else None, at=clip)
