"""What a run needs to be planned well, in words that any recipe can fill in."""

from __future__ import annotations

from dataclasses import dataclass

from pod_image.contract.next_steps import Said
from pod_image.contract.phoneme_types import PhonemeType


@dataclass(frozen=True)
class GpuMemory:
    """On each GPU; 0 GB where nobody can know. `basis` says what it was reckoned for, `hint` how to need less."""

    gb: float = 0.0
    basis: str = ""
    hint: Said = ""


def greatest(*needed: GpuMemory) -> GpuMemory:
    """The one that asks for most: a GPU that has room for it has room for each."""
    return max(needed, key=lambda each: each.gb)


@dataclass(frozen=True)
class DiskRoom:
    """On the pod's disk, at the least. `basis` names what it is for, such as "dataset and one checkpoint"."""

    gb: float
    basis: str


@dataclass(frozen=True)
class SpeechWanted:
    """What recordings with transcripts have to be good for. An empty `espeak_voice` takes the language's."""

    language: str
    espeak_voice: str
    sample_rate_hz: int
    speakers: int
    phoneme_type: PhonemeType
    minutes: float
    """Of speech; 0 for a trial, which any amount will do for."""
    is_apart: bool = False
    """Of several datasets: whether each has speakers of its own."""
    heard_by: str = ""
    """The recogniser that writes texts for clips without one, in the pod; empty where none does."""
