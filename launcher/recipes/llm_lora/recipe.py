"""A language model's adapter: what its base and its dataset have to be, and what is shown of its training."""

from __future__ import annotations

from collections.abc import Collection

from launcher.domain.plan import DatasetSummary
from launcher.recipes.base import PhaseWords, Recipe, Result, Shown, SmallerTry, Start
from launcher.recipes.command.recipe import CommandRecipe
from launcher.recipes.llm_lora.base_model import BaseModel, look_at_base
from launcher.recipes.llm_lora.dataset_shape import Shape, look_at_shape
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.hub_inputs import hub_input
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.outcomes import Phase
from pod_image.contract.recipes.llm_lora import LlmLoraSettings
from pod_image.contract.settings import RunSettings
from pod_image.hub import Hub

OURS = frozenset(
    {
        "config",
        "dataset_name",
        "datasets",
        "hub_model_id",
        "hub_token",
        "model_name_or_path",
        "model_revision",
        "output_dir",
        "push_to_hub",
        "resume_from_checkpoint",
        "save_only_model",
        "save_strategy",
        "use_peft",
    }
)
"""Words of trl that say where things are, and what is kept: with others, results or a resume would be lost."""
TEMPLATE_WORD = "chat_template_path"


class LlmLoraRecipe(CommandRecipe):
    trains_on_nodes = False
    shown = Shown(
        phases={
            Phase.PREPARE: PhaseWords("Install trl", "trl and what it needs are installed"),
            Phase.TRAIN: PhaseWords("Train", "the training runs"),
        },
        result=Result("adapter", ("files/**",)),
        main_loss="loss",
        loss_titles={
            "loss": "Loss",
            "eval_loss": "Loss, on examples it has not seen",
            "mean_token_accuracy": "Tokens that it predicts correctly",
            "entropy": "Entropy",
            "grad_norm": "Norm of the gradient",
            "learning_rate": "Learning rate",
        },
        at_a_stop="Training ends now without a last save: its newest checkpoint is kept.",
    )

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        own = LlmLoraSettings.of(settings)
        length = (
            counted(own.max_steps, "step")
            if own.max_steps
            else f"{own.lora_epochs:g} epoch{'' if own.lora_epochs == 1 else 's'}"
        )
        continued = ", continued from its newest checkpoint" if resume else ""
        base = hub_input(own.base_model).repo if own.base_model else "no model yet"
        return f"LoRA of rank {own.lora_rank} for {base}, {length}{continued}"

    def look_at_start(self, hub: Hub, settings: RunSettings) -> Start:
        own = LlmLoraSettings.of(settings)
        base, on_base = look_at_base(hub, own.base_model)
        datasets = chosen_datasets(settings)
        shape, on_shape = look_at_shape(hub, datasets[0]) if len(datasets) == 1 else (None, ())
        findings = (*on_base, *on_shape, *_on_template(base, shape, own.trl_words))
        if base is None:
            return Start(findings=findings)
        return Start(base.licence, findings, base.memory)

    def smaller_try(self, settings: RunSettings) -> SmallerTry | None:
        """Half the batch, and twice as many in a step: what is learnt stays the same."""
        own = LlmLoraSettings.of(settings)
        if own.examples_per_batch == 1:
            return None
        half = own.examples_per_batch // 2
        batches = own.gradient_accumulation * own.examples_per_batch // half
        return SmallerTry(
            {"examples_per_batch": half, "gradient_accumulation": batches},
            f"Half the batch, {counted(half, 'example')} at a time and {batches} batches in a step, needs less memory.",
            f"Try again with {counted(half, 'example')} at a time",
        )

    def how_to_be_shorter(self, settings: RunSettings) -> Said:
        return Sentence("lower ", setting("lora_epochs"))

    def findings(
        self, settings: RunSettings, dataset: DatasetSummary | None
    ) -> tuple[Finding, ...]:
        own = LlmLoraSettings.of(settings)
        found = [_taken(word) for word in own.trl_words if _named(word, OURS)]
        if len(chosen_datasets(settings)) > 1:
            found.append(
                Finding(
                    Severity.ERROR,
                    "one_dataset",
                    "This training takes one dataset repo.",
                    "Put the files of the others into it: all of one split are read.",
                )
            )
        return tuple(found)

    def why_nothing_is_left(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        earlier: RunSettings,
        step: int,
    ) -> Finding | None:
        most = LlmLoraSettings.of(settings).max_steps
        if not most or step < most:
            return None
        return Finding(
            Severity.ERROR,
            "nothing_left",
            f"There is nothing left to train: the run is at step {step:,}, and these settings end it at step "
            f"{most:,}.",
            Sentence("Raise ", setting("max_steps"), "."),
        )


def _taken(word: str) -> Finding:
    return Finding(
        Severity.ERROR,
        "trl_word",
        f"{word.split('=')[0]} is set by the run itself.",
        Sentence("Leave it out of ", setting("trl_words"), "."),
    )


def _named(word: str, options: Collection[str]) -> bool:
    """Whether it names one of these options; trl takes their beginnings, and - for _, too."""
    option = word.split("=")[0].replace("-", "_")
    if not option.startswith("__"):
        return False
    return any(each.startswith(option.removeprefix("__")) for each in options)


def _on_template(
    base: BaseModel | None, shape: Shape | None, words: tuple[str, ...]
) -> tuple[Finding, ...]:
    """Conversations become text by a template of the model's; trl ends without one."""
    if base is None or shape is None or not shape.is_conversation or base.has_chat_template:
        return ()
    if any(_named(word, {TEMPLATE_WORD}) for word in words):
        return ()
    return (
        Finding(
            Severity.ERROR,
            "no_chat_template",
            f"The dataset has conversations, and {base.repo} has no chat template to write them with.",
            "Choose a model that was made for conversations, or a dataset with text.",
        ),
    )


RECIPE: Recipe = LlmLoraRecipe()
