"""What is advised for the training of an adapter."""

from __future__ import annotations

from typing import Any

import pytest

from launcher.recipes.llm_lora.recipe import LlmLoraRecipe
from pod_image.contract.settings import RecipeName, RunSettings

RECIPE = LlmLoraRecipe()


def settings(**given: Any) -> RunSettings:
    return RunSettings(recipe=RecipeName("llm-lora"), **{"base_model": "me/base", **given})


@pytest.mark.parametrize(("batch", "batches", "half", "more"), [(4, 8, 2, 16), (3, 4, 1, 12)])
def test_less_memory_is_half_a_batch_and_as_many_examples_in_a_step(
    batch: int, batches: int, half: int, more: int
) -> None:
    smaller = RECIPE.smaller_try(settings(examples_per_batch=batch, gradient_accumulation=batches))
    assert smaller is not None
    assert smaller.given == {"examples_per_batch": half, "gradient_accumulation": more}


def test_a_batch_of_one_cannot_be_halved() -> None:
    assert RECIPE.smaller_try(settings(examples_per_batch=1)) is None


def test_a_run_that_has_all_its_steps_is_not_gone_on_with() -> None:
    def left(steps: int, at: int) -> bool:
        own = settings(max_steps=steps)
        return RECIPE.why_nothing_is_left(own, None, own, at) is None

    assert (left(100, 99), left(100, 100), left(0, 100)) == (True, False, True)


def test_a_summary_says_rank_base_and_length() -> None:
    assert RECIPE.summary(settings(lora_epochs=1), resume=False) == (
        "LoRA of rank 16 for me/base, 1 epoch"
    )
    assert RECIPE.summary(settings(max_steps=1_500), resume=True).endswith(
        "1,500 steps, continued from its newest checkpoint"
    )
