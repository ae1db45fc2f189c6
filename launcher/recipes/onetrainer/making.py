"""A file of settings for OneTrainer, made from the few settings of ours: a LoRA of one concept."""

from __future__ import annotations

from typing import Any

from launcher.recipes.onetrainer.known import VERSION, VERSION_KEY
from launcher.recipes.onetrainer.placing import BASE_MODEL, DATASET, SEED
from launcher.recipes.onetrainer.reading import Given
from pod_image.contract.recipes.onetrainer import OneTrainerSettings

_WITH_UNET = "STABLE_DIFFUSION"
_WITH_TRANSFORMER = ("STABLE_DIFFUSION_3", "STABLE_DIFFUSION_35")


def made(settings: OneTrainerSettings) -> Given:
    """What is not said here keeps the program's own default."""
    has_unet = settings.model_type.startswith(_WITH_UNET) and settings.model_type not in _WITH_TRANSFORMER  # fmt: skip
    encoder = {"train": False, "weight_dtype": "BFLOAT_16"}
    network = {"weight_dtype": "BFLOAT_16"}
    values: dict[str, Any] = {
        VERSION_KEY: VERSION,
        "training_method": "LORA",
        "model_type": settings.model_type,
        "base_model_name": BASE_MODEL,
        "output_model_destination": "lora.safetensors",
        # Both are read by ComfyUI; the second names the layers of transformers as their authors do.
        "output_model_format": "KOHYA_LORA" if has_unet else "COMFY_LORA",
        "output_dtype": "BFLOAT_16",
        "epochs": settings.picture_epochs,
        "batch_size": settings.pictures_per_step,
        "resolution": str(settings.picture_size),
        "learning_rate": settings.picture_learning_rate,
        "lora_rank": settings.picture_lora_rank,
        "train_dtype": "BFLOAT_16",
        "sample_after": 2,
        "sample_after_unit": "EPOCH",
        "save_every": 5,
        "save_every_unit": "EPOCH",
        "unet": network,
        "transformer": network,
        "prior": network,
        **dict.fromkeys(_ENCODERS, encoder),
    }
    concept = {
        "name": "pictures",
        "path": DATASET,
        "include_subdirectories": True,
        "text": {"prompt_source": "sample"},
    }
    size = settings.picture_size
    samples: list[dict[str, Any]] = [
        {"prompt": prompt, "width": size, "height": size, "seed": SEED}
        for prompt in settings.sample_prompts
    ]
    return Given(values, [concept], samples, is_made=True)


_ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3", "text_encoder_4")
