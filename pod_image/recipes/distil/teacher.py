"""What a teacher is: it says sentences, each into a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pod_image.recipes.distil.sentences import Sentence


@dataclass(frozen=True)
class Spoken:
    """A sentence that was said: its clip is whole. `why_not`: that it was not, as a sentence of the teacher's."""

    sentence: Sentence
    why_not: str = ""


class Teacher(Protocol):
    """Whoever speaks the clips of a run."""

    def speak(self, sentences: Sequence[Sentence], folder: Path) -> Iterator[Spoken | None]:
        """Say them, in any order; each clip is whole in `folder`, under `clip_name`, when it is yielded.

        None is a moment to look around while it is at the next one. Whoever closes the iterator has enough. Raises
        RecipeError.
        """
        ...


def clip_name(sentence: Sentence) -> str:
    return f"{sentence.key}.wav"
