"""The prepared set on disk: sixteen-bit sound in one file, everything else in one JSON document. No torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.whole_file import write_whole
from pod_image.recipes.piper.recipe_error import RecipeError

FORMAT = 2
SCORES_NAME = "scores.json"
"""Beside the checkpoints: what each scored, and which step is the best."""
LOSSES_NAME = "losses.csv"
"""Beside the TensorBoard files: every loss that was reported, by step."""
TRANSCRIPTS_NAME = "heard/transcripts.csv"
"""Delivered: file, text and confidence of each clip that was heard before the training."""
_DOCUMENT = "set.json"
_SOUND = "sound.i16"


@dataclass(frozen=True)
class PreparedClip:
    """One clip. Its sound is `samples` values from `first_sample` of the sound file."""

    place: str
    path: str
    text: str
    ids: list[int]
    speaker: int
    first_sample: int
    samples: int
    dataset: int = 0


@dataclass(frozen=True)
class PreparedSet:
    """What `prepare` made: clips in the order of the metadata; speakers by id; `digest` of all that went in."""

    sample_rate_hz: int
    espeak_voice: str
    speakers: list[str]
    digest: str
    clips: list[PreparedClip]
    phoneme_type: PhonemeType = PhonemeType.ESPEAK
    symbols: dict[str, int] | None = None
    """Each with its id, where they are not simply the kind's own."""
    model_beside: Path | None = None

    @property
    def hours(self) -> float:
        return sum(clip.samples for clip in self.clips) / self.sample_rate_hz / 3600


def sound_path(folder: Path) -> Path:
    """The sound of every clip: signed sixteen-bit little-endian, mono, one clip after another."""
    return folder / _SOUND


def write_prepared(folder: Path, prepared: PreparedSet) -> None:
    """Write the document last and in one move: with it, the set is whole."""
    document = {"format": FORMAT, **asdict(prepared)}
    document["model_beside"] = str(prepared.model_beside) if prepared.model_beside else None
    write_whole(folder / _DOCUMENT, json.dumps(document, ensure_ascii=False))


def read_prepared(folder: Path) -> PreparedSet:
    """Raises RecipeError when nothing was prepared here, or by another version."""
    try:
        document = json.loads((folder / _DOCUMENT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(
            f"There is no prepared set in {folder}.", hint="Run the prepare stage first."
        ) from None
    if document.pop("format", None) != FORMAT:
        raise RecipeError(
            f"The set in {folder} was prepared by another version.", hint="Prepare it again."
        )
    clips = [PreparedClip(**clip) for clip in document.pop("clips")]
    kind = PhonemeType(document.pop("phoneme_type"))
    beside = document.pop("model_beside")
    return PreparedSet(
        clips=clips, phoneme_type=kind, model_beside=Path(beside) if beside else None, **document
    )
