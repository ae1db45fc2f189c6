"""A model by its name is fetched once, at its commit, and held to its checksum; a folder is taken as it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from launcher.emulator.hub import HubEmulator
from launcher.workshop.transcribing.models import LateRecogniser, model_folder
from pod_image.hearing import models
from pod_image.hearing.hearing_error import HearingError
from pod_image.hearing.models import NamedModel
from pod_image.hub import Hub, Repo, publish
from tests.kit.recognisers import TableRecogniser

FILES: dict[str, Path | bytes] = {
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "vocabulary.txt": b"a\n",
    "model.bin": b"weights" * 1000,
    "notes.txt": b"not needed",
}


def published(hub: Hub, monkeypatch: pytest.MonkeyPatch, sha256: str = "") -> None:
    """Model "small" on the emulated Hub, pinned there."""
    repo = Repo("demo/whisper", "model")
    hub.ask("", lambda api: api.create_repo(repo.id, exist_ok=True))
    receipt = publish(hub, repo, FILES, "a model")
    digest = sha256 or hashlib.sha256(b"weights" * 1000).hexdigest()
    pinned = NamedModel("small", repo.id, receipt.commit, digest, 1)
    monkeypatch.setattr(models, "NAMED_MODELS", {"small": pinned})


def test_a_named_model_is_fetched_once_without_what_is_not_needed(
    hub: Hub, emulator: HubEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(hub, monkeypatch)
    told: list[tuple[int, int]] = []
    anonymous = Hub(None, endpoint=emulator.url, use_xet=False)
    folder = model_folder(
        "small", tmp_path, lambda: anonymous, lambda what, done, of: told.append((done, of))
    )
    there = {path.name for path in folder.iterdir()}
    assert there == {"config.json", "tokenizer.json", "vocabulary.txt", "model.bin", ".whole"}
    assert told

    def nothing() -> Hub:
        raise AssertionError("it was fetched twice")

    assert model_folder("small", tmp_path, nothing) == folder


def test_other_weights_than_the_pinned_ones_are_refused_and_not_kept_for_good(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(hub, monkeypatch, "0" * 64)
    for _ in range(2):
        with pytest.raises(HearingError, match="checksum differs"):
            model_folder("small", tmp_path, lambda: hub)


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    def nothing() -> Hub:
        raise AssertionError("a folder needs no Hub")

    assert model_folder(str(tmp_path), tmp_path / "kept", nothing) == tmp_path


def test_a_recogniser_is_loaded_when_it_is_first_asked() -> None:
    loaded: list[int] = []

    def load() -> TableRecogniser:
        loaded.append(1)
        return TableRecogniser({})

    late = LateRecogniser("base", load)
    assert (late.name, loaded) == ("base", [])
    late.score([], [], "en")
    late.score([], [], "en")
    assert loaded == [1]
