"""A training's settings under the names that published checkpoints and their tools use."""

from __future__ import annotations

from typing import Any

from pod_image.recipes.piper.quality import HOP_SAMPLES, SEGMENT_SAMPLES, SPEAKER_WIDTH, SYMBOLS
from pod_image.recipes.piper.training import Training


def hyper_parameters(training: Training, sample_rate_hz: int) -> dict[str, Any]:
    """Plain values only, so that every loader may read them."""
    sizes = training.network
    return {
        "sample_rate": sample_rate_hz,
        "num_symbols": SYMBOLS,
        "num_speakers": training.speakers,
        "resblock": "1" if sizes.resblock_paired else "2",
        "resblock_kernel_sizes": sizes.resblock_kernels,
        "resblock_dilation_sizes": sizes.resblock_dilations,
        "upsample_rates": sizes.upsample_rates,
        "upsample_initial_channel": sizes.decoder_channels,
        "upsample_kernel_sizes": sizes.upsample_kernels,
        "filter_length": 1024,
        "hop_length": HOP_SAMPLES,
        "win_length": 1024,
        "mel_channels": 80,
        "mel_fmin": 0.0,
        "mel_fmax": None,
        "inter_channels": sizes.hidden,
        "hidden_channels": sizes.hidden,
        "filter_channels": sizes.filter,
        "n_heads": sizes.heads,
        "n_layers": sizes.text_layers,
        "kernel_size": 3,
        "p_dropout": 0.1,
        "gin_channels": SPEAKER_WIDTH if training.speakers > 1 else 0,
        "use_sdp": True,
        "segment_size": SEGMENT_SAMPLES,
        "learning_rate": training.learning_rate,
        "lr_decay": training.learning_rate_decay,
        "batch_size": training.batch_size,
        "seed": training.seed,
    }
