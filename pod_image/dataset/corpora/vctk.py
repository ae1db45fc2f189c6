"""VCTK: txt/<speaker>/<name>.txt and wav48*/<speaker>/<name>, since 0.92 from two microphones."""

from __future__ import annotations

import re
from collections import defaultdict

from pod_image.dataset.corpora.corpus import Corpus, Listing
from pod_image.dataset.tables import Row, Table

TEXT = re.compile(r"(?P<root>(?:.*/)?)txt/(?P<speaker>[^/]+)/(?P<name>[^/]+)\.txt")
SOUND = re.compile(
    r"(?P<root>(?:.*/)?)wav48[^/]*/(?P<speaker>[^/]+)/(?P<name>[^/]+?)(?P<microphone>_mic\d)?\.[^./]+"
)


def find(listing: Listing) -> Corpus | None:
    sounds: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for path in listing.audio:
        if match := SOUND.fullmatch(path):
            sounds[match["root"], match["speaker"], match["name"]].append(path)
    if not sounds:
        return None
    table, texts, spare = Table("txt of VCTK"), set[str](), set[str]()
    for path in listing.texts:
        match = TEXT.fullmatch(path)
        paths = sounds.get((match["root"], match["speaker"], match["name"])) if match else None
        if match is None or not paths:
            continue
        first, *others = sorted(paths)
        text = " ".join(listing.text(path).split())
        table.rows.append(Row(path, first, text, match["speaker"], at=first))
        texts.add(path)
        spare.update(each for each in others if "_mic" in each)
    if not table.rows:
        return None
    why = "they are from a second microphone"
    return Corpus("VCTK", [table], texts, spare=frozenset(spare), why=why)
