"""M-AILABS: metadata.csv of each book, the same once more in metadata_mls.json, the speaker in the path."""

from __future__ import annotations

import re
from dataclasses import replace

from pod_image.dataset.corpora.corpus import Corpus, Listing, under
from pod_image.dataset.names import folder_of
from pod_image.dataset.tables import Table, read_table

TABLE, AGAIN = "metadata.csv", "metadata_mls.json"
SPEAKER = re.compile(r"(?:^|/)(?:female|male)/([^/]+)/")


def find(listing: Listing) -> Corpus | None:
    found = Corpus("M-AILABS", [])
    for again in listing.named(AGAIN):
        path = under(folder_of(again), TABLE)
        path = path if path in listing.sizes else again
        found.tables.append(_read(listing, path))
        found.texts |= {path, again}
        if path != again:
            found.left[again] = f"{TABLE} says the same"
    return found if any(table.rows for table in found.tables) else None


def _read(listing: Listing, path: str) -> Table:
    table = read_table(path, listing.source.read(path))
    speaker = SPEAKER.search(path)
    if speaker is not None:
        table.rows = [replace(row, speaker=speaker[1]) for row in table.rows]
    return table
