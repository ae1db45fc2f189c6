"""Two datasets through the recipe's own prepare stage: whose speakers are whose, and which clip is of which dataset."""

from __future__ import annotations

from typing import Any

import pytest

from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.recipes.piper.prepared import read_prepared
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.stages import prepare_stage
from tests.kit.dataset_files import wav, write
from tests.kit.run_documents import run_document
from tests.kit.sent_events import kept_in

TWO: dict[str, Any] = {
    "dataset_repo": "me/ann",
    "more_datasets": ["me/ben"],
    "results_repo": "me/voices",
    "quality": "x-low",
}


@pytest.fixture
def folder(tmp_path):
    first, second = tmp_path / "dataset/1-ann", tmp_path / "dataset/2-ben"
    write(first, {"metadata.csv": "a|Hello.\nb|How are you?\n", "wavs/a.wav": wav(1.5),
                  "wavs/b.wav": wav(1.6)})  # fmt: skip
    write(second, {"metadata.csv": "a|It rains.\n", "wavs/a.wav": wav(1.7)})
    return RunFolder(tmp_path)


def prepare(folder, **changes):
    events: list[dict[str, Any]] = []
    document = run_document(settings=RunSettings(**{**TWO, **changes}))
    prepare_stage(document, folder, kept_in(events))
    return read_prepared(folder.prepared)


def test_joined_without_names_they_are_one_speaker(folder):
    prepared = prepare(folder)
    assert prepared.speakers == []
    assert [clip.dataset for clip in prepared.clips] == [0, 0, 1]
    assert [clip.place for clip in prepared.clips] == [
        "me/ann: metadata.csv line 1",
        "me/ann: metadata.csv line 2",
        "me/ben: metadata.csv line 1",
    ]


def test_kept_apart_each_dataset_is_a_speaker(folder):
    prepared = prepare(folder, dataset_speakers="apart", speakers=2)
    assert prepared.speakers == ["ann", "ben"]
    assert [clip.speaker for clip in prepared.clips] == [0, 0, 1]


def test_what_was_prepared_for_one_order_is_prepared_anew_for_the_other(folder):
    joined = prepare(folder)
    apart = prepare(folder, dataset_speakers="apart", speakers=2)
    assert joined.digest != apart.digest


def test_a_dataset_without_clips_ends_the_preparation_with_its_name(folder):
    (folder.dataset / "2-ben" / "wavs" / "a.wav").unlink()
    with pytest.raises(RecipeError, match=r"^me/ben: "):
        prepare(folder)
