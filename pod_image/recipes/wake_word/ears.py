"""What openWakeWord makes of sound before any wake word: features of 80 milliseconds each, by its two shared models.

They are heard in the same pieces as when it listens, so that a model learns what it will be given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pod_image.recipes.wake_word.speaker import RATE_HZ, Sound

Frames = NDArray[np.float32]
"""A row of WIDTH numbers for each 80 milliseconds."""
HOP = 1_280
WIDTH = 96
WINDOW = 16
"""How many frames a model looks at: about two seconds."""
_PIECE = 1_760
_MELS = 32
_MELS_A_FRAME, _MELS_A_HOP = 76, 8
_SCALE = 32_767.0
MEL_FILE, EMBEDDING_FILE = "melspectrogram.onnx", "embedding_model.onnx"


class Ears:
    """One process's copy of the two models, on one core."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._mel, self._embedding = (
            onnxruntime.InferenceSession(
                str(folder / name), options, providers=["CPUExecutionProvider"]
            )
            for name in (MEL_FILE, EMBEDDING_FILE)
        )

    def frames(self, sound: Sound) -> Frames:
        """One for each hop from the first that is whole: `frame_count` of them."""
        mels = np.concatenate([self._mels(piece) for piece in _pieces(sound)])
        count = frame_count(len(sound))
        windows = np.stack(
            [mels[at * _MELS_A_HOP :][:_MELS_A_FRAME] for at in range(count)]
        ).reshape(count, _MELS_A_FRAME, _MELS, 1)
        name = self._embedding.get_inputs()[0].name
        embedded: Any = self._embedding.run(None, {name: windows})[0]
        frames: Frames = embedded.reshape(count, WIDTH)
        return frames

    def _mels(self, piece: Sound) -> Frames:
        name = self._mel.get_inputs()[0].name
        mels: Any = self._mel.run(None, {name: piece[None] * np.float32(_SCALE)})[0]
        scaled: Frames = mels.reshape(-1, _MELS) / 10 + 2
        return scaled


def frame_count(samples: int) -> int:
    """How many frames so many samples give."""
    mels = max(0, (samples - _PIECE) // HOP + 1) * _MELS_A_HOP
    return max(0, (mels - _MELS_A_FRAME) // _MELS_A_HOP + 1)


def samples_for(frames: int) -> int:
    """The fewest samples that give so many frames."""
    pieces = frames - 1 + -(-_MELS_A_FRAME // _MELS_A_HOP)
    return (pieces - 1) * HOP + _PIECE


def seconds_of(frames: int) -> float:
    """How long one listens for so many frames."""
    return frames * HOP / RATE_HZ


def _pieces(sound: Sound) -> list[Sound]:
    return [sound[at : at + _PIECE] for at in range(0, len(sound) - _PIECE + 1, HOP)]
