"""Corpora whose layout is known, one file each: read as what they are rather than as any table that is there."""

from __future__ import annotations

from collections.abc import Callable

from pod_image.dataset.corpora import (
    common_voice,
    festival,
    kaldi,
    librispeech,
    libritts,
    m_ailabs,
    mls,
    vctk,
)
from pod_image.dataset.corpora.corpus import Corpus, Listing

CORPORA: tuple[Callable[[Listing], Corpus | None], ...] = (
    common_voice.find,
    libritts.find,
    librispeech.find,
    mls.find,
    m_ailabs.find,
    vctk.find,
    festival.find,
    kaldi.find,
)


def find_corpora(listing: Listing) -> list[Corpus]:
    """All known corpora in the dataset. OSError where a file cannot be read."""
    return [corpus for find in CORPORA if (corpus := find(listing)) is not None]
