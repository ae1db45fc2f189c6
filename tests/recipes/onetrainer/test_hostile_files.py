"""Files that nobody exported: torn, huge, nested, with keys where none belong. Said in a sentence, never quoted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pod_image.contract.findings import Severity
from tests.recipes.onetrainer.files import EXPORTED, changed, configuration, errors, made_of, said

KEY = "hf_" + "a1B2c3D4e5" * 4
WRITTEN = json.dumps(EXPORTED, ensure_ascii=False)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + WRITTEN.encode(),
        WRITTEN.replace("\n", "\r\n").encode(),
        json.dumps(EXPORTED, indent="\t").encode(),
    ],
    ids=["a byte order mark", "lines of Windows", "tabs"],
)
def test_what_editors_do_to_a_file_does_no_harm(content: bytes) -> None:
    made = configuration(content)
    assert said(made, Severity.ERROR) == []
    assert json.loads(made.files["train.json"]) == made_of(EXPORTED)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "line 1, column 1 is not valid JSON"),
        (b"\x00" * 100, "is not valid JSON"),
        (WRITTEN[:-20].encode(), "is not valid JSON"),
        (WRITTEN.replace("{", "{ // mine", 1).encode(), "no comments"),
        (WRITTEN.replace('"epochs": 2', '"epochs": NaN').encode(), "it has the value NaN"),
        (WRITTEN.replace('"epochs": 2', '"epochs": -Infinity').encode(), "it has the value -Infinity"),
        (WRITTEN.encode("utf-16"), "it is not written in UTF-8"),
        (b'{"a":' * 100_000, "it is nested too deep"),
        (b"[" * 200_000, "it is nested too deep"),
        (b'{"a":' + b"9" * 10_000 + b"}", "a number in it is too long"),
        (b" " * 10_000_000, "larger than 4 MB"),
        (b"[1]", "is not a table of settings"),
        (b"null", "is not a table of settings"),
        (b'"text"', "is not a table of settings"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_settings_is_told_why(content: bytes, why: str) -> None:
    found = errors(content)
    assert found.keys() == {"configuration_unreadable"}
    assert why in found["configuration_unreadable"]
    assert configuration(content).files == {}


def nested(depth: int) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("depth", [60, 300])
def test_tables_within_tables_beyond_all_sense_are_refused(depth: int) -> None:
    assert "configuration_unreadable" in errors(changed(optimizer=nested(depth)))


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ({"secrets": {"huggingface_token": KEY}}, "secrets.huggingface_token"),
        ({"secrets": {"huggingface_token": "short"}}, "secrets.huggingface_token"),
        ({"secrets": {"cloud": {"api_key": "rpa_" + "A1" * 20}}}, "secrets.cloud.api_key"),
        ({"secrets": {"cloud": {"password": "hunter2"}}}, "secrets.cloud.password"),
        ({"samples": [{"prompt": f"a cat {KEY}"}]}, "samples[0].prompt"),
        ({"cloud": {"install_cmd": f"git clone https://me:{KEY}@github.com/me/x"}}, "cloud.install_cmd"),
        ({"concepts": [{"path": "C:\\x", "name": KEY}]}, "concepts[0].name"),
        ({"scheduler_params": [{"key": "token", "value": KEY}]}, "scheduler_params[0].value"),
        ({KEY: "x"}, "a name"),
        ({"optimizer": {"muon_adam_config": {KEY: {"deep": KEY}}}}, "optimizer.muon_adam_config.***.deep"),
        ({"base_model_name": f"https://u:{KEY}@huggingface.co/me/x"}, "base_model_name"),
    ],
)  # fmt: skip
def test_a_key_anywhere_is_an_error_that_says_where_and_not_what(
    where: dict[str, Any], place: str
) -> None:
    made = configuration(changed(**where))
    (found,) = [one for one in made.findings if one.severity is Severity.ERROR]
    assert found.code == "key_in_configuration"
    assert place in str(found.message)
    assert KEY not in f"{found.message} {found.hint}"
    assert "hunter2" not in str(found.message)
    assert made.files == {}


def test_a_key_in_a_file_of_samples_beside_is_found_too() -> None:
    folder = {
        "config.json": json.dumps(changed(samples=None)).encode(),
        "training_samples/samples.json": json.dumps([{"prompt": KEY}]).encode(),
    }
    assert "key_in_configuration" in errors(folder)


@pytest.mark.parametrize(
    "secrets",
    [
        {},
        {"huggingface_token": "", "cloud": {"api_key": "", "port": 0, "user": "root"}},
        {"cloud": {"host": "1.2.3.4", "key_file": "C:\\keys\\id_ed25519"}},
        None,
    ],
)
def test_secrets_without_a_key_are_dropped(secrets: Any) -> None:
    made = made_of(changed(secrets=secrets))
    assert "secrets" not in made
    assert "id_ed25519" not in json.dumps(made)


@pytest.mark.parametrize(
    "wrong",
    [
        {"concepts": [{"path": 7}]},
        {"concepts": [{"path": "C:\\x", "text": "sample"}]},
        {"samples": [{"base_image_path": 3, "sample_inpainting": True}]},
        {"quantization": []},
        {"base_model_name": ["x"]},
        {"save_filename_prefix": "../../x"},
        {"additional_embeddings": ["x", None]},
        {"unet": None},
        {"output_model_destination": {"a": 1}},
        {"temp_device": ["cuda:1"]},
    ],
)
def test_values_of_the_wrong_kind_cost_no_traceback(wrong: dict[str, Any]) -> None:
    for settings in ({}, {"onetrainer_commit": "a" * 40}):
        made = configuration(changed(**wrong), **settings)
        for content in made.files.values():
            assert "../" not in content.decode()


def test_two_concepts_of_one_folder_read_one_folder() -> None:
    cats = {"path": "C:\\data\\cats", "name": "closer"}
    again = {"path": "c:/data/Cats/", "name": "farther"}
    made = made_of(changed(concepts=[cats, again]))
    assert [one["path"] for one in made["concepts"]] == ["${DATASET_DIR}/cats"] * 2


def test_folders_of_one_name_on_two_drives_are_told_apart() -> None:
    concepts = [{"path": "C:\\a\\图片"}, {"path": "D:\\b\\图片"}]
    made = made_of(changed(concepts=concepts))
    assert [one["path"] for one in made["concepts"]] == [
        "${DATASET_DIR}/a/图片",
        "${DATASET_DIR}/b/图片",
    ]
    assert b"\\u56fe" in configuration(changed(concepts=concepts)).files["train.json"]
