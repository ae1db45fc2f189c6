"""CMU Arctic and other voices of Festival: lines of ( name "text" ) in txt.done.data, clips in wav/."""

from __future__ import annotations

import re

from pod_image.dataset.corpora.corpus import Corpus, Listing, under
from pod_image.dataset.names import AUDIO_FOLDERS, folder_of
from pod_image.dataset.tables import Row, Table

LINE = re.compile(r'\(\s*(\S+)\s+"((?:[^"\\]|\\.)*)"\s*\)')


def find(listing: Listing) -> Corpus | None:
    found = Corpus("Festival", [])
    for path in listing.named("txt.done.data"):
        table = Table(path)
        here = folder_of(path)
        homes = [under(base, sub) for base in (folder_of(here), here) for sub in AUDIO_FOLDERS]
        for number, line in enumerate(listing.text(path).splitlines(), 1):
            match = LINE.search(line)
            if match is None:
                continue
            clip = next(
                (c for home in homes if (c := listing.clips.get(f"{home}/{match[1]}"))), None
            )
            text = re.sub(r"\\(.)", r"\1", match[2])
            table.rows.append(Row(table.place(number), clip or match[1], text, None, at=clip))
        if any(row.at for row in table.rows):
            found.tables.append(table)
            found.texts.add(path)
    return found if found.tables else None
