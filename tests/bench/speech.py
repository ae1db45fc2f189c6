"""A dataset to measure on: the demo's sentences, each time at another tempo and pitch, some two in one clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from tests.kit.recordings import RATE_HZ, sentences


@dataclass(frozen=True)
class SpokenClip:
    """What the recipe's preparation takes for a row of metadata."""

    path: Path
    text: str
    place: str
    speaker: str | None = None
    dataset: int = 0


def spoken_clips(folder: Path, count: int) -> list[SpokenClip]:
    """`count` WAV files of 22,050 Hz, 2.3 to 8 s long and 3.8 on average, with `metadata.csv` beside them."""
    wavs = folder / "wavs"
    wavs.mkdir(parents=True)
    known = [(soundfile.read(path, dtype="float32")[0], text) for path, text in sentences()]
    draw = np.random.default_rng(11)
    clips = []
    for number in range(count):
        sound, text = known[number % len(known)]
        if number % 7 == 3:
            second, more = known[int(draw.integers(len(known)))]
            sound, text = np.concatenate([sound, second]), f"{text} {more}"
        played = soxr.resample(sound, RATE_HZ, RATE_HZ * draw.uniform(0.88, 1.12))
        played = played + draw.normal(0, 2e-4, len(played))
        path = wavs / f"{number:05d}.wav"
        soundfile.write(path, played.clip(-1, 1), RATE_HZ, subtype="PCM_16")
        clips.append(SpokenClip(path, text, f"metadata.csv line {number + 1}"))
    rows = "".join(f"{clip.path.name}|{clip.text}\n" for clip in clips)
    (folder / "metadata.csv").write_text(rows)
    return clips


def known_clips(folder: Path) -> list[SpokenClip]:
    """The clips that `spoken_clips` left in `folder`."""
    rows = (folder / "metadata.csv").read_text().splitlines()
    return [
        SpokenClip(folder / "wavs" / name, text, f"metadata.csv line {number}")
        for number, (name, _, text) in enumerate((row.partition("|") for row in rows), start=1)
    ]
