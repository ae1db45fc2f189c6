"""A Piper voice on onnxruntime that says phonemes one way and another: who speaks, how fast, how lively."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import soxr
from numpy.typing import NDArray

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.phonemes.phonemizer import Phonemizer
from pod_image.phonemes.symbols import ids_of_sentence

Sound = NDArray[np.float32]
RATE_HZ = 16_000
"""What openWakeWord hears."""
LOUD = 0.7


class UnusableVoice(Exception):
    """A voice's files cannot be used; says why in a sentence."""


@dataclass(frozen=True)
class Manner:
    """How something is said. `size` makes the head smaller (above 1) or larger, as tapes do: higher and faster."""

    person: int = 0
    pace: float = 1.0
    liveliness: float = 0.667
    rhythm: float = 0.8
    size: float = 1.0


class Speaker:
    """One process's copy of a voice. Loading takes a second; texts become phonemes in a millisecond."""

    def __init__(self, path: Path, seed: int = 0) -> None:
        """Raises UnusableVoice."""
        try:
            self._described: dict[str, Any] = json.loads(Path(f"{path}.json").read_bytes())
            self._rate_hz = int(self._described["audio"]["sample_rate"])
            self._symbols = {
                symbol: int(ids[0]) for symbol, ids in self._described["phoneme_id_map"].items()
            }
            self.people = max(1, int(self._described.get("num_speakers", 1)))
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as exc:
            raise UnusableVoice(
                f"{path.name}.json does not describe a Piper voice ({type(exc).__name__})."
            ) from exc
        self._path, self._seed = path, seed

    @cached_property
    def _session(self) -> Any:
        onnxruntime.set_seed(self._seed)
        options = onnxruntime.SessionOptions()
        # Many processes speak at once: each takes one core.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(
            str(self._path), options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def _phonemizer(self) -> Phonemizer:
        kind = PhonemeType(self._described.get("phoneme_type", PhonemeType.ESPEAK))
        espeak_voice = str(self._described.get("espeak", {}).get("voice", "en-us"))
        return Phonemizer(espeak_voice, kind, symbols=self._symbols, model_beside=self._path.parent)

    def symbols(self, text: str) -> tuple[str, ...]:
        """A text's phonemes, sentences one after another. Raises PhonemesError."""
        phonemes = self._phonemizer(text)
        known = [
            [symbol for symbol in sentence if symbol in self._symbols]
            for sentence in phonemes.symbols
        ]
        return tuple(symbol for sentence in known for symbol in (*sentence, " "))[:-1]

    def say(self, symbols: Sequence[str], manner: Manner) -> Sound:
        """Sixteen kilohertz, mono, its loudest at LOUD; silence before and after is cut."""
        ids = ids_of_sentence(symbols, self._symbols)
        inputs: dict[str, Any] = {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": np.array(
                [manner.liveliness, manner.pace * manner.size, manner.rhythm], dtype=np.float32
            ),
        }
        if self.people > 1:
            inputs["sid"] = np.array([manner.person], dtype=np.int64)
        sound = self._session.run(None, inputs)[0].reshape(-1).astype(np.float32)
        return trimmed(at_16_khz(sound, self._rate_hz * manner.size))


def at_16_khz(sound: Sound, rate_hz: float) -> Sound:
    if rate_hz == RATE_HZ or not len(sound):
        return sound
    resampled: Sound = soxr.resample(sound, rate_hz, RATE_HZ).astype(np.float32)
    return resampled


def trimmed(sound: Sound) -> Sound:
    """Without the silence at both ends; its loudest at LOUD. Nothing at all where there is no sound in it."""
    sound = np.nan_to_num(sound)
    peak = float(np.abs(sound).max(initial=0.0))
    if peak < 1e-4:
        return np.zeros(0, dtype=np.float32)
    heard = np.flatnonzero(np.abs(sound) > peak * 0.02)
    part: Sound = sound[heard[0] : heard[-1] + 1] / peak * LOUD
    return part
