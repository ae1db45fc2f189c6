"""Sentences that the voice speaks while it is trained, each a sound file and an event."""

from __future__ import annotations

from pathlib import Path

from pod_image.contract.bodies import RunWarning, Sample
from pod_image.recipes.piper.model import Generator
from pod_image.recipes.piper.phonemes import phonemizer
from pod_image.recipes.piper.prepared import PreparedSet
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.say import say, write_wav
from pod_image.recipes.piper.speaker_names import speaker_named
from pod_image.recipes.worker import Emit


class Samples:
    """Speaks with the generator as it is at the time. Paths in events are relative to `out`."""

    def __init__(self, generator: Generator, prepared: PreparedSet, out: Path, emit: Emit) -> None:
        self._generator, self._prepared = generator, prepared
        self._out, self._emit = out, emit
        self._phonemizer = phonemizer(prepared)

    def speak(self, step: int, text: str, path: Path, speaker: str = "") -> str:
        """Raises RecipeError for what this voice cannot say. Returns the sample's path below the results."""
        rate_hz, names = self._prepared.sample_rate_hz, self._prepared.speakers
        who = speaker_named(speaker, names) if speaker else 0
        sound = say(self._generator, self._phonemizer, text, rate_hz, speaker=who)
        seconds = write_wav(path, sound, rate_hz)
        below = path.relative_to(self._out).as_posix()
        said = f"{text} ({names[who]})" if speaker and names else text
        self._emit(Sample(step=step, path=below, text=said, seconds=round(seconds, 2)))
        return below

    def speak_if_it_can(self, step: int, text: str, path: Path) -> None:
        """A sentence that this voice cannot say, such as one in other letters, costs a sample and not the training."""
        try:
            self.speak(step, text, path)
        except RecipeError as exc:
            left_out = f"The sample sentence {text[:60]!r} was not spoken. {exc}"
            self._emit(RunWarning.saying("sample-left-out", left_out, exc.hint))
