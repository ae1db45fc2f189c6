"""A voice of somebody else's is spoken with by a process that can harm nothing."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
from piper import PiperVoice

from launcher.errors import InvalidRequest
from launcher.services import speaking
from launcher.services.speaking import speak, speakers_of
from pod_image.foreign.landlock import version
from tests.browser.tiny_voice import RATE_HZ, tiny_voice

WORDS = "Good day."


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "voices" / "anna.onnx"
    path.parent.mkdir()
    for name, content in zip(
        (path, path.with_name("anna.onnx.json")), tiny_voice().values(), strict=True
    ):
        name.write_bytes(content)
    yield path
    speaking.forget_voices()


def said(voice: Path, wav: Path) -> int:
    """Frames of what the voice said."""
    asyncio.run(speak(voice, WORDS, wav))
    with wave.open(str(wav)) as file:
        assert file.getframerate() == RATE_HZ
        return file.getnframes()


def test_the_voice_is_loaded_by_another_process_and_held_ready_there(
    voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PiperVoice, "load", _not_here)
    assert said(voice, tmp_path / "1.wav") > 0
    (first,) = speaking._READY.values()
    assert said(voice, tmp_path / "2.wav") > 0
    assert list(speaking._READY.values()) == [first]


def _not_here(*args: Any, **options: Any) -> None:
    raise AssertionError("the voice was loaded in this process")


def test_a_process_that_broke_off_is_said_and_the_next_take_has_a_new_one(
    voice: Path, tmp_path: Path
) -> None:
    said(voice, tmp_path / "1.wav")
    (reader,) = speaking._READY.values()
    reader._process.kill()
    with pytest.raises(InvalidRequest, match="its reader broke off"):
        said(voice, tmp_path / "2.wav")
    assert said(voice, tmp_path / "3.wav") > 0


@pytest.mark.skipif(version() == 0, reason="this kernel has no Landlock")
@pytest.mark.parametrize("place", ["../secret.bin", "secret.bin"])
def test_a_voice_that_takes_its_weights_from_another_file_does_not_get_them(
    voice: Path, place: str, tmp_path: Path
) -> None:
    model = onnx.load(str(voice))
    held = max(model.graph.initializer, key=lambda each: len(onnx.numpy_helper.to_array(each).tobytes()))  # fmt: skip
    content = onnx.numpy_helper.to_array(held).tobytes()
    for folder in (tmp_path, voice.parent):
        (folder / "secret.bin").write_bytes(content)
    for name in ("raw_data", "float_data", "int64_data", "int32_data"):
        held.ClearField(name)
    held.data_location = onnx.TensorProto.EXTERNAL
    held.external_data.add(key="location", value=place)
    held.external_data.add(key="length", value=str(len(content)))
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
