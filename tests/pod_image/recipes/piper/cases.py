"""Weights from names, small networks and made-up clips, for the tests of the Piper recipe."""

from __future__ import annotations

import functools
import json
import zlib
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from pod_image.recipes.piper.clips import Clips
from pod_image.recipes.piper.model import Discriminators
from pod_image.recipes.piper.prepared import PreparedClip, PreparedSet
from pod_image.recipes.piper.quality import SIZES, Quality, Sizes

HERE = Path(__file__).parent
GOLDEN: dict[str, Any] = json.loads((HERE / "golden.json").read_text())

M = TypeVar("M", bound=nn.Module)

SILENT: Any = lambda event: None  # noqa: E731
"""Takes what a stage says, and tells nobody."""

TINY = Sizes(
    hidden=16,
    filter=32,
    text_layers=1,
    posterior_layers=2,
    flow_layers=1,
    decoder_channels=16,
    discriminator_divisor=16,
)


def published_tensors(column: str) -> list[tuple[str, list[int]]]:
    """Names and shapes of a published checkpoint, in its order. Columns: x-low, medium, high, medium-109."""
    header, *rows = (HERE / "tensors.tsv").read_text().splitlines()
    place = header.split("\t").index(column)
    cells = [(row.split("\t")[0], row.split("\t")[place]) for row in rows]
    return [(name, [int(n) for n in shape.split(",")]) for name, shape in cells if shape != "-"]


def fill_by_name(module: nn.Module, prefix: str) -> None:
    """Weights that depend on nothing but each tensor's name and shape, as golden.json was made with."""
    state = module.state_dict()
    for name, tensor in state.items():
        shape = tuple(tensor.shape)
        draw = np.random.RandomState(zlib.crc32(f"{prefix}{name}".encode())).standard_normal(shape)
        state[name] = torch.from_numpy(_scaled(name, draw).astype(np.float32))
    module.load_state_dict(state)


@functools.cache
def published_discriminators() -> Discriminators:
    """Filled by name, of the one size that all qualities have. Shared: whoever asks for gradients leaves no `.grad`."""
    discriminators = Discriminators(SIZES[Quality.MEDIUM]).eval()
    fill_by_name(discriminators, "model_d.")
    return discriminators


def _scaled(name: str, draw: np.ndarray) -> np.ndarray:
    last = name.rsplit(".", 1)[-1]
    if last in ("weight_g", "gamma"):
        return 1 + 0.1 * draw
    if last in ("bias", "beta", "m", "logs"):
        return 0.05 * draw
    if name.endswith(("emb.weight", "emb_g.weight")):
        return draw / np.sqrt(draw.shape[1])
    if last in ("emb_rel_k", "emb_rel_v"):
        return draw / np.sqrt(draw.shape[-1])
    return draw / np.sqrt(np.prod(draw.shape[1:]))


def disturbed(module: M, seed: int = 5) -> M:
    """The module with no parameter left at zero, so that no part of it is idle."""
    torch.manual_seed(seed)
    for parameter in module.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, 0.0, 0.05)
    return module


def made_up_clips(
    count: int = 6, *, speakers: int = 1, rate_hz: int = 16_000, seed: int = 3, samples: int = 0
) -> Clips:
    """Clips of gliding tones between 0.8 and 1.4 s (or of exactly `samples`), each with some 20 ids."""
    draw = np.random.default_rng(seed)
    clips, sounds, first = [], [], 0
    for number in range(count):
        length = samples or int(draw.integers(int(0.8 * rate_hz), int(1.4 * rate_hz)))
        pitch = draw.uniform(90, 250) * (1 + 0.2 * np.sin(np.arange(length) / 3000))
        phase = np.cumsum(2 * np.pi * pitch / rate_hz)
        sound = 0.3 * np.sin(phase) + 0.1 * np.sin(3 * phase) + draw.normal(0, 0.01, length)
        sounds.append((sound * 32767).astype(np.int16))
        ids = [1, 0, *(int(i) for pair in draw.integers(14, 60, 9) for i in (pair, 0)), 2]
        clips.append(
            PreparedClip(f"line {number + 1}", "", "Hello.", ids, number % speakers, first, length)
        )
        first += length
    names = [f"speaker {i}" for i in range(speakers)] if speakers > 1 else []
    prepared = PreparedSet(rate_hz, "en-us", names, f"made up {seed}", clips)
    return Clips(prepared, torch.from_numpy(np.concatenate(sounds)), torch.device("cpu"))


def random_alignment(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Scores, frames and phonemes; every third case with ties."""
    draw = np.random.default_rng(seed)
    batch = int(draw.integers(1, 4))
    phonemes = draw.integers(1, 12, batch)
    frames = phonemes + draw.integers(0, 14, batch)
    scale = float(draw.choice([0.1, 50.0, 3000.0]))
    scores = draw.normal(-scale, scale, (batch, frames.max(), phonemes.max())).astype(np.float32)
    if seed % 3 == 0:
        scores = np.round(scores)
    return torch.from_numpy(scores), torch.from_numpy(frames), torch.from_numpy(phonemes)


def padded_as_on_a_gpu(plain: Clips) -> Clips:
    """The same clips on this CPU, in batches of the few shapes that a GPU gets."""
    there = Clips(plain.prepared, plain._sound, torch.device("cpu", 0), torch.device("cpu"))
    there.device = torch.device("cpu")
    return there
