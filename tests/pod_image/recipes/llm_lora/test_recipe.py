"""What runs for an adapter of a language model, what of it is kept, and in which words that is delivered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pod_image.contract.paths import RunFolder
from pod_image.contract.progress_choice import ProgressWay
from pod_image.contract.settings import RecipeName, RunSettings
from pod_image.recipes.command.keeping import NotWhole, Results
from pod_image.recipes.command.recipe import Job
from pod_image.recipes.llm_lora.base_model_names import BaseModel
from pod_image.recipes.llm_lora.recipe import RECIPE, LlmLoraRecipe
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage
from tests.pod_image.recipes.command.progress.listened import listened, recorded_chunks

COMMIT = "8e1bbb3f0c2a9b1d7e6f5a4c3b2a190817263544"
ON_POD = "/workspace/run/prepared/inputs/0"
RECORDED = Path(__file__).parent / "recorded"


def settings(**given: Any) -> RunSettings:
    values = {"base_model": f"me/base@{COMMIT}", "dataset_repo": "me/texts", **given}
    return RunSettings(recipe=RecipeName("llm-lora"), **values)


def job(**given: Any) -> Job:
    return LlmLoraRecipe().job(settings(**given))


def option(name: str, **given: Any) -> list[str]:
    """The words that stand behind an option of trl, of the last one of that name."""
    words = list(job(**given).argv)
    at = len(words) - words[::-1].index(f"--{name}")
    values = words[at:]
    end = next((n for n, word in enumerate(values) if word.startswith("--")), len(values))
    return values[:end]


def test_trl_gets_paths_of_the_pod_and_each_setting() -> None:
    assert job().argv[:2] == ("trl", "sft")
    assert option("model_name_or_path") == ["${INPUT_0}"]
    assert job().inputs == (f"me/base@{COMMIT}",)
    assert option("dataset_name") == ["${DATASET_DIR}"]
    assert option("dataset_name", dataset_folder="chats/de") == ["${DATASET_DIR}/chats/de"]
    assert option("output_dir") == ["${OUT_DIR}"]
    assert option("lora_target_modules", lora_targets=["q_proj", "v_proj"]) == ["q_proj", "v_proj"]
    assert option("save_steps", checkpoint_steps=25) == ["25"]
    assert option("save_total_limit", keep_checkpoints=3) == ["3"]
    assert option("learning_rate", lora_learning_rate=0.0005) == ["0.0005"]


def test_steps_take_the_place_of_epochs_where_they_are_given() -> None:
    assert option("num_train_epochs", lora_epochs=0.5) == ["0.5"]
    assert "--max_steps" not in job().argv
    assert option("max_steps", max_steps=40) == ["40"]
    assert "--num_train_epochs" not in job(max_steps=40).argv


def test_a_persons_words_stand_last_and_count() -> None:
    assert job(trl_words=["--packing", "true"]).argv[-2:] == ("--packing", "true")
    assert option("logging_steps", trl_words=["--logging_steps", "1"]) == ["1"]


def test_the_training_asks_nobody_and_reports_to_nobody() -> None:
    assert job().variables["HF_HUB_OFFLINE"] == "1"
    assert job().variables["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert all("==" in package for package in job().packages)


def test_progress_is_read_from_the_lines_and_the_bar_that_trl_draws(tmp_path: Path) -> None:
    assert job().progress.way is ProgressWay.TRAINER
    heard = listened(recorded_chunks("trl-sft.chunks.jsonl"), tmp_path, "trainer")
    assert heard.curve("loss")[30] == 5.11
    assert {"loss", "grad_norm", "learning_rate", "entropy", "mean_token_accuracy"} <= {
        name for step in heard.steps for name in step.losses
    }


# --- what a resume needs

STATE = ("trainer_state.json", "optimizer.pt", "scheduler.pt", "rng_state.pth")


def delivered_checkpoint(folder: Path, *names: str) -> Results:
    """A pod that is to go on from step 20, of which the repo has these files."""
    below = folder / "out" / "checkpoints" / "step-00000020" / "out" / "checkpoint-20"
    below.mkdir(parents=True)
    for name in ("adapter_model.safetensors", *names):
        (below / name).write_text("{}")
    return Results(job(), RunFolder(folder), lambda _: None, lambda _: None)


def test_a_resume_passes_the_path_of_the_checkpoint(tmp_path: Path) -> None:
    found = delivered_checkpoint(tmp_path, *STATE).bring_back()
    assert found == tmp_path / "prepared" / "out" / "checkpoint-20"
    assert job().resume_argv == ("--resume_from_checkpoint", "${RESUME_DIR}")


@pytest.mark.parametrize("lacking", STATE)
def test_a_checkpoint_that_lacks_a_part_of_its_state_is_not_gone_on_from(
    tmp_path: Path, lacking: str
) -> None:
    """trl would: it exits well, and its learning rate has begun anew."""
    results = delivered_checkpoint(tmp_path, *(name for name in STATE if name != lacking))
    with pytest.raises(NotWhole):
        results.bring_back()


def test_each_gpu_has_a_state_of_its_own() -> None:
    assert job(gpu_count=2).checkpoints.whole_with[-2:] == ("rng_state_0.pth", "rng_state_1.pth")


# --- what is delivered


def reworded(name: str, written: str) -> str:
    own = (RECORDED / name).read_text().replace("tiny2", written)
    return BaseModel("me/base", COMMIT).reworded(name, own.encode()).decode()


def test_the_card_names_the_repo_for_the_folder_in_its_front_matter_alone() -> None:
    card = reworded("README.md", ON_POD)
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["base_model"] == "me/base"
    assert front["tags"][0] == "base_model:adapter:me/base"
    own = (RECORDED / "README.md").read_text()
    assert card == own.replace("tiny2", "me/base"), "nothing else changes"


def test_the_adapters_settings_name_the_repo_and_its_commit() -> None:
    config = json.loads(reworded("adapter_config.json", ON_POD))
    assert (config["base_model_name_or_path"], config["revision"]) == ("me/base", COMMIT)
    own = json.loads((RECORDED / "adapter_config.json").read_text())
    changed = {"base_model_name_or_path", "revision"}
    assert {name: config[name] for name in own if name not in changed} == {
        name: value for name, value in own.items() if name not in changed
    }


@pytest.mark.parametrize("name", ["README.md", "adapter_config.json"])
def test_what_was_reworded_before_and_what_cannot_be_read_stays_as_it_is(name: str) -> None:
    """A checkpoint that was brought back is delivered again."""
    base = BaseModel("me/base", COMMIT)
    for content in (reworded(name, ON_POD).encode(), b"\xff", b"{torn", b"[]", b""):
        assert base.reworded(name, content) == content


@in_virtual_time
async def test_the_card_of_a_training_that_was_killed_is_delivered_reworded_too(
    tmp_path: Path,
) -> None:
    async def script(stage: ScriptedStage) -> int:
        if stage.phase.endswith("packages"):
            return 0
        out = stage.spec.folder / "prepared" / "out"
        out.mkdir(parents=True)
        for name in ("README.md", "adapter_config.json"):
            (out / name).write_text((RECORDED / name).read_text().replace("tiny2", ON_POD))
        return -9

    harness = AgentHarness(tmp_path, script)
    given = {"recipe": "llm-lora", "base_model": "", "dataset_repo": ""}
    harness.rent(harness.document(**given))
    await harness.until_gone()
    results = harness.results()
    assert {"run-01/files/out/README.md", "run-01/files/out/adapter_config.json"} <= set(results)
    assert harness.ended["not_delivered"] == []
    for path in results.values():
        assert ON_POD.encode() not in path.read_bytes()


def test_the_model_card_of_the_results_says_what_the_adapter_is_for(tmp_path: Path) -> None:
    front = RECIPE.card(RunFolder(tmp_path), settings()).front_matter
    assert (front["library_name"], front["base_model"]) == ("peft", "me/base")
    assert "lora" in front["tags"]
