"""A sentence spoken by the network as it is now, into a WAV file."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pod_image.contract.whole_file import replacing
from pod_image.phonemes.phonemizer import Phonemizer
from pod_image.recipes.piper.model import Generator
from pod_image.recipes.piper.recipe_error import RecipeError

PAUSE_SECONDS = 0.2
PEAK = 0.9
LONGEST_IDS = 2000
"""A sentence of this many ids takes about two minutes to hear; longer ones are a mistake."""


@torch.no_grad()
def say(
    generator: Generator,
    phonemizer: Phonemizer,
    text: str,
    sample_rate_hz: int,
    *,
    speaker: int = 0,
    seed: int = 0,
) -> NDArray[np.int16]:
    """Sixteen-bit mono sound of `text`. Training's random draws are not touched, nor its mode.

    Raises RecipeError when the text has nothing to say or is far too long.
    """
    phonemes = phonemizer(text)
    if phonemes.is_silent:
        raise RecipeError("The text contains no words.", hint="Send a sentence with words in it.")
    if len(phonemes.ids) > LONGEST_IDS:
        raise RecipeError("The text is too long to be a sample.", hint="Send one or two sentences.")
    pause = np.zeros(round(PAUSE_SECONDS * sample_rate_hz), dtype=np.float32)
    pieces: list[NDArray[np.float32]] = []
    for sound in spoken(generator, phonemes.sentences, [speaker] * len(phonemes.sentences), seed):
        pieces += [sound, pause]
    return _to_pcm(np.concatenate(pieces[:-1]))


@torch.no_grad()
def spoken(
    generator: Generator, sentences: Sequence[Sequence[int]], speakers: Sequence[int], seed: int = 0
) -> list[NDArray[np.float32]]:
    """Each sentence's phoneme ids as sound just as the network gives it, by the speaker of the same place.

    Training's random draws are not touched, nor its mode.
    """
    device = next(generator.parameters()).device
    was_training = generator.training
    generator.eval()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        sounds = [
            _speak(generator, ids, speaker, device).cpu().numpy()
            for ids, speaker in zip(sentences, speakers, strict=True)
        ]
    generator.train(was_training)
    return sounds


def _speak(generator: Generator, ids: Sequence[int], speaker: int, device: torch.device) -> Tensor:
    speakers = torch.tensor([speaker], device=device) if generator.speakers > 1 else None
    lengths = torch.tensor([len(ids)], device=device)
    sound = generator.speak(torch.tensor([list(ids)], device=device), lengths, speakers)
    return sound[0, 0].float()


def _to_pcm(sound: NDArray[np.float32]) -> NDArray[np.int16]:
    sound = np.nan_to_num(sound)
    peak = max(float(np.abs(sound).max()), 0.01)
    return np.round(sound / peak * PEAK * 32767).astype(np.int16)


def write_wav(path: Path, sound: NDArray[np.int16], sample_rate_hz: int) -> float:
    """Write mono sixteen-bit WAV in one move; return its seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(sound.astype("<i2").tobytes())
    return len(sound) / sample_rate_hz
