"""`launcher dataset transcribe` and `proofread`, above a recogniser of the tests' own."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from launcher.cli import completing
from launcher.cli.terminal.heard_view import repaired_text
from launcher.services import transcripts
from launcher.services.transcripts import Listening
from launcher.workshop.transcribing.repair import Repaired
from launcher.workshop.transcribing.transcribe import Tell
from pod_image.hearing.recogniser import Recogniser
from tests.cli.conftest import Said, Shell
from tests.kit.recognisers import TableRecogniser, demo_sound, demo_texts

NAMES = tuple(demo_texts())[:4]
TEXTS = [demo_texts()[name] for name in NAMES]


class Ear:
    """A shell whose recogniser knows the demo's clips; `asked` is how it was loaded."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        self.recogniser = TableRecogniser.of_demo(NAMES, unsure=frozenset({"butter"}))
        self.asked: list[Listening] = []
        self._shell, self.folder = shell, folder

    def load(self, how: Listening, tell: Tell) -> Recogniser:
        self.asked.append(how)
        return self.recogniser

    def __call__(self, *words: str) -> Said:
        return self._shell("dataset", *words)

    def write(self, *texts: str) -> None:
        lines = [f"{n.removesuffix('.flac')}|{t}\n" for n, t in zip(NAMES, texts, strict=True)]
        (self.folder / "metadata.csv").write_text("".join(lines), "utf-8")

    @property
    def texts(self) -> list[str]:
        lines = (self.folder / "metadata.csv").read_text("utf-8").splitlines()
        return [line.split("|")[-1] for line in lines]


@pytest.fixture
def ear(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ear:
    """In real time: clips are heard on threads."""
    monkeypatch.setattr(completing, "_complete", asyncio.run)
    folder = tmp_path / "clips"
    (folder / "wavs").mkdir(parents=True)
    for name in NAMES:
        shutil.copy(demo_sound(name), folder / "wavs" / name)
    ear = Ear(shell, folder)
    monkeypatch.setattr(transcripts, "whisper", ear.load)
    return ear


def test_clips_without_texts_get_suggestions_with_unsure_words_marked(ear: Ear) -> None:
    said = ear("transcribe", str(ear.folder), "--model", "small", "--jobs", "2")
    assert said.code == 0
    assert "warm [butter] were waiting" in said.text
    assert "4 suggestions, 3 without uncertain words." in said.text
    assert (ear.asked[0].model, ear.asked[0].workers) == ("small", 2)
    assert not (ear.folder / "metadata.csv").exists()


def test_accepting_sure_ones_writes_them_and_hears_nothing_twice(ear: Ear) -> None:
    ear("transcribe", str(ear.folder))
    said = ear("transcribe", str(ear.folder), "--accept", "sure", "--json")
    assert said.json["accepted"] == {"texts": 3, "clips": 0, "left": 1}
    assert (said.json["heard"], said.json["heard_before"]) == (0, 4)
    assert [each["unsure_words"] for each in said.json["suggestions"]] == [[], [], ["butter"], []]
    assert ear.texts == [text for text in TEXTS if "butter" not in text]
    assert len(ear.recogniser.heard) == 4


def test_swapped_texts_are_errors_until_they_are_moved_and_the_undo_brings_them_back(
    ear: Ear,
) -> None:
    ear.write(TEXTS[1], TEXTS[0], *TEXTS[2:])
    found = ear("proofread", str(ear.folder))
    assert found.code == 2
    assert "error [text-swapped]: metadata.csv line 1" in found.text
    assert "`launcher dataset proofread --repair`" in found.text
    mended = ear("proofread", str(ear.folder), "--repair")
    assert (mended.code, ear.texts) == (0, TEXTS)
    assert ear("proofread", str(ear.folder), "--json").json["findings"] == []
    assert "2 transcripts moved back" in ear("proofread", str(ear.folder), "--undo").text
    assert ear.texts == [TEXTS[1], TEXTS[0], *TEXTS[2:]]


def test_right_texts_end_well(ear: Ear) -> None:
    ear.write(*TEXTS)
    said = ear("proofread", str(ear.folder))
    assert (said.code, ear.recogniser.heard) == (0, [])
    assert "No wrong text was found among the 4 that were compared." in said.text


def test_a_repo_is_compared_clip_by_clip(ear: Ear, shell: Shell) -> None:
    ear.write(*TEXTS)
    files: dict[str, Path | bytes] = {"metadata.csv": ear.folder / "metadata.csv"}
    files |= {f"wavs/{name}": ear.folder / "wavs" / name for name in NAMES}
    shell.push(files)
    said = ear("proofread", "demo/clips", "--json")
    assert (said.code, said.json["compared"]) == (0, 4)


@pytest.mark.parametrize("command", ["transcribe", "proofread"])
def test_a_model_that_is_none_is_said_with_those_there_are(
    command: str, shell: Shell, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(completing, "_complete", asyncio.run)
    ear.write(*(TEXTS if command == "proofread" else [""] * 4))
    monkeypatch.setenv("LAUNCHER_HOME", str(ear.folder.parent / "home"))
    said = shell("dataset", command, str(ear.folder), "--model", "gigantic", "--language", "en")
    assert said.code == 3
    assert "no Whisper model 'gigantic'" in said.text
    assert "tiny, base, small" in said.text


@pytest.mark.parametrize(
    ("moved", "said"),
    [(1, "1 transcript moved to its clip."), (2, "2 transcripts moved to their clips.")],
)
def test_moved_texts_are_counted_in_words(moved: int, said: str) -> None:
    assert repaired_text(Repaired(moved, 0)).startswith(said)
