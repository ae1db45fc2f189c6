"""Where the program keeps things: as the system wants it, and where earlier releases kept them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from launcher.config import read_config


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the folders of Linux")
def test_what_earlier_releases_kept_is_still_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("LAUNCHER_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    config = read_config()
    assert config.config_folder == tmp_path / ".config" / "pod-launcher"
    assert config.data_folder == tmp_path / ".local" / "share" / "pod-launcher"


def test_one_variable_moves_everything_below_one_folder(tmp_path: Path) -> None:
    config = read_config({"LAUNCHER_HOME": str(tmp_path)})
    assert (config.config_folder, config.data_folder) == (tmp_path / "config", tmp_path / "data")


def test_the_address_of_a_stand_in_is_found_by_the_name_of_its_place() -> None:
    given = {"RUNPOD_API_BASE_URL": "http://localhost:1/", "OTHER_CLOUD_API_BASE_URL": "http://x"}
    config = read_config({**given, "EMPTY_API_BASE_URL": "", "API_BASE_URL": "http://y"})
    assert config.place_urls == {"runpod": "http://localhost:1", "other_cloud": "http://x"}
    assert read_config({}).place_urls == {}


def test_one_address_stands_in_for_every_registry_of_images() -> None:
    assert read_config({"LAUNCHER_REGISTRY_URL": "http://localhost:5000/"}).registry_url == (
        "http://localhost:5000"
    )
    assert read_config({}).registry_url == ""
