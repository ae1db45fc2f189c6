"""A teacher and a recogniser of the tests' own: the demo's clips, said from their texts and heard by their length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pod_image.recipes.distil.agreement import Limits
from pod_image.recipes.distil.making import Making, Places
from pod_image.recipes.distil.measured import Ears, Measured
from pod_image.recipes.distil.sentences import Sentence, distinct
from pod_image.recipes.distil.teacher import Spoken, clip_name
from tests.kit.recognisers import TableRecogniser, demo_sound, demo_texts

TEXTS = list(demo_texts().values())
FILES = {text: name for name, text in demo_texts().items()}
LIMITS = Limits(0.01, 1.2, 5.0, "en_US")
GOOD = Measured(
    seconds=3.0,
    peak=0.7,
    clipped_share=0.0,
    head=0.01,
    tail=0.02,
    speech_seconds=2.6,
    longest_pause_seconds=0.2,
    is_heard=True,
    least_word="sand",
    least_probability=0.2,
    mean_log_probability=-0.1,
    goes_on_seconds=0.1,
)
"""What a clip measures that says its sentence."""
Change = Callable[[Any, int], Any]


def sentences(count: int) -> list[Sentence]:
    return distinct(TEXTS[:count])


def recogniser() -> TableRecogniser:
    return TableRecogniser.of_demo()


def write_demo_clip(text: str, path: Path, change: Change | None = None) -> None:
    wave, rate_hz = soundfile.read(demo_sound(FILES[text]), dtype="float32")
    soundfile.write(path, change(wave, rate_hz) if change else wave, rate_hz)


def silence(wave: Any, rate_hz: int) -> Any:
    return np.zeros_like(wave)


@dataclass
class DemoTeacher:
    """Says the demo's sentences. `changes` spoils clips by their text; `said` is what it was asked, in order."""

    changes: Mapping[str, Change] = field(default_factory=dict)
    fails: Mapping[str, str] = field(default_factory=dict)
    dies_after: int | None = None
    dies_of: BaseException = field(default_factory=KeyboardInterrupt)
    said: list[str] = field(default_factory=list)

    def speak(self, wanted: Sequence[Sentence], folder: Path) -> Iterator[Spoken | None]:
        for each in wanted:
            if self.dies_after is not None and len(self.said) >= self.dies_after:
                raise self.dies_of
            self.said.append(each.text)
            why = self.fails.get(each.text, "")
            if not why:
                write_demo_clip(each.text, folder / clip_name(each), self.changes.get(each.text))
            yield Spoken(each, why)


def making(root: Path, ears: TableRecogniser, said: list[Any] | None = None, **more: Any) -> Making:
    """In a run's folder below `root`; what it says goes to `said`."""
    places = Places(root / "prepared" / "spoken", root / "out" / "spoken")
    emit = (lambda body: None) if said is None else said.append
    return Making(places, Ears(ears, "en_US"), LIMITS, emit, **more)
