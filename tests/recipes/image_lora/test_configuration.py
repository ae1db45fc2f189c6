"""A person's file for ai-toolkit, made fit for a pod: paths replaced, what cannot be said before anything is rented."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from launcher.recipes import recipe_of
from launcher.recipes.base import Configuration
from launcher.services.planning.brought.keys_in_files import key_in_file
from pod_image.contract.findings import Severity
from pod_image.contract.recipes.image_lora import ModelKind
from pod_image.contract.settings import RecipeName, RunSettings

FILE = """
job: extension
config:
  name: cats_v1
  process:
    - type: sd_trainer
      training_folder: "output"   # a note
      sqlite_db_path: ./aitk_db.db
      device: mps
      network: {type: lora, linear: 16, linear_alpha: 16}
      save: {dtype: float16, save_every: 250, push_to_hub: true, hf_repo_id: anna/cats}
      datasets: [{folder_path: 'C:\\Users\\Anna\\cats', caption_ext: txt, resolution: [512, 768]}]
      train: {batch_size: 1, steps: 2000, lr: 1e-4, optimizer: adamw8bit, dtype: bf16}
      model: {name_or_path: black-forest-labs/FLUX.1-dev, is_flux: true, quantize: true}
      sample: {sample_every: 250, prompts: ["[trigger] a/b, 1:2", "/imagine a cat"], seed: 42}
      logging: {use_wandb: true}
meta: {name: "[name]", version: '1.0'}
"""


def settings(**given: Any) -> RunSettings:
    values = {
        "dataset_repo": "anna/cats",
        "results_repo": "anna/lora",
        "trainer_config": "job.yaml",
    }
    return RunSettings(recipe=RecipeName("image-lora"), **{**values, **given})


def made(
    text: str | bytes, *, name: str = "job.yaml", more: Any = None, **given: Any
) -> Configuration:
    content = text if isinstance(text, bytes) else text.encode()
    own = settings(**given)
    return recipe_of(own).configuration(own, {name: content, **(more or {})})


def changed(**parts: Any) -> str:
    """The file with other parts of its process; None takes one out."""
    values = yaml.safe_load(FILE)
    process = values["config"]["process"][0]
    for part, value in parts.items():
        if value is None:
            del process[part]
        elif isinstance(value, dict):
            process[part] = {**process[part], **value}
        else:
            process[part] = value
    return yaml.safe_dump(values)


def process_of(configuration: Configuration) -> dict[str, Any]:
    values = yaml.safe_load(configuration.files["job.yaml"])
    found: dict[str, Any] = values["config"]["process"][0]
    return found


def said(configuration: Configuration, severity: Severity) -> dict[str, str]:
    return {
        each.code: str(each.message) for each in configuration.findings if each.severity is severity
    }


def errors(configuration: Configuration) -> dict[str, str]:
    return said(configuration, Severity.ERROR)


def test_every_place_of_this_computer_is_replaced_by_one_on_the_pod() -> None:
    configuration = made(FILE, base_model="black-forest-labs/FLUX.1-dev")
    process = process_of(configuration)
    assert errors(configuration) == {}
    assert process["training_folder"] == "${OUT_DIR}"
    assert process["datasets"][0]["folder_path"] == "${DATASET_DIR}"
    assert process["model"]["name_or_path"] == "${INPUT_0}"
    assert process["device"] == "cuda:0"
    assert "sqlite_db_path" not in process
    text = configuration.files["job.yaml"].decode()
    assert "Anna" not in text
    assert "a note" not in text, (
        "comments are no settings, and ai-toolkit fills in what stands in them too"
    )


def test_what_would_go_elsewhere_or_keep_the_curves_from_us_is_set_anew_and_said() -> None:
    configuration = made(FILE)
    process = process_of(configuration)
    assert process["save"]["push_to_hub"] is False
    assert "hf_repo_id" not in process["save"]
    assert process["logging"] == {"use_wandb": False, "use_ui_logger": True, "log_every": 1}
    assert "training_folder" in said(configuration, Severity.NOTE)["replaced"]


def test_what_is_not_ours_to_change_stays_as_it_was_meant() -> None:
    process = process_of(made(FILE))
    train = {"batch_size": 1, "steps": 2000, "lr": 1e-4, "optimizer": "adamw8bit", "dtype": "bf16"}
    assert process["train"] == train, "1e-4 is a number to ai-toolkit"
    assert process["sample"]["prompts"] == ["[trigger] a/b, 1:2", "/imagine a cat"]
    assert process["datasets"][0]["resolution"] == [512, 768]


def test_a_word_that_looks_like_a_number_stays_a_word() -> None:
    configuration = made(FILE.replace("device: mps", "trigger_word: '1e5'"))
    assert "trigger_word: '1e5'" in configuration.files["job.yaml"].decode()


def test_a_model_that_the_trainer_fetches_by_itself_is_warned_of() -> None:
    told = said(made(FILE), Severity.WARNING)["base_model"]
    assert "fetches black-forest-labs/FLUX.1-dev itself" in told
    assert "without a token" in told


@pytest.mark.parametrize(
    ("name", "wanted", "place"),
    [
        ("anna/model", "anna/model@v1", "${INPUT_0}"),
        ("anna/model/deep/a.safetensors", "anna/model", "${INPUT_0}/deep/a.safetensors"),
        (r"D:\models\flux", "anna/model", "${INPUT_0}"),
        ("${INPUT_0}/a.safetensors", "anna/model", "${INPUT_0}/a.safetensors"),
    ],
)
def test_a_base_model_of_ours_takes_its_place(name: str, wanted: str, place: str) -> None:
    configuration = made(changed(model={"name_or_path": name}), base_model=wanted)
    assert process_of(configuration)["model"]["name_or_path"] == place
    assert errors(configuration) == {}
    assert "base_model" not in said(configuration, Severity.WARNING)


def test_another_base_model_than_the_file_s_is_said() -> None:
    configuration = made(FILE, base_model="anna/model")
    told = said(configuration, Severity.WARNING)["base_model"]
    assert (
        told
        == "It begins with anna/model, and not with black-forest-labs/FLUX.1-dev as its file says."
    )


@pytest.mark.parametrize("name", ["/models/flux", "~/flux", "flux.safetensors", ""])
def test_a_model_on_this_computer_is_refused(name: str) -> None:
    assert "base_model" in errors(made(changed(model={"name_or_path": name})))


def test_a_kind_that_is_found_by_its_name_on_the_hub_alone_takes_no_base_model() -> None:
    chroma = changed(model={"name_or_path": "lodestones/Chroma1-Base", "arch": "chroma"})
    assert "kind chroma" in errors(made(chroma, base_model="lodestones/Chroma1-Base"))["base_model"]
    assert errors(made(chroma)) == {}


def test_several_folders_are_those_of_the_dataset_by_their_own_names() -> None:
    datasets = [
        {
            "folder_path": "/data/cats",
            "mask_path": "/data/masks",
            "control_path": ["/data/a", "/data/b"],
        },
        {"folder_path": "${DATASET_DIR}/own"},
    ]
    configuration = made(changed(datasets=datasets))
    first, second = process_of(configuration)["datasets"]
    assert first["folder_path"] == "${DATASET_DIR}/cats"
    assert first["mask_path"] == "${DATASET_DIR}/masks"
    assert first["control_path"] == ["${DATASET_DIR}/a", "${DATASET_DIR}/b"]
    assert second["folder_path"] == "${DATASET_DIR}/own"
    told = said(configuration, Severity.NOTE)["dataset_folders"]
    assert told == "The dataset must contain these folders: a, b, cats, masks."


def test_a_picture_that_came_along_is_found_by_its_name_and_one_that_did_not_is_named() -> None:
    prompt = "a cat --ctrl_img /home/anna/pose.png"
    one = {"prompt": prompt, "ctrl_img": "/home/anna/ctrl/one.png"}
    text = changed(sample={"samples": [one]})
    both = made(text, more={"ctrl/one.png": b"1", "pose.png": b"2", "other.txt": b"3"})
    (sample,) = process_of(both)["sample"]["samples"]
    assert sample["ctrl_img"] == "${WORK_DIR}/config/ctrl/one.png"
    assert sample["prompt"] == "a cat --ctrl_img ${WORK_DIR}/config/pose.png"
    assert set(both.files) == {"job.yaml", "ctrl/one.png", "pose.png"}
    told = errors(made(text))["local_path"]
    assert "sample.samples[0].ctrl_img (one.png)" in told
    assert "anna" not in told


def test_a_lora_to_start_from_has_to_come_along() -> None:
    network = {"network": {"pretrained_lora_path": "loras/start.safetensors"}}
    assert "local_path" in errors(made(changed(**network)))
    brought = made(changed(**network), more={"start.safetensors": b"x"})
    assert (
        process_of(brought)["network"]["pretrained_lora_path"]
        == "${WORK_DIR}/config/start.safetensors"
    )


@pytest.mark.parametrize("place", ["train", "sample", "model"])
def test_a_variable_that_nobody_sets_is_found_before_anything_is_rented(place: str) -> None:
    """ai-toolkit looks in the environment, and ends; a key in it would be delivered with its settings."""
    told = errors(made(changed(**{place: {"note": "a ${HF_TOKEN} b"}})))["unknown_variable"]
    assert told.startswith("${HF_TOKEN} in the file would be looked for in the pod's environment")


def test_an_input_that_is_not_there_is_a_variable_that_nobody_sets() -> None:
    text = changed(model={"name_or_path": "${INPUT_0}"})
    assert "unknown_variable" in errors(made(text))
    assert errors(made(text, base_model="anna/model")) == {}


def test_a_key_is_left_where_the_plan_finds_it_and_comments_are_not_sent() -> None:
    key = "hf_" + "aB3" * 10
    in_comment = made(FILE + f"\n# hf_token: {key}\n")
    assert key not in in_comment.files["job.yaml"].decode()
    as_value = made(changed(model={"hf_token": key}))
    found = key_in_file("config/job.yaml", as_value.files["job.yaml"])
    assert found is not None


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"type": "concept_slider"}, "other_process"),
        ({"network": None}, "no_lora"),
        ({"network": {"type": "lorm"}}, "no_lora"),
        ({"embedding": [1]}, "more_files"),
        ({"train": {"merge_network_on_save": True}}, "more_files"),
        ({"model": {"arch": "wan22_14b:t2v"}}, "more_files"),
        ({"train": {"start_step": 100}}, "start_step"),
        ({"datasets": []}, "no_datasets"),
        ({"datasets": [{"caption_ext": "txt"}]}, "no_datasets"),
        ({"datasets": [{"dataset_path": "/data/list.json"}]}, "listed_dataset"),
    ],
)
def test_what_cannot_be_trained_with_our_promises_is_an_error(parts: Any, code: str) -> None:
    assert code in errors(made(changed(**parts)))


@pytest.mark.parametrize("name", ["sample", "opt", "config", "a/b", "../x", "", "[name]", 7])
def test_a_name_by_which_the_trainer_would_take_another_file_for_the_lora_is_refused(
    name: object,
) -> None:
    values = yaml.safe_load(FILE)
    values["config"]["name"] = name
    assert "lora_name" in errors(made(yaml.safe_dump(values)))


def test_a_misspelt_setting_is_named_with_the_one_that_is_meant() -> None:
    told = said(made(changed(train={"optimiser": "x"}, save={"save_evry": 5})), Severity.WARNING)
    assert "save.save_evry (save_every may be meant)" in told["unknown_settings"]
    assert "train.optimiser (optimizer may be meant)" in told["unknown_settings"]
    assert "unknown_settings" not in said(made(FILE), Severity.WARNING)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words",
        "- a\n- list",
        "a: [1",
        "a: !!python/object/apply:os.system ['true']",
        "\tjob: x",
        "a: &a [*a]",
        "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)
        ),
        b"\xff\xfe\x00",
        "x: " + "y" * 1_000_001,
    ],
)  # fmt: skip
def test_what_is_no_file_of_settings_is_said_and_neither_run_nor_grown(text: str | bytes) -> None:
    configuration = made(text)
    assert configuration.files == {}
    assert set(errors(configuration)) <= {"configuration", "no_job"}
    assert errors(configuration)


def test_json_is_read_as_ai_toolkit_reads_it_and_one_file_of_several_has_to_be_meant() -> None:
    values = yaml.safe_load(FILE)
    configuration = made(json.dumps(values), name="cats.json")
    assert errors(configuration) == {}
    two = made(FILE, name="a.yaml", more={"b.yaml": FILE.encode()})
    assert (
        errors(two)["configuration"]
        == "Exactly one settings file is needed; there are a.yaml, b.yaml."
    )


@pytest.mark.parametrize("kind", ModelKind)
def test_without_a_file_one_is_made_for_each_kind_of_model(kind: ModelKind) -> None:
    own = settings(
        trainer_config="", model_kind=kind, base_model="anna/model", lora_name="cats", picture_steps=500,
        picture_size=768, trigger_word="c4t", sample_prompts=("a cat",),
    )  # fmt: skip
    configuration = recipe_of(own).configuration(own, {})
    assert configuration.findings == ()
    process = process_of(configuration)
    assert process["model"]["arch"] == kind.value
    assert (process["train"]["steps"], process["datasets"][0]["resolution"]) == (500, [768])
    assert process["trigger_word"] == "c4t"
    assert process["sample"]["sampler"] == process["train"]["noise_scheduler"]
    again = made(configuration.files["job.yaml"], base_model="anna/model")
    assert again == configuration, "what is made is fit to be given back"


def test_without_a_file_a_base_model_is_asked_for_by_the_usual_one() -> None:
    own = settings(trainer_config="", model_kind="sdxl")
    (error,) = recipe_of(own).configuration(own, {}).findings
    assert "stabilityai/stable-diffusion-xl-base-1.0" in str(error.hint)


def test_a_place_of_ours_in_a_prompt_of_ours_is_a_variable_too() -> None:
    own = settings(trainer_config="", base_model="anna/model", sample_prompts=("a ${cat}",))
    assert "unknown_variable" in errors(recipe_of(own).configuration(own, {}))
