"""The settings of a language model's adapter: LoRA, trained by TRL on texts or conversations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.common_settings import CommonSettings, Word
from pod_image.contract.knobs import Knob
from pod_image.contract.recipes.base import Declaration
from pod_image.contract.trainer_settings import (
    BaseModelRepo,
    KeepCheckpoints,
    MaxSteps,
    MinGpuMemoryGb,
    Seed,
)


class LlmLoraSettings(CommonSettings):
    # What
    base_model: BaseModelRepo = ""
    trl_words: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "More arguments for trl sft, added after ours, such as --packing and true. If two contradict "
                "each other, the later one counts."
            ),
            max_length=64,
        ),
        Knob(
            "Arguments for trl",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="only ours",
            is_command=True,
        ),
    ] = ()

    # How much
    lora_epochs: Annotated[
        float,
        Field(description="How often training goes through the dataset.", gt=0, le=1_000),
        Knob("Epochs", group="How much", unit="epochs"),
    ] = 3.0
    max_steps: MaxSteps = 0
    lora_learning_rate: Annotated[
        float,
        Field(description="Learning rate of the optimiser.", gt=0, le=1),
        Knob("Learning rate", group="How much"),
    ] = 2e-4
    examples_per_batch: Annotated[
        int,
        Field(
            description="Examples per batch. More is faster and needs more GPU memory.",
            ge=1,
            le=1_024,
        ),
        Knob("Batch size", group="How much", unit="examples"),
    ] = 2
    gradient_accumulation: Annotated[
        int,
        Field(
            description=(
                "Batches that are added up to one step (gradient accumulation): works like a larger batch, "
                "with the memory of one."
            ),
            ge=1,
            le=1_024,
        ),
        Knob("Batches per step", group="How much", unit="batches", level="advanced"),
    ] = 8
    sequence_length: Annotated[
        int,
        Field(
            description="Longest example, in tokens; longer ones are cut off at the end. More needs more GPU memory.",
            ge=8,
            le=1_000_000,
        ),
        Knob("Sequence length", group="How much", unit="tokens"),
    ] = 1024
    lora_rank: Annotated[
        int,
        Field(
            description="Rank of the adapter. A higher rank can learn more and makes a larger file.",
            ge=1,
            le=1_024,
        ),
        Knob("Rank", group="How much", level="advanced"),
    ] = 16
    lora_alpha: Annotated[
        int,
        Field(
            description="Strength of the adapter: it is scaled by alpha divided by rank.",
            ge=1,
            le=4_096,
        ),
        Knob("Alpha", group="How much", level="advanced"),
    ] = 32
    lora_targets: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Layers that get an adapter, by the end of their names, such as q_proj and v_proj; all-linear "
                "means all but the last."
            ),
            min_length=1,
            max_length=64,
        ),
        Knob("Layers", group="How much", level="advanced", separator=","),
    ] = ("all-linear",)
    checkpoint_steps: Annotated[
        int,
        Field(
            description="Steps between checkpoints. If the machine dies, you lose what came after the last one.",
            ge=1,
            le=1_000_000,
        ),
        Knob("Checkpoint interval", group="How much", unit="steps"),
    ] = 100
    keep_checkpoints: KeepCheckpoints = 2
    seed: Seed = 1234

    # Where
    min_gpu_memory_gb: MinGpuMemoryGb = 0.0


DECLARATION = Declaration(
    settings=LlmLoraSettings,
    does="a language model learns from your texts",
    order=10,
    title="A LoRA of a language model",
    about="A language model from Hugging Face, trained on your texts or conversations with TRL and PEFT.",
    requires=("dataset_repo", "base_model"),
)
