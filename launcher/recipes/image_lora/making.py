"""A file of settings for ai-toolkit, made from the few settings of ours."""

from __future__ import annotations

from typing import Any

from launcher.recipes.image_lora.kinds import KINDS
from launcher.recipes.image_lora.placing import BASE_MODEL, DATASET, OUT
from pod_image.contract.recipes.image_lora import ImageLoraSettings

SEED = 42
SAVE_EVERY = 250
SAVES_KEPT = 4
"""On the pod; how many are delivered is the run's own setting."""


def made(settings: ImageLoraSettings) -> dict[str, Any]:
    kind = KINDS[settings.model_kind]
    rank, size = settings.picture_lora_rank, settings.picture_size
    process: dict[str, Any] = {
        "type": "sd_trainer",
        "training_folder": OUT,
        "device": "cuda:0",
        "network": {"type": "lora", "linear": rank, "linear_alpha": rank},
        "save": {
            "dtype": "float16",
            "save_every": SAVE_EVERY,
            "max_step_saves_to_keep": SAVES_KEPT,
            "push_to_hub": False,
        },
        "datasets": [
            {
                "folder_path": DATASET,
                "caption_ext": "txt",
                "caption_dropout_rate": 0.05,
                "cache_latents_to_disk": True,
                "resolution": [size],
            }
        ],
        "train": {
            "batch_size": settings.pictures_per_step,
            "steps": settings.picture_steps,
            "lr": settings.picture_learning_rate,
            "optimizer": "adamw8bit",
            "dtype": "bf16",
            "gradient_checkpointing": True,
            "train_unet": True,
            "train_text_encoder": False,
            **kind.train,
        },
        "model": {"name_or_path": BASE_MODEL, "arch": settings.model_kind.value, **kind.model},
        "sample": {
            "sampler": kind.train["noise_scheduler"],
            "sample_every": SAVE_EVERY,
            "width": size,
            "height": size,
            "prompts": list(settings.sample_prompts),
            "seed": SEED,
            "walk_seed": True,
            "guidance_scale": kind.guidance,
            "sample_steps": 25,
        },
        "logging": {"log_every": 1, "use_ui_logger": True},
    }
    if not settings.sample_prompts:
        process["train"]["disable_sampling"] = True
    if settings.trigger_word:
        process["trigger_word"] = settings.trigger_word
    return {"job": "extension", "config": {"name": settings.lora_name, "process": [process]}}
