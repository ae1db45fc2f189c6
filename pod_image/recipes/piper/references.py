"""Recordings of the speaker beside the samples, to compare the voice with: of clips that nothing is learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pod_image.contract.bodies import Sample
from pod_image.recipes.piper.clips import Clips
from pod_image.recipes.piper.say import write_wav

REFERENCES = 8
"""Enough that a listener who guesses is found out, and few megabytes in the results repo."""


def keep_references(
    clips: Clips, held_out: Sequence[int], samples: Path, out: Path, step: int
) -> Iterator[Sample]:
    """Write the first recordings that are held out into `samples`; where none is, the first of all alone."""
    prepared = clips.prepared
    for number, index in enumerate([*held_out[:REFERENCES]] or [0], start=1):
        clip = prepared.clips[index]
        name = "reference.wav" if number == 1 else f"reference-{number:02d}.wav"
        seconds = write_wav(samples / name, clips.sound_of(index), prepared.sample_rate_hz)
        yield Sample(
            step=step,
            path=(samples / name).relative_to(out).as_posix(),
            text=clip.text,
            seconds=round(seconds, 2),
            kind="reference",
            speaker=prepared.speakers[clip.speaker] if len(prepared.speakers) > 1 else None,
        )
