"""Multilingual LibriSpeech: transcripts.txt of a split, clips in audio/<speaker>/<book>/ below it."""

from __future__ import annotations

import re

from pod_image.dataset.corpora.corpus import Corpus, Listing, under
from pod_image.dataset.names import folder_of
from pod_image.dataset.tables import Row, Table

NAME = re.compile(r"(\d+)_(\d+)_\d+")
BESIDE = ("segments.txt", "metainfo.txt", "handles.txt")


def find(listing: Listing) -> Corpus | None:
    found = Corpus("Multilingual LibriSpeech", [])
    for path in listing.named("transcripts.txt"):
        table = _read(listing, path)
        if any(row.at for row in table.rows):
            found.tables.append(table)
            found.texts.add(path)
    if not found.tables:
        return None
    found.texts |= set(listing.named(*BESIDE))
    return found


def _read(listing: Listing, path: str) -> Table:
    table = Table(path)
    for number, line in enumerate(listing.text(path).splitlines(), 1):
        name, _, text = line.partition("\t")
        match = NAME.fullmatch(name.strip())
        if match is None:
            continue
        clip = listing.clips.get(
            under(folder_of(path), f"audio/{match[1]}/{match[2]}/{name.strip()}")
        )
        table.rows.append(
            Row(table.place(number), clip or name.strip(), text.strip(), match[1], at=clip)
        )
    return table
