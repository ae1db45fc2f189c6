"""Files of settings for SimpleTuner, made from the few settings of ours: a LoRA of the pictures of one dataset."""

from __future__ import annotations

from typing import Any

from launcher.recipes.simpletuner.placing import BASE_MODEL, DATASET
from launcher.recipes.simpletuner.reading import Given
from pod_image.contract.recipes.simpletuner import SimpleTunerSettings

SEED = 42
EVERY = 100
PROMPTS = "prompts.json"


def made(settings: SimpleTunerSettings) -> Given:
    """What is not said here keeps the program's own default."""
    size = settings.picture_size
    values: dict[str, Any] = {
        "model_family": settings.model_family,
        "model_type": "lora",
        "lora_type": "standard",
        "lora_rank": settings.picture_lora_rank,
        "pretrained_model_name_or_path": BASE_MODEL,
        "max_train_steps": settings.picture_steps,
        "num_train_epochs": 0,
        "train_batch_size": settings.pictures_per_step,
        "learning_rate": settings.picture_learning_rate,
        "optimizer": "adamw_bf16",
        "lr_scheduler": "constant",
        "mixed_precision": "bf16",
        "gradient_checkpointing": True,
        "checkpoint_step_interval": EVERY,
        "seed": SEED,
    }
    if settings.sample_prompts:
        values |= {
            "validation_prompt": settings.sample_prompts[0],
            "validation_step_interval": EVERY,
            "validation_resolution": f"{size}x{size}",
        }
    pictures = {
        "id": "pictures",
        "type": "local",
        "instance_data_dir": DATASET,
        "caption_strategy": "textfile",
        "resolution": size,
        "resolution_type": "pixel",
        "crop": True,
    }
    texts = {"id": "texts", "dataset_type": "text_embeds", "default": True, "type": "local"}
    return Given(values, [pictures, texts])
