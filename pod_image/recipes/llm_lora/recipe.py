"""The recipe `llm-lora` as the agent sees it: which packages, which words, what of its files is kept."""

from __future__ import annotations

from dataclasses import replace

from pod_image.contract.paths import RunFolder
from pod_image.contract.progress_choice import ProgressChoice, ProgressWay
from pod_image.contract.recipes.llm_lora import LlmLoraSettings
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import CardSection, Recipe
from pod_image.recipes.command.checkpoints import CheckpointRule
from pod_image.recipes.command.recipe import CommandRecipe, Job
from pod_image.recipes.command.rewording import Rewording
from pod_image.recipes.llm_lora.base_model_names import BaseModel

PACKAGES = (
    "trl==1.16.0",
    "peft==0.21.2",
    "transformers==5.24.0",
    "accelerate==1.15.0",
    "datasets==5.2.0",
    "tokenizers==0.23.3",
    "safetensors==0.8.0",
    "tensorboard==2.21.0",
)
"""Above the torch of the image."""
TURN_MINUTES = 5.0
"""A checkpoint is delivered at the latest so long after it was written."""
VARIABLES = {
    # All that it needs was fetched, and it has no key; without these it asks the Hub, and reports to it.
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TQDM_MININTERVAL": "1",
}
LOG_STEPS = 5
"""The curves get a point each so many steps."""


class LlmLoraRecipe(CommandRecipe):
    name = "llm-lora"
    versions_of: tuple[str, ...] = ("torch",)
    less_memory = "Use a smaller batch or shorter sequences, or rent a GPU with more memory."

    def job(self, settings: RunSettings) -> Job:
        own = LlmLoraSettings.of(settings)
        base = BaseModel.of(own.base_model)
        return Job(
            argv=command_line(own),
            outputs=("out/**",),
            required=("out/adapter_model.safetensors", "out/adapter_config.json"),
            left_out=(".tmp*",),
            checkpoints=CheckpointRule(
                ("out/checkpoint-*",), state_files(own.gpu_count), own.keep_checkpoints
            ),
            # Only a path will do, and without it a folder with checkpoints is begun anew, and they are deleted.
            resume_argv=("--resume_from_checkpoint", "${RESUME_DIR}"),
            every_minutes=TURN_MINUTES,
            variables=VARIABLES,
            packages=PACKAGES,
            inputs=(own.base_model,),
            progress=ProgressChoice(ProgressWay.TRAINER),
            rewording=Rewording(base.named_in, base.reworded),
        )

    def card(self, folder: RunFolder, settings: RunSettings) -> CardSection:
        base = BaseModel.of(LlmLoraSettings.of(settings).base_model)
        section = super().card(folder, settings)
        tags = [*section.front_matter["tags"], "lora", f"base_model:adapter:{base.repo}"]
        front = {"library_name": "peft", "base_model": base.repo, "tags": tags}
        return replace(section, front_matter=front)


def command_line(own: LlmLoraSettings) -> tuple[str, ...]:
    """What stands last in it counts."""
    length = (
        ("max_steps", own.max_steps) if own.max_steps else ("num_train_epochs", own.lora_epochs)
    )
    below = f"/{own.dataset_folder}" if own.dataset_folder else ""
    options = (
        ("model_name_or_path", "${INPUT_0}"),
        ("dataset_name", f"${{DATASET_DIR}}{below}"),
        ("output_dir", "${OUT_DIR}"),
        ("dtype", "bfloat16"),
        ("use_peft", "true"),
        ("lora_r", own.lora_rank),
        ("lora_alpha", own.lora_alpha),
        ("lora_target_modules", *own.lora_targets),
        ("per_device_train_batch_size", own.examples_per_batch),
        ("gradient_accumulation_steps", own.gradient_accumulation),
        ("learning_rate", own.lora_learning_rate),
        ("max_length", own.sequence_length),
        length,
        ("seed", own.seed),
        ("logging_steps", LOG_STEPS),
        ("save_steps", own.checkpoint_steps),
        ("save_total_limit", own.keep_checkpoints),
        ("report_to", "tensorboard"),
    )
    given = (word for name, *values in options for word in (f"--{name}", *map(str, values)))
    return ("trl", "sft", *given, *own.trl_words)


def state_files(gpus: int) -> tuple[str, ...]:
    """What a checkpoint needs to be gone on from as if there had been no end; `trainer_state.json` is written last.

    Without the others the trainer goes on all the same, exits well, and has begun its learning rate anew.
    """
    draws = [f"rng_state_{rank}.pth" for rank in range(gpus)] if gpus > 1 else ["rng_state.pth"]
    return ("trainer_state.json", "optimizer.pt", "scheduler.pt", *draws)


RECIPE: Recipe = LlmLoraRecipe()
