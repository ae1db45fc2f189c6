"""Sizes of the network for each quality a Piper voice can have, as data and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pod_image.dataset.fitness import HOP_SAMPLES as HOP_SAMPLES
from pod_image.dataset.fitness import SEGMENT_SAMPLES as SEGMENT_SAMPLES

SEGMENT_FRAMES = SEGMENT_SAMPLES // HOP_SAMPLES
SPECTROGRAM_BINS = 513
SYMBOLS = 256
SPEAKER_WIDTH = 512


class Quality(StrEnum):
    """What the ecosystem calls a voice's size; the value is also the word in its file name."""

    X_LOW = "x_low"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @classmethod
    def parse(cls, text: str) -> Quality:
        """Take `x-low` as well as `x_low`. Raises ValueError for an unknown word."""
        return cls(text.strip().lower().replace("-", "_"))


@dataclass(frozen=True)
class Sizes:
    """Everything that decides the shape of a tensor, apart from symbols and speakers."""

    hidden: int = 192
    filter: int = 768
    heads: int = 2
    text_layers: int = 6
    posterior_layers: int = 16
    flow_layers: int = 4
    resblock_kernels: tuple[int, ...] = (3, 5, 7)
    resblock_dilations: tuple[tuple[int, ...], ...] = ((1, 2), (2, 6), (3, 12))
    # The larger residual block follows each dilated convolution with a plain one.
    resblock_paired: bool = False
    upsample_rates: tuple[int, ...] = (8, 8, 4)
    upsample_kernels: tuple[int, ...] = (16, 16, 8)
    decoder_channels: int = 256
    # Only tests divide: a discriminator of full width takes seconds a step on a CPU.
    discriminator_divisor: int = 1


_HIGH_DECODER = Sizes(
    resblock_kernels=(3, 7, 11),
    resblock_dilations=((1, 3, 5), (1, 3, 5), (1, 3, 5)),
    resblock_paired=True,
    upsample_rates=(8, 8, 2, 2),
    upsample_kernels=(16, 16, 4, 4),
    decoder_channels=512,
)

SIZES: dict[Quality, Sizes] = {
    Quality.X_LOW: Sizes(hidden=96, filter=384),
    Quality.LOW: Sizes(),
    Quality.MEDIUM: Sizes(),
    Quality.HIGH: _HIGH_DECODER,
}

SAMPLE_RATE_HZ: dict[Quality, int] = {
    Quality.X_LOW: 16_000,
    Quality.LOW: 16_000,
    Quality.MEDIUM: 22_050,
    Quality.HIGH: 22_050,
}
