"""A voice of somebody else's is spoken with by a process that can harm nothing."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest

from launcher.errors import InvalidRequest
from launcher.services.voices import speaking
from launcher.services.voices.speaking import speak, speakers_of
from pod_image.contract.phoneme_types import PhonemeType
from tests.kit.tiny_voice import RATE_HZ, tiny_voice

WORDS = "Good day."


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "voices" / "anna.onnx"
    path.parent.mkdir()
    for name, content in zip(
        (path, path.with_name("anna.onnx.json")), tiny_voice().values(), strict=True
    ):
        name.write_bytes(content)
    speaking.forget_voices()  # those of other tests in this process
    yield path
    speaking.forget_voices()


def said(voice: Path, wav: Path, words: str = WORDS) -> int:
    """Frames of what the voice said."""
    asyncio.run(speak(voice, words, wav))
    with wave.open(str(wav)) as file:
        assert file.getframerate() == RATE_HZ
        return file.getnframes()


def test_the_voice_is_loaded_by_another_process_and_held_ready_there(
    voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnxruntime, "InferenceSession", _not_here)
    assert said(voice, tmp_path / "1.wav") > 0
    (first,) = speaking._READY.values()
    assert said(voice, tmp_path / "2.wav") > 0
    assert list(speaking._READY.values()) == [first]


def _not_here(*args: Any, **options: Any) -> None:
    raise AssertionError("the voice was loaded in this process")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (PhonemeType.HEBREW, "שלום לכולם"),
        (PhonemeType.JAPANESE, "今日は天気がいいです。"),
        (PhonemeType.TEXT, "Hello."),
    ],
)
def test_a_voice_of_another_phoneme_type_is_spoken_behind_the_walls_too(
    voice: Path, tmp_path: Path, kind: PhonemeType, text: str
) -> None:
    describe(voice, kind)
    assert said(voice, tmp_path / "said.wav", text) > RATE_HZ // 10


def test_a_chinese_voice_by_pinyin_is_left_to_piper_tts_which_fetches_its_model(
    voice: Path, tmp_path: Path
) -> None:
    describe(voice, PhonemeType.PINYIN)
    with pytest.raises(InvalidRequest) as refused:
        said(voice, tmp_path / "said.wav", "你好")
    hint = str(refused.value.hint)
    assert "to piper-tts" in hint or "pip install 'pod-launcher[pinyin]'" in hint


def describe(voice: Path, kind: PhonemeType) -> None:
    """As a voice of this phoneme type."""
    path = voice.with_name(f"{voice.name}.json")
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, "phoneme_type": kind.value}), encoding="utf-8")


def test_a_process_that_broke_off_is_said_and_the_next_take_has_a_new_one(
    voice: Path, tmp_path: Path
) -> None:
    said(voice, tmp_path / "1.wav")
    (reader,) = speaking._READY.values()
    reader._process.kill()
    with pytest.raises(InvalidRequest, match="its reader broke off"):
        said(voice, tmp_path / "2.wav")
    assert said(voice, tmp_path / "3.wav") > 0


@pytest.mark.parametrize("has_landlock", [True, False], ids=["Landlock", "an older kernel"])
@pytest.mark.parametrize("place", ["../secret.bin", "secret.bin", "{folder}/secret.bin"])
def test_a_voice_that_takes_its_weights_from_another_file_does_not_get_them(
    voice: Path, place: str, has_landlock: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_landlock:
        monkeypatch.setattr(speaking, "MODULE", "tests.foreign.speaker_on_an_older_kernel")
    for folder in (tmp_path, voice.parent):
        (folder / "secret.bin").write_bytes(bytes(4096))
    model = onnx.load(str(voice))
    held = onnx.helper.make_tensor("held", onnx.TensorProto.FLOAT, [1024], [0.0] * 1024)
    held.ClearField("float_data")
    held.data_location = onnx.TensorProto.EXTERNAL
    held.external_data.add(key="location", value=place.format(folder=voice.parent))
    model.graph.initializer.append(held)
    louder = onnx.helper.make_node("ReduceMean", ["held"], ["mean"], keepdims=0)
    model.graph.node.insert(0, louder)
    last = model.graph.node[-1]
    model.graph.node.insert(
        len(model.graph.node) - 1, onnx.helper.make_node("Add", [last.input[0], "mean"], ["sum"])
    )
    last.input[0] = "sum"
    voice.write_bytes(model.SerializeToString())
    with pytest.raises(
        InvalidRequest, match=r"anna.onnx is not a voice the Piper runtime can load"
    ):
        said(voice, tmp_path / "1.wav")


@pytest.mark.parametrize("text", ["[" * 5_000, '{"speaker_id_map": {"a": Infinity}}', "7", "{"])
def test_a_description_that_is_none_is_said(voice: Path, text: str) -> None:
    voice.with_name("anna.onnx.json").write_text(text)
    with pytest.raises(InvalidRequest, match="no usable"):
        speakers_of(voice)


def test_speakers_come_by_name(voice: Path) -> None:
    described = voice.with_name("anna.onnx.json")
    document = json.loads(described.read_text()) | {"speaker_id_map": {"anna": 0}}
    described.write_text(json.dumps(document))
    assert speakers_of(voice) == {"anna": 0}


def test_a_text_is_spoken_in_the_plain_letters_that_a_voice_was_trained_on(
    voice: Path, tmp_path: Path
) -> None:
    plain = said(voice, tmp_path / "plain.wav", "The office at the café.")
    assert said(voice, tmp_path / "forms.wav", "The oﬃce at the cafe\u0301.") == plain
