"""A person's own file of settings for OneTrainer, made fit for a pod: paths, promises, and what it leaves out."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from launcher.recipes.onetrainer.known import VERSION
from pod_image.contract.findings import Severity
from tests.recipes.onetrainer.files import (
    EXPORTED,
    UNSET,
    changed,
    configuration,
    errors,
    made_of,
    said,
    texts,
    warnings,
)

OF_A_COMPUTER = re.compile(r"^[A-Za-z]:[\\/]|\\|^/|^~|^cloud:")


def test_no_path_of_the_computer_is_left_anywhere() -> None:
    made = made_of(EXPORTED)
    assert [text for text in texts(made) if OF_A_COMPUTER.search(text)] == []
    assert "Jürgen" not in json.dumps(made, ensure_ascii=False)
    assert "Möhre" not in json.dumps(made, ensure_ascii=False)


def test_everything_that_it_writes_lies_where_it_is_delivered_from_or_not_at_all() -> None:
    made = made_of(EXPORTED)
    assert made["workspace_dir"] == "${OUT_DIR}/ws"
    assert made["output_model_destination"] == "${OUT_DIR}/model/cats-and-dogs.safetensors"
    beside = ("cache_dir", "debug_dir", "huggingface_cache_dir")
    assert {made[name].split("/")[0] for name in beside} == {"${WORK_DIR}"}
    assert made["quantization"]["cache_dir"] is None


@pytest.mark.parametrize(
    ("form", "own", "name"),
    [
        ("DIFFUSERS", "models/cat.safetensors", "cat"),
        ("DIFFUSERS", "D:\\models\\cat", "cat"),
        ("KOHYA_LORA", "models/cat", "cat.safetensors"),
        ("KOHYA_LORA", "", "model.safetensors"),
    ],
)
def test_a_model_is_a_file_or_a_folder_by_its_format(form: str, own: str, name: str) -> None:
    made = made_of(changed(output_model_format=form, output_model_destination=own))
    assert made["output_model_destination"] == "${OUT_DIR}/model/" + name


def test_what_would_break_a_promise_is_set_anew() -> None:
    made = made_of(EXPORTED, checkpoint_minutes=2.5)
    assert made["continue_last_backup"] is True
    assert (made["backup_after"], made["backup_after_unit"]) == (150, "SECOND")
    assert (made["rolling_backup"], made["rolling_backup_count"]) == (True, 2)
    # Without it OneTrainer ends an interrupted training without backup and model.
    assert made["backup_before_save"] is True
    assert (made["tensorboard"], made["samples_to_tensorboard"]) == (False, False)
    assert made["cloud"] == {"enabled": False}
    assert made["train_device"] == "cuda"
    assert "secrets" not in made


def test_what_is_the_person_s_stays() -> None:
    made = made_of(EXPORTED)
    kept = ("epochs", "batch_size", "learning_rate", "resolution", "save_every", "train_dtype")
    assert {name: made[name] for name in kept} == {name: EXPORTED[name] for name in kept}
    assert made["samples"][0]["prompt"] == "a cat, café"


def test_concepts_read_folders_of_the_dataset_and_those_that_are_off_stay_at_home() -> None:
    cats, dogs = made_of(EXPORTED)["concepts"]
    assert (cats["path"], dogs["path"]) == ("${DATASET_DIR}/cats", "${DATASET_DIR}/dogs")
    assert cats["text"]["prompt_path"] == "${DATASET_DIR}/cats/prompts.txt"
    assert dogs["text"]["prompt_path"] == ""
    assert "concept_stats" not in cats
    assert (cats["seed"], dogs["seed"]) == (7, 42)


def test_what_was_changed_is_told_in_a_few_sentences() -> None:
    notes = said(configuration(EXPORTED), Severity.NOTE)
    assert notes[0] == "2 concepts, read from the dataset's folders cats, dogs."
    assert len(notes) == 2
    assert "TensorBoard" in notes[1]


def test_a_file_that_was_made_fit_once_stays_as_it_is() -> None:
    """What `init trainer` wrote, and a person changed, comes back the same way."""
    first = made_of(EXPORTED)
    assert made_of(first) == first


def test_a_file_made_of_our_own_settings_has_no_fault_and_stays_as_it_is() -> None:
    settings = {"sample_prompts": ["a cat"], "picture_size": 768, "picture_epochs": 7}
    made = configuration({}, trainer_config="", **settings)
    assert made.findings == ()
    values = json.loads(made.files["train.json"])
    assert (values["resolution"], values["epochs"], values["base_model_name"]) == (
        "768",
        7,
        "${INPUT_0}",
    )
    assert values["samples"][0] == {"prompt": "a cat", "width": 768, "height": 768, "seed": 42}
    again = configuration(made.files["train.json"])
    assert json.loads(again.files["train.json"]) == values
    assert {one.severity for one in again.findings} == {Severity.NOTE}


def test_our_own_settings_name_a_kind_of_model_that_it_knows() -> None:
    found = errors({}, trainer_config="", model_type="STABLE_CONFUSION")
    assert found.keys() == {"model_type"}


@pytest.mark.parametrize("kind", ["STABLE_DIFFUSION_XL_10_BASE", "FLUX_DEV_1", "STABLE_DIFFUSION_35"])  # fmt: skip
def test_a_lora_is_written_so_that_comfyui_reads_it(kind: str) -> None:
    made = made_of({}, trainer_config="", model_type=kind)
    has_unet = kind == "STABLE_DIFFUSION_XL_10_BASE"
    assert made["output_model_format"] == ("KOHYA_LORA" if has_unet else "COMFY_LORA")


class TestVersions:
    def test_one_without_a_version_is_refused_since_it_counts_as_the_first(self) -> None:
        for version in (UNSET, None, "11", 11.0, True):
            assert "configuration_version" in errors(changed(__version=version))

    def test_one_of_a_newer_program_is_refused_where_ours_is_installed(self) -> None:
        newer = changed(__version=VERSION + 1)
        assert errors(newer).keys() == {"configuration_version"}
        own = {"onetrainer_commit": "a" * 40}, {"onetrainer_folder": "/OneTrainer"}
        for settings in own:
            assert errors(newer, **settings) == {}
            assert warnings(newer, **settings).keys() == {"configuration_version"}

    def test_an_older_one_is_taken_and_one_of_years_ago_is_not(self) -> None:
        older = changed(__version=10, weight_dtype="FLOAT_32", gradient_checkpointing="ON")
        made = configuration(older)
        assert said(made, Severity.ERROR) == said(made, Severity.WARNING) == []
        assert errors(changed(__version=1)).keys() == {"configuration_version"}


class TestWhatItWouldLeaveOut:
    def test_unknown_settings_are_named(self) -> None:
        wrong = changed(learing_rate=1, concepts=[{**EXPORTED["concepts"][1], "pathh": "x"}])
        found = warnings(wrong)["unknown_in_configuration"]
        assert "learing_rate, concepts[0].pathh" in found

    @pytest.mark.parametrize(
        "wrong",
        [
            {"train_dtype": "NOT_A_TYPE"},
            {"epochs": "many"},
            {"epochs": 2.5},
            {"epochs": None},
            {"tensorboard": "false"},
            {"learning_rate": [1]},
            {"unet": {"weight_dtype": 3}},
            {"unet": "FLOAT_16"},
            {"optimizer": {"optimizer": "ADAMMM"}},
            {"optimizer_defaults": {"ADAMW": {"beta1": "x"}}},
            {"samples": [{"prompt": "a", "width": "wide"}]},
        ],
    )
    def test_what_it_cannot_read_is_refused_before_a_pod_is_rented(
        self, wrong: dict[str, Any]
    ) -> None:
        found = errors(changed(**wrong))["wrong_in_configuration"]
        assert next(iter(wrong)) in found
        # Another commit may know more: then it is the pod that tells.
        assert errors(changed(**wrong), onetrainer_commit="a" * 40) == {}

    def test_whatever_it_reads_as_what_it_says_is_right(self) -> None:
        right = changed(
            resolution=1024, epochs="20", clip_grad_norm=None, learning_rate="3e-4",
            optimizer={"optimizer": "ADAMW", "beta1": 0.9}, unet={"learning_rate": "inf"},
        )  # fmt: skip
        made = configuration(right)
        assert said(made, Severity.ERROR) == said(made, Severity.WARNING) == []


class TestModels:
    def test_the_base_model_is_the_one_that_is_fetched_for_the_run(self) -> None:
        assert made_of(EXPORTED)["base_model_name"] == "${INPUT_0}"
        own = made_of(changed(base_model_name="${INPUT_0}/sd_xl.safetensors"))
        assert own["base_model_name"] == "${INPUT_0}/sd_xl.safetensors"

    def test_a_file_of_the_computer_alone_is_no_base(self) -> None:
        found = errors(EXPORTED, base_model="")["base_model"]
        assert found == "The training would start from sd_xl_base_1.0.safetensors of your computer."

    def test_a_repo_of_the_file_is_fetched_without_a_key_and_that_is_said(self) -> None:
        hub = changed(base_model_name="black-forest-labs/FLUX.1-dev")
        found = warnings(hub, base_model="")["fetched_without_key"]
        assert found.startswith("OneTrainer fetches black-forest-labs/FLUX.1-dev itself")
        assert made_of(hub, base_model="")["base_model_name"] == "black-forest-labs/FLUX.1-dev"

    @pytest.mark.parametrize(
        "where",
        [
            {"lora_model_name": "D:\\loras\\old.safetensors"},
            {"transformer": {"model_name": "/models/old.safetensors"}},
            {"vae": {"model_name": "models/old.safetensors"}},
            {"embedding": {"model_name": "cloud:/workspace/old.safetensors"}},
            {"additional_embeddings": [{"model_name": "C:/e/old.safetensors"}]},
        ],
    )
    def test_any_other_model_comes_along_or_is_refused(self, where: dict[str, Any]) -> None:
        found = errors(changed(**where))["model_of_this_computer"]
        assert found.startswith("old.safetensors is on your computer")
        folder = {"config.json": json.dumps(changed(**where)).encode(), "old.safetensors": b"w"}
        made = configuration(folder)
        assert said(made, Severity.ERROR) == []
        assert made.files["old.safetensors"] == b"w"
        assert "${WORK_DIR}/config/old.safetensors" in texts(json.loads(made.files["train.json"]))

    def test_one_of_the_hub_stays_and_that_is_said(self) -> None:
        made = changed(vae={"model_name": "me/vae"})
        assert "me/vae" in warnings(made)["fetched_without_key"]
        assert made_of(made)["vae"]["model_name"] == "me/vae"


class TestAFolder:
    PLAIN = changed(concepts=None, samples=None)

    def folder(self, **more: bytes) -> dict[str, bytes]:
        lists = {
            "training_concepts/concepts.json": json.dumps(EXPORTED["concepts"]).encode(),
            "training_samples/samples.json": json.dumps(EXPORTED["samples"]).encode(),
        }
        return {"settings.json": json.dumps(self.PLAIN).encode(), **lists, **more}

    def test_a_plain_file_takes_its_lists_from_the_files_that_it_names(self) -> None:
        made = made_of(self.folder())
        assert made == made_of(EXPORTED)
        assert configuration(self.folder(junk=b"x")).files.keys() == {"train.json"}

    def test_a_plain_file_alone_is_told_what_it_lacks(self) -> None:
        made = configuration(self.PLAIN)
        assert [one.code for one in made.findings if one.severity is Severity.ERROR] == [
            "no_concepts"
        ]
        assert "training_concepts/concepts.json" in said(made, Severity.ERROR)[0]
        assert "training_samples/samples.json" in said(made, Severity.WARNING)[0]

    def test_pictures_that_samples_start_from_come_along(self) -> None:
        sample = {"prompt": "a", "sample_inpainting": True, "base_image_path": r"C:\pics\base.png"}
        plain = changed(samples=[sample])
        found = errors(plain)["no_picture"]
        assert "base.png" in found
        made = configuration({"config.json": json.dumps(plain).encode(), "pics/base.png": b"p"})
        assert made.files["pics/base.png"] == b"p"
        (placed,) = json.loads(made.files["train.json"])["samples"]
        assert placed["base_image_path"] == "${WORK_DIR}/config/pics/base.png"

    def test_which_file_is_meant_has_to_be_clear(self) -> None:
        one = json.dumps(EXPORTED).encode()
        assert errors({"a.json": one, "b.json": one}).keys() == {"configuration_unclear"}
        assert errors({"a.json": one, "config.json": one}) == {}
        assert errors({"a.json": b"{}", "b.txt": one}).keys() == {"no_configuration"}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"only_cache": True}, "nothing_trained"),
        ({"concepts": []}, "no_concepts"),
        ({"concepts": [{"path": "C:\\x", "enabled": False}]}, "no_concepts"),
        ({"concepts": [{"path": ""}]}, "no_concepts"),
        ({"concepts": {"path": "x"}}, "configuration_unreadable"),
        ({"concepts": ["x"]}, "configuration_unreadable"),
        ({"model_type": UNSET}, "model_type"),
    ],
)
def test_what_would_train_nothing_is_refused(wrong: dict[str, Any], code: str) -> None:
    assert code in errors(changed(**wrong))


def test_several_gpus_are_used_only_where_there_are_several() -> None:
    many = changed(multi_gpu=True, device_indexes="0,1")
    assert made_of(many)["multi_gpu"] is False
    made = made_of(many, gpu_count=2)
    assert (made["multi_gpu"], made["device_indexes"]) == (True, "")
