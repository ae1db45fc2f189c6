"""Clips without a text in a run: heard before the training, written down for delivery first, and trained on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pod_image.contract.bodies import PhaseChange, ResultsCollected, RunWarning
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import PiperSettings, WhisperModel
from pod_image.contract.settings import RunSettings
from pod_image.hearing.hearing_error import HearingError
from pod_image.hearing.models import NAMED_MODELS
from pod_image.hearing.recogniser import Recogniser
from pod_image.recipes.piper.heard_texts import pinned_whisper
from pod_image.recipes.piper.prepared import TRANSCRIPTS_NAME, read_prepared
from pod_image.recipes.piper.recipe import RECIPE
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.stages import prepare_stage
from tests.kit.recognisers import TableRecogniser, demo_sound, demo_texts
from tests.kit.run_documents import run_document

NAMES = tuple(demo_texts())[:4]
TEXTS = [demo_texts()[name] for name in NAMES]


def settings(**more: Any) -> RunSettings:
    values = {"transcribe": "base", "quality": "x-low", "voice_name": "demo", **more}
    return RunSettings(dataset_repo="me/clips", results_repo="me/voices", run_id="run-01", **values)


class Pod:
    """A run's folder with some of the demo's clips and a table, and what its preparation says."""

    def __init__(self, root: Path, table: str | None) -> None:
        self.folder = RunFolder(root)
        self.said: list[Any] = []
        self.loaded: list[tuple[Path, str]] = []
        self.recogniser = TableRecogniser.of_demo(NAMES, unsure=frozenset({"butter"}))
        (root / "dataset" / "wavs").mkdir(parents=True)
        for name in NAMES:
            shutil.copy(demo_sound(name), root / "dataset" / "wavs" / name)
        if table is not None:
            (root / "dataset" / "metadata.csv").write_text(table, "utf-8")

    def load(self, folder: Path, name: str, jobs: int) -> Recogniser:
        self.loaded.append((folder, name))
        return self.recogniser

    def prepare(self, chosen: RunSettings | None = None) -> list[str]:
        document = run_document(settings=chosen or settings())
        prepare_stage(document, self.folder, self.said.append, self.load)
        return [clip.text for clip in read_prepared(self.folder.prepared).clips]

    @property
    def transcripts(self) -> list[str]:
        return (self.folder.out / TRANSCRIPTS_NAME).read_text("utf-8").splitlines()

    def warnings(self, code: str) -> list[str]:
        return [str(e.message) for e in self.said if isinstance(e, RunWarning) and e.code == code]


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pod_image.recipes.piper.heard_texts.usable_cores", lambda: 1)


def test_a_dataset_without_any_text_is_heard_written_down_and_trained_on(tmp_path: Path) -> None:
    pod = Pod(tmp_path, None)
    assert pod.prepare() == TEXTS
    assert pod.loaded == [(tmp_path / "base" / "whisper", "base")]
    assert pod.transcripts == [
        "file|text|confidence",
        *(
            f"wavs/{name}|{text.replace('butter', 'butter[?]')}|{confidence}"
            for name, text, confidence in zip(
                NAMES, TEXTS, ("0.95", "0.95", "0.90", "0.95"), strict=True
            )
        ),
    ]
    assert pod.warnings("texts-heard") == [
        "4 of 4 clips without a text have one that Whisper base heard, with 1 unsure words; nobody has read them."
    ]
    assert set(pod.recogniser.languages) == {"en_US"}


def test_the_texts_are_said_to_be_delivered_before_clips_are_prepared(tmp_path: Path) -> None:
    pod = Pod(tmp_path, None)
    pod.prepare()
    kinds = [type(each) for each in pod.said]
    prepared = max(at for at, kind in enumerate(kinds) if kind is PhaseChange)
    assert kinds.index(ResultsCollected) < prepared
    (tmp_path / "out" / "voice").mkdir(parents=True)
    (tmp_path / "out" / "voice" / "a.onnx").write_bytes(b"voice")
    first, *_ = RECIPE.results(pod.folder, settings())
    assert first == pod.folder.out / TRANSCRIPTS_NAME
    assert TRANSCRIPTS_NAME.split("/")[0] in RECIPE.folders


def test_only_lines_without_a_text_are_heard_and_files_nobody_named_stay_out(
    tmp_path: Path,
) -> None:
    pod = Pod(tmp_path, f"{NAMES[0]}|Written by a person.\n{NAMES[1]}|\n{NAMES[2]}|\n")
    assert pod.prepare() == ["Written by a person.", TEXTS[1], TEXTS[2]]
    assert pod.recogniser.heard == [TEXTS[1], TEXTS[2]]


def test_a_clip_that_is_not_understood_is_left_out_and_said(tmp_path: Path) -> None:
    pod = Pod(tmp_path, None)
    pod.recogniser = TableRecogniser.of_demo(NAMES[:3])
    assert pod.prepare() == TEXTS[:3]
    assert pod.warnings("clip-not-heard") == [f"wavs/{NAMES[3]}: What is said was not understood."]


def test_off_hears_nothing_and_a_dataset_without_texts_is_refused(tmp_path: Path) -> None:
    pod = Pod(tmp_path, None)
    with pytest.raises(RecipeError, match="no transcripts"):
        pod.prepare(settings(transcribe="off"))
    assert pod.loaded == []
    assert RECIPE.needs(settings(transcribe="off")) == ()


def test_texts_that_are_all_there_load_no_recogniser(tmp_path: Path) -> None:
    rows = [f"{name}|{text}\n" for name, text in zip(NAMES, TEXTS, strict=True)]
    pod = Pod(tmp_path, "".join(rows))
    assert pod.prepare() == TEXTS
    assert pod.loaded == []
    assert not (pod.folder.out / TRANSCRIPTS_NAME).exists()


def test_every_named_model_can_be_chosen_and_is_fetched_at_its_pinned_commit() -> None:
    assert {each.value for each in WhisperModel} - {"off"} == set(NAMED_MODELS)
    for name, model in NAMED_MODELS.items():
        needs = RECIPE.needs(settings(transcribe=name))
        assert {(each.repo, each.commit, each.folder) for each in needs} == {
            (model.repo, model.commit, "whisper")
        }
        assert {"model.bin", "*.json", "vocabulary.*"} == {each.path for each in needs}
    assert PiperSettings.of(settings()).transcribe is WhisperModel.BASE


def test_weights_that_are_not_the_pinned_ones_end_the_preparation(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"other weights")
    with pytest.raises(HearingError, match="checksum differs"):
        pinned_whisper(tmp_path, "base", 1)

    def refuse(folder: Path, name: str, jobs: int) -> Recogniser:
        return pinned_whisper(tmp_path, name, jobs)

    pod = Pod(tmp_path / "pod", None)
    document = run_document(settings=settings())
    with pytest.raises(RecipeError, match="checksum differs"):
        prepare_stage(document, pod.folder, pod.said.append, refuse)
