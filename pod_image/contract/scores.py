"""What is measured of a checkpoint without anybody listening: the words for each score, and the rule of the best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FITTING_TEMPO = (0.75, 1.35)
MOST_CLIPPED = 0.001
MOST_SILENT_MORE = 0.2
WORD_ERROR_RATE = "word_error_rate"
"""Not told by a pod: it is measured on a person's own computer, when they ask for it."""


@dataclass(frozen=True)
class ScoreKind:
    """A score by its name in events. `is_lower_better` is None where neither end is the better one.

    `at_best` says why a checkpoint is the best by it.
    """

    name: str
    title: str
    about: str
    unit: str = ""
    is_lower_better: bool | None = True
    is_share: bool = False
    """From 0 to 1, and read in per cent."""
    at_best: str = ""

    def text(self, value: float) -> str:
        """Such as "6.42 dB" or "0.4 %"."""
        if self.is_share:
            return f"{100 * value:.3g} %"
        return f"{value:.4g} {self.unit}".strip()

    def column(self, values: Iterable[float | None]) -> list[str]:
        """Of values under each other, all with the same number of decimals; empty for what was not measured."""
        values = list(values)
        figures = [self.text(value).split(" ")[0] for value in values if value is not None]
        if any("e" in each or "n" in each for each in figures):  # 1e-05, nan, inf
            return ["" if value is None else self.text(value) for value in values]
        decimals = max((len(each.partition(".")[2]) for each in figures), default=0)
        factor, unit = (100, "%") if self.is_share else (1, self.unit)
        return [
            "" if value is None else f"{factor * value:.{decimals}f} {unit}".strip()
            for value in values
        ]


_KINDS = (
    ScoreKind(
        "mel_cepstral_distance_db",
        "Distance from the recordings",
        "How far its sound is from recordings of the same sentences, which it was not trained on.",
        "dB",
        at_best="lowest distance from the recordings",
    ),
    ScoreKind(
        "validation_mel",
        "Sound, on clips it has not seen",
        "Loss of its sound on recordings that it was not trained on.",
        at_best="lowest loss on clips it has not seen",
    ),
    ScoreKind(
        "f0_semitones_off",
        "Pitch, away from the recordings",
        "How far its usual pitch is from that of the recordings, in semitones; 12 is an octave.",
        "semitones",
    ),
    ScoreKind(
        "duration_ratio",
        "Length beside the recordings",
        "Its length for the sentences, divided by that of the recordings; 1 means equal.",
        is_lower_better=None,
    ),
    ScoreKind(
        "clipped_share", "Clipped", "Samples of its sound at or beyond full scale.", is_share=True
    ),
    ScoreKind(
        "silent_share",
        "Silence",
        "Parts of its sound far below the loudest.",
        is_lower_better=None,
        is_share=True,
    ),
    ScoreKind(
        "silent_share_of_recording",
        "Silence in the recordings",
        "The same of the recordings.",
        is_lower_better=None,
        is_share=True,
    ),
    ScoreKind(
        WORD_ERROR_RATE,
        "Misheard words",
        "Words of the samples that a speech recogniser heard differently, left out or added.",
        is_share=True,
        at_best="fewest misheard words",
    ),
    ScoreKind("f0_hz", "Pitch", "The usual pitch of its voice.", "Hz", is_lower_better=None),
)
KINDS: Mapping[str, ScoreKind] = {kind.name: kind for kind in _KINDS}
DECIDING = ("mel_cepstral_distance_db", "validation_mel")
"""What decides among checkpoints with as few faults: the first of these that was measured."""


def kind_of(name: str) -> ScoreKind:
    """Also of a score that this version does not know: in its own words, and lower taken for better."""
    return KINDS.get(name) or ScoreKind(name, name.replace("_", " ").capitalize(), "")


def in_order(names: Iterable[str]) -> list[str]:
    """Those that decide first, then the others that are known, then the rest as they came."""
    known = list(KINDS)
    return sorted(names, key=lambda name: known.index(name) if name in KINDS else len(known))


def faults_in(scores: Mapping[str, float]) -> tuple[str, ...]:
    """What is wrong whatever the distance says, each in a few words."""
    tempo = scores.get("duration_ratio", 1.0)
    more_silent = scores.get("silent_share", 0.0) - scores.get("silent_share_of_recording", 0.0)
    slowest, fastest = FITTING_TEMPO[1], FITTING_TEMPO[0]
    found = (
        ("speaks too fast", tempo < fastest),
        ("speaks too slowly", tempo > slowest),
        ("clips", scores.get("clipped_share", 0.0) > MOST_CLIPPED),
        ("too much silence", more_silent > MOST_SILENT_MORE),
    )
    return tuple(words for words, is_so in found if is_so)


def is_better(new: Mapping[str, float], best: Mapping[str, float] | None) -> bool:
    """The rule of the best checkpoint.

    Fewer faults win. Faults are: sentences under 0.75 or over 1.35 times as long as recorded, over 0.1 % of samples
    clipped, over 20 % more silent frames than the recordings have. Among equals the smaller mel-cepstral
    distance wins; where no sentence was spoken, the smaller validation mel; without either, the newer.
    """
    if not best:
        return True
    return _rank(new) < _rank(best) if _is_scored(new) or _is_scored(best) else True


def _is_scored(scores: Mapping[str, float]) -> bool:
    return bool(set(DECIDING) & set(scores))


def _rank(scores: Mapping[str, float]) -> tuple[float, ...]:
    nowhere = float("inf")
    return (len(faults_in(scores)), *(scores.get(name, nowhere) for name in DECIDING))
