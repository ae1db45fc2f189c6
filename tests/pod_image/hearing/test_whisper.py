"""The real recogniser: Whisper base hears the demo's clips, and tells right texts from wrong ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy
import pytest
import soundfile

from launcher.workshop.transcribing.proofread import proofread
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import PiperSettings, WhisperModel
from pod_image.dataset import FolderSource, read_dataset
from pod_image.hearing.clips import hear_clip
from pod_image.hearing.hearing_error import HearingError
from pod_image.hearing.models import NAMED_MODELS, check_weights
from pod_image.hearing.sounds import load_sound
from pod_image.hearing.speech import SpeechDetector
from pod_image.hearing.spoken_text import words_of
from pod_image.hearing.whisper import Whisper
from pod_image.recipes.piper.heard_texts import heard_texts
from pod_image.recipes.piper.prepared import TRANSCRIPTS_NAME
from tests.bench.quality import word_errors
from tests.kit.recognisers import demo_sound, demo_texts
from tests.kit.whisper_base import whisper_base

CHOSEN = (0, 1, 2, 3, 6, 7, 9)
"""Of the demo's clips: one for each fault and one right. Each costs about a second of the processor."""
NAMES = tuple(name for index, name in enumerate(demo_texts()) if index in CHOSEN)
TEXTS = [demo_texts()[name] for name in NAMES]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whisper_base(tmp_path_factory.mktemp("whisper") / "base")


@pytest.fixture(scope="module")
def whisper(model: Path) -> Whisper:
    return Whisper(model, threads=1)


def test_clips_are_heard_with_few_wrong_words_and_those_are_marked(whisper: Whisper) -> None:
    detector = SpeechDetector()
    errors = said = 0
    for name, text in zip(NAMES, TEXTS, strict=True):
        heard = hear_clip(whisper, detector, load_sound(demo_sound(name)), "en")
        wrong = word_errors(words_of(text, "en"), words_of(heard.heard.text, "en"))
        assert wrong <= len(heard.unsure_words)
        errors, said = errors + wrong, said + len(words_of(text, "en"))
    assert errors <= 0.03 * said


def test_planted_faults_are_found_and_right_texts_left_alone(
    whisper: Whisper, tmp_path: Path
) -> None:
    texts = list(TEXTS)
    texts[0], texts[1] = TEXTS[1], TEXTS[0]
    texts[3] = TEXTS[3].replace("another ", "")
    texts[4] = TEXTS[4].replace(" wood.", ".")
    texts[5] = f"{TEXTS[5]} {TEXTS[2]}"
    (tmp_path / "wavs").mkdir()
    for name in NAMES:
        shutil.copy(demo_sound(name), tmp_path / "wavs" / name)
    sound, rate_hz = soundfile.read(demo_sound(NAMES[6]), dtype="int16")
    soundfile.write(tmp_path / "wavs" / NAMES[6], sound[: len(sound) * 7 // 10], rate_hz)
    rows = [
        f"{name.removesuffix('.flac')}|{text}\n" for name, text in zip(NAMES, texts, strict=True)
    ]
    (tmp_path / "metadata.csv").write_text("".join(rows), "utf-8")
    proof = proofread(FolderSource(tmp_path), whisper, language="en")
    assert [(str(each.code), int(each.place.rsplit(" ", 1)[1]) - 1) for each in proof.wrong] == [
        ("text-swapped", 0),
        ("text-swapped", 1),
        ("text-words", 3),
        ("text-ends-early", 4),
        ("text-other", 5),
        ("text-words", 6),
    ]
    assert {each.place: each.text for each in proof.moves} == {
        "metadata.csv line 1": TEXTS[0],
        "metadata.csv line 2": TEXTS[1],
    }


def test_a_pod_hears_with_the_pinned_weights_that_were_fetched(model: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    (folder.dataset / "wavs").mkdir(parents=True)
    shutil.copy(demo_sound(NAMES[0]), folder.dataset / "wavs")
    folder.base.mkdir()
    (folder.base / "whisper").symlink_to(model)
    (clip,) = read_dataset(folder.dataset, with_untexted=True).untexted
    settings = PiperSettings(transcribe=WhisperModel.BASE)
    (heard,) = heard_texts([clip], settings, folder, lambda body: None)
    assert words_of(heard.text, "en") == words_of(TEXTS[0], "en")
    assert TEXTS[0].split()[0] in (folder.out / TRANSCRIPTS_NAME).read_text("utf-8")


def test_capitals_throughout_are_no_fault(whisper: Whisper) -> None:
    sound = load_sound(demo_sound(NAMES[1]))
    (score,) = whisper.score(sound, [TEXTS[1].upper()], "en")
    assert score.least is not None
    assert score.least.probability > 0.05


def test_silence_and_a_guess_of_the_language(whisper: Whisper) -> None:
    silence = numpy.zeros(16_000 * 3, dtype="float32")
    assert hear_clip(whisper, SpeechDetector(), silence, "en").why_not == "Nobody speaks in it."
    guess = whisper.guess_language(load_sound(demo_sound(NAMES[0])))
    assert (guess.code, guess.probability > 0.7) == ("en", True)


def test_a_path_is_never_taken_for_a_sound(whisper: Whisper) -> None:
    with pytest.raises(TypeError, match="a sound is an array"):
        whisper.hear(str(demo_sound(NAMES[0])), "en")


def test_weights_that_are_not_the_pinned_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"other weights")
    with pytest.raises(HearingError, match="checksum differs"):
        check_weights(tmp_path, NAMED_MODELS["base"])


def test_a_folder_without_a_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(HearingError, match=r"config\.json, tokenizer\.json, model\.bin"):
        Whisper(tmp_path)
