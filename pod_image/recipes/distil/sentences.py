"""What the teacher is to say: our sentences or the person's, or the texts of a dataset; each once, in their order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.recipes.distil import SENTENCES_FILE, DistilSettings, SentencesFrom
from pod_image.dataset import DatasetError, read_datasets
from pod_image.dataset.fitness import has_words
from pod_image.recipes.piper.recipe_error import RecipeError

KEY_LETTERS = 12


@dataclass(frozen=True)
class Sentence:
    """`key` is of the text alone: the same sentence is known again in another pod, and in another order."""

    key: str
    text: str


def sentences_of(settings: DistilSettings, dataset: Path, work: Path) -> list[Sentence]:
    """As many as are asked for. `dataset` as it was fetched; `work` is where brought files are. Raises RecipeError."""
    if settings.sentences_from is SentencesFrom.DATASET:
        texts: Iterable[str] = _texts_of_dataset(settings, dataset, work)
    else:
        texts = _lines(work / SENTENCES_FILE)
    found = distinct(texts)[: settings.spoken_clips]
    if not found:
        raise RecipeError(
            "There is no sentence to speak.",
            hint="Give a file with one sentence on each line, or a dataset with texts.",
        )
    return found


def distinct(texts: Iterable[str]) -> list[Sentence]:
    """Each text once, without those that have nothing to say."""
    plain = (" ".join(text.split()) for text in texts)
    return [Sentence(key_of(text), text) for text in dict.fromkeys(plain) if has_words(text)]


def key_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:KEY_LETTERS]


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise RecipeError(
            "The sentences were not sent with the run.",
            hint="Launch it again: they are sent with the run.",
        ) from exc


def _texts_of_dataset(settings: DistilSettings, dataset: Path, work: Path) -> Iterable[str]:
    try:
        found = read_datasets(
            dataset,
            chosen_datasets(settings),
            unpack_to=work / "unpacked",
            is_apart=False,
            tables=settings.table,
        )
    except DatasetError as exc:
        raise RecipeError(exc.message, hint=exc.hint) from exc
    return (clip.text for clip in found.clips)
