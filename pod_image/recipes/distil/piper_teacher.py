"""A Piper voice as the teacher: one speaker of it, on the processor, by the reference runtime."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pod_image.contract.whole_file import replacing
from pod_image.recipes.distil.sentences import Sentence
from pod_image.recipes.distil.teacher import Spoken, clip_name
from pod_image.recipes.piper.recipe_error import RecipeError

MOST_DESCRIPTION_BYTES = 4 << 20
MOST_NAMES = 20


class PiperTeacher:
    """The voice is loaded once. Raises RecipeError for one that cannot be loaded, and for a speaker it lacks."""

    def __init__(self, voice: Path, speaker: str = "") -> None:
        described = _described(voice)
        self._speaker = speaker_id(described, speaker)
        self.language = str(_inside(described, "language", "code") or "")
        self._voice = _loaded(voice)

    def speak(self, sentences: Sequence[Sentence], folder: Path) -> Iterator[Spoken | None]:
        for sentence in sentences:
            yield Spoken(sentence, self._say(sentence, folder / clip_name(sentence)))

    def _say(self, sentence: Sentence, path: Path) -> str:
        from piper import SynthesisConfig

        how = SynthesisConfig(speaker_id=self._speaker)
        chunks = [chunk.audio_int16_bytes for chunk in self._voice.synthesize(sentence.text, how)]
        if not chunks:
            return "The voice has no sound for it."
        with replacing(path) as part, wave.open(str(part), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self._voice.config.sample_rate)
            file.writeframes(b"".join(chunks))
        return ""


def speaker_id(described: Mapping[str, Any], speaker: str) -> int | None:
    """The number of a speaker that is named or numbered; None for a voice that has one alone. Raises RecipeError."""
    count = described.get("num_speakers")
    count = count if isinstance(count, int) else 1
    ids = described.get("speaker_id_map")
    by_name = {str(n): v for n, v in ids.items()} if isinstance(ids, dict) else {}
    if not speaker:
        return 0 if count > 1 else None
    number = by_name.get(speaker, int(speaker) if speaker.isdecimal() else None)
    if not isinstance(number, int) or not 0 <= number < max(count, 1):
        names = ", ".join(list(by_name)[:MOST_NAMES]) or f"numbers from 0 to {max(count, 1) - 1}"
        raise RecipeError(
            f"The teacher's voice has no speaker {speaker!r}.", hint=f"It has {names}."
        )
    return number if count > 1 else None


def _described(voice: Path) -> Mapping[str, Any]:
    path = voice.with_name(f"{voice.name}.json")
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(MOST_DESCRIPTION_BYTES))
    except (OSError, ValueError, RecursionError) as exc:
        raise _unusable(voice, "its JSON cannot be read") from exc
    if not isinstance(document, dict):
        raise _unusable(voice, "its JSON does not describe a voice")
    return document


def _loaded(voice: Path) -> Any:
    from piper import PiperVoice

    try:
        return PiperVoice.load(voice)
    except (
        Exception
    ) as exc:  # onnxruntime and piper raise what they like for a file that is no voice
        raise _unusable(voice, f"it cannot be loaded ({type(exc).__name__})") from exc


def _unusable(voice: Path, why: str) -> RecipeError:
    return RecipeError(
        f"The teacher's voice {voice.name} cannot be used: {why}.",
        hint="Name a Piper voice: an .onnx with its .onnx.json next to it.",
    )


def _inside(document: Mapping[str, Any], group: str, key: str) -> Any:
    values = document.get(group)
    return values.get(key) if isinstance(values, dict) else None
