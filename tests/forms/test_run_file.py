"""A run as a TOML file, there and back."""

import math
import tomllib
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.errors import InvalidRequest
from launcher.forms.run_file import differences, parse_run_file, read_run_file
from launcher.forms.values import to_settings
from pod_image.contract.settings import RunSettings
from tests.kit.older_release import NEWER, older_vocabulary  # noqa: F401  (a fixture)
from tests.kit.run_files import whole_run_file


def test_settings_survive_a_file_whatever_is_in_their_sentences() -> None:
    settings = RunSettings(
        dataset_repo="me/clips",
        results_repo="me/voice",
        sample_sentences=('He said "no\\way".', "Größe\tund\x7fTiefe", "# not a comment = 1"),
        learning_rate=1e-4,
        seed=2**31 - 1,
    )
    text = whole_run_file(settings)
    assert to_settings(parse_run_file(text, "test").values) == settings
    assert math.isclose(tomllib.loads(text)["settings"]["learning_rate"], 1e-4)


def test_a_file_has_only_what_applies() -> None:
    settings = RunSettings(recipe="command", argv=("true",))
    assert "quality" not in whole_run_file(settings)
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
    assert message in in_terminal(caught.value.message)


def test_a_file_that_is_not_there_is_an_error_of_the_request(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_run_file(tmp_path / "absent.toml")
    assert "absent.toml" in in_terminal(caught.value.message)


@pytest.mark.usefixtures("older_vocabulary")
def test_a_run_file_under_older_names_means_what_it_meant_and_says_so() -> None:
    found = parse_run_file("[settings]\nrounds = 7\nmel_bands = 80", "run.toml")
    assert found.values == {"epochs": 7}
    assert found.notes == (
        "run.toml: rounds is now called epochs.",
        "run.toml: mel_bands is no longer a setting and is ignored: the voice has as many as its quality says.",
    )


@pytest.mark.parametrize(
    "text", ["[settings]\nfrobnicate = 1", "[settings]\n[more]", "[settings]\nepochs = -1"]
)
def test_a_newer_run_file_is_told_apart_from_a_slip_of_the_pen(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_run_file(f'launcher = "{NEWER}"\n{text}', "run.toml")
    assert f"run.toml was written by launcher {NEWER}" in in_terminal(caught.value.message)
