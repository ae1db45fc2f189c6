"""The JSON schema that editors get: every preset fits it, and what the launcher refuses does not."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli_w

from launcher.config import Config
from launcher.errors import InvalidRequest
from launcher.forms.docs import DOCS_FOLDER, SCHEMA_PAGE
from launcher.forms.run_file import parse_run_file
from launcher.forms.values import to_settings
from launcher.presets import built_in_folder, find_preset
from launcher.services.planning.compose import compose
from tests.kit.run_files import left_to_say, whole_run_file

PRESETS = sorted(built_in_folder().glob("*.toml"))


@pytest.fixture(scope="module")
def schema() -> Any:
    document = json.loads((DOCS_FOLDER / SCHEMA_PAGE).read_text("utf-8"))
    return jsonschema.Draft202012Validator(document)


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_built_in_preset_fits_the_schema_as_file_and_whole(schema: Any, path: Path) -> None:
    schema.validate(tomllib.loads(path.read_text("utf-8")))
    config = Config(config_folder=path.parent, data_folder=path.parent)
    settings = compose(find_preset(config, path.stem), left_to_say(path.stem)).settings
    schema.validate(tomllib.loads(whole_run_file(settings)))


@pytest.mark.parametrize(
    "values",
    [
        {"batch_size": 0},
        {"batch_size": "many"},
        {"quality": "best"},
        {"no_such_setting": 1},
        {"dataset_repo": "mine"},
        {"min_cuda_version": "thirteen"},
        {"sample_sentences": []},
    ],
    ids=lambda values: next(iter(values)),
)
def test_what_the_schema_refuses_the_launcher_refuses_and_the_other_way_round(
    schema: Any, values: dict[str, Any]
) -> None:
    assert not schema.is_valid({"settings": values})
    with pytest.raises(InvalidRequest):
        to_settings(parse_run_file(tomli_w.dumps({"settings": values}), "test").values)


def test_a_key_at_the_top_that_nobody_knows_is_refused_by_both(schema: Any) -> None:
    assert not schema.is_valid({"batch_size": 3})
    with pytest.raises(InvalidRequest):
        parse_run_file("batch_size = 3", "test")
