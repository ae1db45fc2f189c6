"""What a study is kept in: its tests of dying and of two computers are played in a repo and in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.contract.results_address import is_folder
from pod_image.folder_store.folder import OwnFolder
from pod_image.hub import Hub, Repo
from tests.kit.clouds import RESULTS_REPO

_IN_BOTH = ("test_crashes", "test_two_computers")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Faults of the Hub are those of a repo alone."""
    if metafunc.module.__name__.rpartition(".")[2] in _IN_BOTH:
        kept = ("repo",) if "fault" in metafunc.fixturenames else ("repo", "folder")
        metafunc.parametrize("kept_in", kept, indirect=True)


@pytest.fixture(autouse=True)
def kept_in(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results of a rented pod go to no folder, so that the name of the repo stands for one here."""
    if getattr(request, "param", "repo") == "repo":
        return
    folder = OwnFolder(tmp_path / "results folder")
    folder.ensure()
    stands_for = property(lambda repo: repo.id == RESULTS_REPO or is_folder(repo.id))
    monkeypatch.setattr(Repo, "is_folder", stands_for)
    begin = Hub.__post_init__

    def opened(hub: Hub) -> None:
        begin(hub)
        hub.open_folder = lambda address: folder

    monkeypatch.setattr(Hub, "__post_init__", opened)
