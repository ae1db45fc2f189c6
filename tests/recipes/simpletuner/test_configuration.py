"""A person's files for SimpleTuner, made fit for a pod: paths replaced, what cannot be said before a pod is rented."""

from __future__ import annotations

import json
from typing import Any

import pytest

from launcher.recipes import recipe_of
from launcher.recipes.base import Configuration
from launcher.services.planning.brought.keys_in_files import key_in_file
from pod_image.contract.findings import Severity
from pod_image.contract.settings import RecipeName, RunSettings

CONFIG: dict[str, Any] = {
    "--model_family": "flux",
    "--model_type": "lora",
    "--lora_type": "standard",
    "--pretrained_model_name_or_path": "black-forest-labs/FLUX.1-dev",
    "--data_backend_config": "config/multidatabackend.json",
    "--output_dir": "/home/anna/out",
    "--max_train_steps": 1000,
    "--learning_rate": "1e-4",
    "--report_to": "wandb",
    "--push_to_hub": "true",
    "--hub_model_id": "anna/lora",
    "--webhook_config": "config/webhook.json",
    "--validation_prompt": "a/b, /imagine a cat",
}
BACKENDS: list[dict[str, Any]] = [
    {"id": "cats", "type": "local", "instance_data_dir": "C:\\Users\\Anna\\cats", "cache_dir_vae": "/cache/vae"},
    {"id": "texts", "dataset_type": "text_embeds", "default": True, "type": "local", "cache_dir": "cache/text"},
    {"id": "off", "type": "aws", "disabled": True, "aws_secret_access_key": "x"},
]  # fmt: skip


def made(
    config: Any = None, backends: Any = None, more: dict[str, bytes] | None = None, **given: Any
) -> Configuration:
    own = RunSettings(
        recipe=RecipeName("simpletuner"),
        **{
            "dataset_repo": "anna/cats",
            "results_repo": "anna/lora",
            "trainer_config": "config",
            **given,
        },
    )
    files = {
        "config.json": json.dumps(CONFIG if config is None else config).encode(),
        "multidatabackend.json": json.dumps(BACKENDS if backends is None else backends).encode(),
    }
    return recipe_of(own).configuration(own, {**files, **(more or {})})


def values(configuration: Configuration, name: str = "config.json") -> Any:
    return json.loads(configuration.files[name])


def said(configuration: Configuration, severity: Severity) -> dict[str, str]:
    return {
        each.code: str(each.message) for each in configuration.findings if each.severity is severity
    }


def errors(configuration: Configuration) -> dict[str, str]:
    return said(configuration, Severity.ERROR)


def test_every_place_of_this_computer_is_replaced_by_one_on_the_pod() -> None:
    configuration = made(base_model="black-forest-labs/FLUX.1-dev")
    assert errors(configuration) == {}
    config = values(configuration)
    assert config["output_dir"] == "${OUT_DIR}"
    assert config["data_backend_config"] == "${WORK_DIR}/config/multidatabackend.json"
    assert config["pretrained_model_name_or_path"] == "${INPUT_0}"
    cats, texts = values(configuration, "multidatabackend.json")
    assert cats["instance_data_dir"] == "${DATASET_DIR}"
    assert cats["cache_dir_vae"] == "${WORK_DIR}/cache/cats/vae"
    assert texts["cache_dir"] == "${WORK_DIR}/cache/texts/text"
    assert not [each for each in configuration.files.values() if b"nna" in each]


def test_what_our_promises_rest_on_is_set_and_what_would_go_elsewhere_is_left_out() -> None:
    config = values(made())
    assert (config["report_to"], config["resume_from_checkpoint"]) == ("simpletuner", "latest")
    assert config["checkpointing_use_tempdir"] is True
    assert config["push_to_hub"] is False
    assert config["checkpoint_step_interval"] == 100
    assert not {"hub_model_id", "webhook_config"} & set(config)
    told = said(made(), Severity.NOTE)["replaced"]
    assert told.startswith("Replaced for the pod, or left out: webhook_config, hub_model_id")


def test_what_is_not_ours_to_change_stays() -> None:
    config = values(made({**CONFIG, "checkpoints_total_limit": 5, "checkpointing_steps": 50}))
    assert config["learning_rate"] == "1e-4"
    assert config["validation_prompt"] == "a/b, /imagine a cat"
    assert config["checkpoints_total_limit"] == 5
    assert "checkpoint_step_interval" not in config, "an older name says it"


def test_names_that_simpletuner_does_not_know_are_told_with_the_one_that_is_meant() -> None:
    told = said(made({**CONFIG, "max_train_stepz": 5, "--nonsense": 1}), Severity.WARNING)[
        "unknown_settings"
    ]
    assert "max_train_stepz (max_train_steps may be meant)" in told
    assert "nonsense" in told
    older = {**CONFIG, "validation_steps": 5, "checkpointing_steps": 5, "save_total_limit": 3}
    assert "unknown_settings" not in said(made(older), Severity.WARNING)


def test_several_folders_are_those_of_the_dataset_by_their_own_names() -> None:
    two = [
        {"id": "a", "instance_data_dir": "/data/cats"},
        {"id": "b", "type": "local", "instance_data_dir": "/data/dogs", "cache_dir_vae": ""},
    ]
    configuration = made(backends=two)
    found = values(configuration, "multidatabackend.json")
    assert [each["instance_data_dir"] for each in found] == [
        "${DATASET_DIR}/cats",
        "${DATASET_DIR}/dogs",
    ]
    assert len({each["cache_dir_vae"] for each in found}) == 2
    assert said(configuration, Severity.NOTE)["dataset_folders"].endswith("folders: cats, dogs.")


def test_a_backend_with_keys_is_refused_and_a_key_is_found_by_the_plan() -> None:
    bucket = [
        {"id": "b", "type": "aws", "aws_bucket_name": "x", "aws_secret_access_key": "c4n4ry0v4lu3"}
    ]
    configuration = made(backends=bucket)
    assert "aws" in errors(configuration)["other_backend"]
    assert key_in_file("config/x.json", configuration.files["multidatabackend.json"]) is not None


def test_a_variable_of_the_environment_is_refused() -> None:
    told = errors(made({**CONFIG, "validation_prompt": "a {env:HF_TOKEN}"}))["unknown_variable"]
    assert told.startswith("{env:HF_TOKEN} would be looked for in the pod's environment")


def test_files_that_came_along_are_found_and_others_named() -> None:
    config = {
        **CONFIG,
        "lycoris_config": "config/lycoris_config.json",
        "init_lora": "/home/anna/a.safetensors",
    }
    both = made(config, more={"lycoris_config.json": b"{}", "a.safetensors": b"1"})
    assert errors(both) == {}
    assert values(both)["lycoris_config"] == "${WORK_DIR}/config/lycoris_config.json"
    assert {"lycoris_config.json", "a.safetensors"} <= set(both.files)
    told = errors(made(config))["local_path"]
    assert "lycoris_config (lycoris_config.json)" in told
    assert "init_lora (a.safetensors)" in told


def test_a_model_of_this_computer_and_a_whole_model_are_refused() -> None:
    own = {**CONFIG, "--pretrained_model_name_or_path": "/models/flux", "--model_type": "full"}
    assert {"base_model", "no_lora"} <= set(errors(made(own)))
    assert "itself" in said(made(), Severity.WARNING)["base_model"]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"config.toml": b"a = 1"}, "configuration"),
        ({"config.json": b"{"}, "configuration"),
        ({"config.json": b"[]"}, "configuration"),
        ({"config.json": b"{}"}, "no_backends"),
        ({"config.json": b"{}", "multidatabackend.json": b"{}"}, "no_backends"),
        ({"config.json": b"\xff"}, "configuration"),
        ({"config.json": b"[" * 100_000}, "configuration"),
    ],
)
def test_what_is_no_configuration_is_said(files: dict[str, bytes], code: str) -> None:
    own = RunSettings(recipe=RecipeName("simpletuner"), trainer_config="config")
    configuration = recipe_of(own).configuration(own, files)
    assert code in errors(configuration)
    assert configuration.files == {}


def test_without_files_they_are_made_and_fit_to_be_given_back() -> None:
    own = RunSettings(
        recipe=RecipeName("simpletuner"), base_model="anna/model", picture_steps=500, picture_size=768,
        sample_prompts=("a cat", "a dog"),
    )  # fmt: skip
    configuration = recipe_of(own).configuration(own, {})
    assert configuration.findings == ()
    config = values(configuration)
    assert (config["max_train_steps"], config["validation_resolution"]) == (500, "768x768")
    assert values(configuration, "prompts.json") == {"prompt_2": "a dog"}
    again = recipe_of(own).configuration(own, configuration.files)
    assert again == configuration
    assert "unknown_settings" not in said(again, Severity.WARNING)


def test_without_files_a_base_model_is_asked_for() -> None:
    own = RunSettings(recipe=RecipeName("simpletuner"))
    assert "base_model" in errors(recipe_of(own).configuration(own, {}))
