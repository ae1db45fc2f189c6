"""A run as a TOML file, there and back."""

import math
import tomllib
from pathlib import Path

import pytest

from launcher.errors import InvalidRequest
from launcher.forms.run_file import differences, parse_run_file, read_run_file, settings_to_toml
from launcher.forms.values import to_settings
from pod_image.contract.settings import RunSettings


def test_settings_survive_a_file_whatever_is_in_their_sentences() -> None:
    settings = RunSettings(
        dataset_repo="me/clips",
        results_repo="me/voice",
        sample_sentences=('He said "no\\way".', "Größe\tund\x7fTiefe", "# not a comment = 1"),
        learning_rate=1e-4,
        seed=2**31 - 1,
    )
    text = settings_to_toml(settings, title="A run")
    assert to_settings(parse_run_file(text, "test").values) == settings
    assert math.isclose(tomllib.loads(text)["settings"]["learning_rate"], 1e-4)


def test_a_file_has_only_what_applies() -> None:
    settings = RunSettings(recipe="command", argv=("true",))
    assert "quality" not in settings_to_toml(settings)
    assert differences(settings) == {"recipe": "command", "argv": ["true"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch_size = 3", "'batch_size' at the top"),
        ("[settings]\nbatchsize = 3", "'batchsize'"),
        ("settings = 3", "[settings] a table"),
        ("preset = 3", "preset is a name"),
        ("[settings", "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_run_file(text, "run.toml")
    assert message in caught.value.message


def test_a_file_that_is_not_there_is_an_error_of_the_request(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_run_file(tmp_path / "absent.toml")
    assert "absent.toml" in caught.value.message
