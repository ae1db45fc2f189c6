"""A preset that another release wrote: an older one loads, a newer one is told apart from a slip of the pen."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from launcher import __version__
from launcher.cli.terminal.next_steps import in_terminal
from launcher.config import Config
from launcher.domain.plan import Composed
from launcher.domain.written_by import is_newer, is_older
from launcher.errors import InvalidRequest
from launcher.presets import find_preset, save_preset
from launcher.services.planning.compose import compose
from pod_image.contract.recipes.piper import PiperSettings
from tests.kit.older_release import NEWER, OLDER, older_vocabulary  # noqa: F401  (a fixture)

REPOS = {"dataset_repo": "me/clips", "results_repo": "me/voice"}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(config_folder=tmp_path / "config", data_folder=tmp_path / "data")


def composed(config: Config, settings: str, version: str = "") -> Composed:
    head = f'launcher = "{version}"\n' if version else ""
    config.presets_folder.mkdir(parents=True, exist_ok=True)
    (config.presets_folder / "mine.toml").write_text(f"{head}[settings]\n{settings}\n", "utf-8")
    return compose(find_preset(config, "mine"), REPOS)


@pytest.mark.usefixtures("older_vocabulary")
@pytest.mark.parametrize("version", ["", OLDER], ids=["by hand", "saved"])
def test_a_preset_under_older_names_means_what_it_meant(config: Config, version: str) -> None:
    found = composed(config, "rounds = 7\nclips_per_step = 8\nmel_bands = 80", version)
    settings = PiperSettings.of(found.settings)
    assert (settings.epochs, settings.batch_size) == (7, 8)
    assert found.notes == (
        "Preset mine: rounds is now called epochs.",
        "Preset mine: clips_per_step is now called batch_size.",
        "Preset mine: mel_bands is no longer a setting and is ignored: the voice has as many as its quality says.",
    )


def test_what_only_an_older_release_knew_or_took_is_left_out_and_said(config: Config) -> None:
    found = composed(config, "frobnicate = 1\nbatch_size = 100000\nepochs = 7", OLDER)
    settings = PiperSettings.of(found.settings)
    assert (settings.epochs, settings.batch_size) == (7, 32)
    assert [note.split(": ", 1)[1] for note in found.notes] == [
        "frobnicate is not a setting in this release and is ignored.",
        "batch_size is ignored: this release does not accept its value.",
    ]


@pytest.mark.parametrize("version", ["", __version__], ids=["by hand", "this release"])
def test_a_slip_of_the_pen_is_refused_with_what_was_meant(config: Config, version: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        composed(config, "epoch = 7", version)
    assert "'epoch'" in in_terminal(caught.value.message)
    assert "epochs" in in_terminal(caught.value.hint)


@pytest.mark.usefixtures("older_vocabulary")
def test_an_older_name_that_is_typed_is_refused_with_todays(config: Config) -> None:
    with pytest.raises(InvalidRequest) as caught:
        compose(None, {"rounds": 7})
    assert caught.value.hint == "It is now called epochs."
    with pytest.raises(InvalidRequest) as caught:
        compose(None, {"mel_bands": 80})
    assert "earlier release had it: the voice has as many" in in_terminal(caught.value.hint)


@pytest.mark.parametrize(
    ("line", "name"), [("frobnicate = 1", "frobnicate"), ("batch_size = 100000", "batch_size")]
)
def test_a_newer_preset_that_says_more_than_we_know_is_refused_with_both_versions(
    config: Config, line: str, name: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        composed(config, line, NEWER)
    assert caught.value.message == (
        f"Preset mine was written by launcher {NEWER}. This is {__version__}, which does not know: {name}."
    )
    assert "pip install -U pod-launcher" in in_terminal(caught.value.hint)


def test_a_newer_preset_that_says_what_we_know_loads(config: Config) -> None:
    found = composed(config, "epochs = 7", NEWER)
    assert PiperSettings.of(found.settings).epochs == 7


def test_a_saved_preset_says_which_release_wrote_it(config: Config) -> None:
    path = save_preset(config, "mine", {"epochs": 7})
    assert tomllib.loads(path.read_text("utf-8"))["launcher"] == __version__
    assert find_preset(config, "mine").version == __version__


def test_versions_are_compared_as_numbers_and_nonsense_is_neither() -> None:
    own = [int(part) for part in __version__.split(".")]
    later = ".".join(map(str, [own[0], own[1] + 10, 0]))
    assert is_newer(later)
    assert not is_older(later)
    assert is_older("0.0.99")
    for version in ("", "soon", __version__):
        assert not is_newer(version)
        assert not is_older(version)
