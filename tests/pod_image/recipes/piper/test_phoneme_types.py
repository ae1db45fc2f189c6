"""Voices of every phoneme type: prepared, trained, kept in a checkpoint that says so, exported, and gone on from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import soundfile
import torch
from piper import PiperVoice

from pod_image.contract.paths import RunFolder
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.contract.recipes.piper import Quality as SettingsQuality
from pod_image.contract.settings import RunSettings
from pod_image.phonemes.pinyin_model import check_model
from pod_image.phonemes.symbols import SYMBOL_IDS, text_symbols
from pod_image.recipes.piper.base_symbols import base_symbols
from pod_image.recipes.piper.clips import Clips
from pod_image.recipes.piper.export import export_voice
from pod_image.recipes.piper.export_file import Request, export_file
from pod_image.recipes.piper.identity import preparation_of, voice_of
from pod_image.recipes.piper.model import Generator
from pod_image.recipes.piper.onnx_voice import read_onnx_voice
from pod_image.recipes.piper.phonemes import check_symbols, symbol_parameters
from pod_image.recipes.piper.pinyin_model import pinyin_model
from pod_image.recipes.piper.preparation import prepare
from pod_image.recipes.piper.prepared import read_prepared
from pod_image.recipes.piper.quality import SIZES, Quality
from pod_image.recipes.piper.recipe import RECIPE
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.trainer import Places, Trainer
from pod_image.recipes.piper.training import Training
from pod_image.recipes.piper.voice import VoiceIdentity, tokens_text
from tests.kit.sent_events import kept_in
from tests.pod_image.phonemes.pinyin import packed, write_model
from tests.pod_image.recipes.piper.cases import SILENT, TINY, disturbed

TRAINING = Training(
    Quality.X_LOW, epochs=1, batch_size=2, max_steps=1, checkpoint_seconds=1e9, sizes=TINY,
    sample_sentences=("Hello.",),
)  # fmt: skip
ESPEAK, TEXT, PINYIN = PhonemeType.ESPEAK, PhonemeType.TEXT, PhonemeType.PINYIN
CASES = {
    TEXT: ("pl_PL", ["Zażółć gęślą jaźń.", "Dwa żółwie."]),
    PhonemeType.HEBREW: ("he_IL", ["שלום לכולם.", "מה שלומך?"]),
    PhonemeType.JAPANESE: ("ja_JP", ["今日は天気がいいです。", "水を飲みますか？"]),
}


@dataclasses.dataclass(frozen=True)
class Clip:
    path: Path
    text: str
    speaker: str | None = None
    place: str = "line 1"
    dataset: int = 0


def settings_of(kind: Any, language: str = "en_US", **more: Any) -> PiperSettings:
    return PiperSettings(
        dataset_repo="me/clips", results_repo="me/voices", quality=SettingsQuality.X_LOW, voice_name="anna",
        phoneme_type=kind, language=language, **more,
    )  # fmt: skip


def run_of(kind: PhonemeType) -> RunSettings:
    return RunSettings(dataset_repo="me/clips", results_repo="me/voices", phoneme_type=kind)


def prepared_by(kind: Any, folder: Path) -> Any:
    language, texts = CASES[kind]
    settings, clips = settings_of(kind, language), []
    for number, text in enumerate(texts):
        path = folder / f"{number}.wav"
        soundfile.write(path, 0.4 * np.sin(np.arange(32_000) / (20 + number)), 16_000)
        clips.append(Clip(path, text))
    how = dataclasses.replace(preparation_of(settings), trims=False)
    return settings, prepare(clips, folder / "prepared", how, SILENT)


@pytest.mark.parametrize("kind", CASES)
def test_a_voice_of_each_type_is_trained_and_its_files_say_how_it_is_fed(kind, tmp_path):
    events: list[Any] = []
    settings, prepared = prepared_by(kind, tmp_path)
    assert read_prepared(tmp_path / "prepared") == prepared
    assert prepared.phoneme_type is kind
    clips = Clips.load(tmp_path / "prepared", torch.device("cpu"))
    Trainer(TRAINING, clips, Places(tmp_path / "out"), emit=kept_in(events)).run()
    (checkpoint,) = (tmp_path / "out" / "checkpoints").glob("*.ckpt")
    voice = voice_of(settings, prepared.speakers, prepared.symbols)
    path = export_voice(disturbed(Generator(TINY)).eval(), voice, tmp_path / "voice")
    spoken = PiperVoice.load(path)
    assert spoken.config.phoneme_type.value == kind.value
    ids = [i for s in spoken.phonemize(prepared.clips[0].text) for i in spoken.phonemes_to_ids(s)]
    assert ids == prepared.clips[0].ids
    assert len(list(spoken.synthesize(prepared.clips[0].text))) == 1
    metadata = {p.key: p.value for p in onnx.load(path).metadata_props}
    assert metadata["has_espeak"] == "0"
    again = torch.load(checkpoint, weights_only=True)["hyper_parameters"]
    assert again["phoneme_type"] == kind.value
    # The sentence is English: Hebrew has nothing to say of it, which ends no training.
    left_out = [e for e in events if e.get("code") == "sample-left-out"]
    assert bool(left_out) is (kind is PhonemeType.HEBREW)


def test_a_checkpoint_of_a_text_voice_becomes_a_voice_that_knows_the_same_letters(tmp_path):
    from pod_image.recipes.piper.checkpoint import Checkpoint, write_checkpoint

    symbols = text_symbols(["żółw Ж"])
    state = disturbed(Generator(SIZES[Quality.X_LOW])).eval().state_dict()
    parameters = {"sample_rate": 16_000, **symbol_parameters(TEXT, symbols)}
    file = tmp_path / "epoch=1-step=2.ckpt"
    write_checkpoint(
        file, Checkpoint({f"model_g.{k}": v for k, v in state.items()}, parameters, 1, 2, [], {})
    )
    path = export_file(Request(file, tmp_path / "voice", "anna", "pl_PL"))
    described = json.loads(path.with_name(f"{path.name}.json").read_text(encoding="utf-8"))
    assert described["phoneme_type"] == "text"
    assert described["phoneme_id_map"] == {symbol: [number] for symbol, number in symbols.items()}


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        (symbol_parameters(ESPEAK, None), PINYIN, "type espeak, this run's are of pinyin"),
        (symbol_parameters(PINYIN, None), ESPEAK, "type pinyin, this run's are of espeak"),
        (symbol_parameters(TEXT, text_symbols(["aż"])), TEXT, "'\u0307' is 166 there, 167 here"),
    ],
)
def test_a_start_that_was_fed_other_sounds_under_the_same_numbers_is_refused(theirs, ours, words):
    symbols = text_symbols(["á ż"]) if ours is TEXT else None
    with pytest.raises(RecipeError) as refused:
        check_symbols(theirs, ours, symbols)
    assert words in str(refused.value)


@pytest.mark.parametrize("ours", [ESPEAK, PhonemeType.JAPANESE, PhonemeType.HEBREW])
def test_types_that_number_their_sounds_alike_may_start_from_each_other(ours):
    for theirs in (ESPEAK, PhonemeType.HEBREW, PhonemeType.THAI):
        check_symbols(symbol_parameters(theirs, None), ours, None)
    check_symbols({}, ours, None)


def test_training_refuses_such_a_start_before_its_first_step(tmp_path):
    _, prepared = prepared_by(TEXT, tmp_path)
    clips = Clips.load(tmp_path / "prepared", torch.device("cpu"))
    voice = VoiceIdentity(
        "zh", "zh_CN", Quality.X_LOW, 16_000, "cmn", (), PINYIN, {"^": 1, "a": 27}
    )
    start = read_onnx_voice(export_voice(disturbed(Generator(TINY)).eval(), voice, tmp_path / "b"))
    with pytest.raises(RecipeError, match="pinyin"):
        Trainer(TRAINING, clips, Places(tmp_path / "out"), emit=SILENT, start=start)
    assert prepared.phoneme_type is TEXT


def test_letters_keep_the_numbers_of_the_voice_that_is_gone_on_from(tmp_path):
    symbols = text_symbols(["Ж"])
    voice = VoiceIdentity("b", "pl_PL", Quality.X_LOW, 16_000, "pl", (), TEXT, symbols)
    folder = RunFolder(tmp_path)
    (folder.base / "voices").mkdir(parents=True)
    described = folder.base / "voices" / "b.onnx.json"
    described.write_text(json.dumps(voice.to_json()), encoding="utf-8")
    settings = settings_of(TEXT, base_checkpoint="me/base/voices/b.onnx")
    assert base_symbols(settings, folder) == symbols
    described.write_text("{", encoding="utf-8")
    assert base_symbols(settings, folder) is None


def test_pinyins_model_and_its_words_are_fetched_and_laid_out_where_piper_tts_looks(tmp_path):
    settings, folder = settings_of(PINYIN, "zh_CN"), RunFolder(tmp_path)
    model, words = RECIPE.needs(run_of(PINYIN))
    assert (model.repo, model.repo_type) == ("rhasspy/piper-checkpoints", "dataset")
    assert (words.repo, words.path) == ("google-bert/bert-base-chinese", "vocab.txt")
    files = write_model(tmp_path / "files")
    packed(files, folder.base / model.path)
    (folder.base / words.path).write_bytes((files / "vocab.txt").read_bytes())
    beside = pinyin_model(settings, folder)
    assert beside is not None
    check_model(beside)
    assert (beside / "g2pW" / "vocab.txt").read_bytes() == (files / "vocab.txt").read_bytes()
    assert pinyin_model(settings_of(ESPEAK), folder) is None
    assert RECIPE.needs(run_of(ESPEAK)) == ()


def test_a_model_that_was_not_fetched_is_a_fault_with_a_hint(tmp_path):
    with pytest.raises(RecipeError, match=r"g2pw\.tar\.gz, cannot be used: it does not exist"):
        pinyin_model(settings_of(PINYIN, "zh_CN"), RunFolder(tmp_path))


def test_sherpa_gets_no_symbol_of_more_than_one_character():
    assert tokens_text({"^": 1, "zh": 18, "a": 27}) == "^ 1\na 27\n"
    assert len(tokens_text(SYMBOL_IDS).splitlines()) == len(SYMBOL_IDS)
