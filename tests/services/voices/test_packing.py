"""A voice made ready for other programs: what sherpa-onnx, Home Assistant and Piper read is there, and is right."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import wave
import zipfile
from pathlib import Path
from typing import Any

import onnx
import pytest
import sherpa_onnx

from launcher.errors import InvalidRequest
from launcher.services.voices.packing import (
    pack_voice,
    sherpa_metadata,
    tokens_text,
    zip_voice,
)
from launcher.services.voices.programs import programs
from launcher.services.voices.voice_description import described_voice
from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.voice import VoiceIdentity
from pod_image.recipes.piper.voice import tokens_text as delivered_tokens
from tests.kit.tiny_voice import RATE_HZ, SAMPLES_PER_SOUND, WHO, tiny_voice


def place(folder: Path, changes: dict[str, Any] | None = None, name: str = "") -> Path:
    """The tiny voice, its description changed; None takes a part away."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, body in tiny_voice().items():
        (folder / file.replace(WHO.stem, name or WHO.stem)).write_bytes(body)
    (path,) = folder.glob("*.onnx")
    beside = path.with_name(f"{path.name}.json")
    document = {**json.loads(beside.read_bytes()), **(changes or {})}
    kept = {key: value for key, value in document.items() if value is not None}
    beside.write_text(json.dumps(kept), "utf-8")
    return path


def metadata(path: Path) -> dict[str, str]:
    model = onnx.load(path)
    onnx.checker.check_model(model)  # two entries of one name would be an error
    return {entry.key: entry.value for entry in model.metadata_props}


async def test_sherpa_onnx_speaks_with_the_files_as_they_were_packed(tmp_path: Path) -> None:
    packed = await pack_voice(place(tmp_path / "voice"), tmp_path / "out")
    files = sherpa_onnx.OfflineTtsVitsModelConfig(model=str(packed.onnx), tokens=str(packed.tokens))
    config = sherpa_onnx.OfflineTtsConfig(model=sherpa_onnx.OfflineTtsModelConfig(vits=files))
    assert config.validate()
    voice, how = sherpa_onnx.OfflineTts(config), sherpa_onnx.GenerationConfig()
    assert (voice.sample_rate, voice.num_speakers) == (RATE_HZ, 1)
    how.phoneme_codepoints = [[ord(symbol) for symbol in "həloʊ"]]
    how.silence_scale = 1.0
    ids = 2 * len("həloʊ") + 3
    assert len(voice.generate("", how).samples) == ids * SAMPLES_PER_SOUND


async def test_only_the_metadata_is_added_and_the_voice_itself_stays(tmp_path: Path) -> None:
    source = place(tmp_path / "voice")
    before = source.read_bytes()
    packed = await pack_voice(source, tmp_path / "out")
    assert source.read_bytes() == before
    assert onnx.load(packed.onnx).graph == onnx.load(source).graph
    assert metadata(packed.onnx) == sherpa_metadata(packed.described)
    assert set(packed.added) == set(metadata(packed.onnx))


async def test_a_voice_that_has_its_metadata_is_copied_as_it_is(tmp_path: Path) -> None:
    once = await pack_voice(place(tmp_path / "voice"), tmp_path / "once")
    twice = await pack_voice(once.onnx, tmp_path / "twice")
    assert twice.added == ()
    assert twice.onnx.read_bytes() == once.onnx.read_bytes()
    assert twice.json.read_bytes() == once.json.read_bytes()


async def test_wrong_metadata_is_put_right_and_other_entries_are_kept(tmp_path: Path) -> None:
    source = place(tmp_path / "voice")
    model = onnx.load(source)
    onnx.helper.set_model_props(model, {"n_speakers": "9", "author": "anna"})
    onnx.save(model, source)
    packed = await pack_voice(source, tmp_path / "out")
    found = metadata(packed.onnx)
    assert found == {"author": "anna", **sherpa_metadata(packed.described)}
    assert found["n_speakers"] == "1"
    assert "author" not in packed.added


@pytest.mark.parametrize("speakers", [(), ("anna", "bob", "cora")])
def test_metadata_and_tokens_are_those_that_a_run_delivers(
    tmp_path: Path, speakers: tuple[str, ...]
) -> None:
    who = VoiceIdentity("anna", "de_DE", Quality.MEDIUM, 22_050, "de", speakers)
    described = described_voice(place(tmp_path, who.to_json(), who.stem))
    assert sherpa_metadata(described) == who.onnx_metadata()
    assert tokens_text(described.tokens) == delivered_tokens()


def read_tokens(text: str) -> dict[str, int]:
    """By sherpa-onnx's own rules: symbol and id between blanks, an id alone is the blank's, one code point, once."""
    found: dict[str, int] = {}
    for line in text.split("\n")[:-1]:
        parts = line.split()
        symbol, number = (" ", parts[0]) if len(parts) == 1 else parts
        assert len(symbol) == 1, line
        assert symbol not in found, line
        found[symbol] = int(number)
    return found


async def test_tokens_are_what_sherpa_onnx_can_read_whatever_the_symbols_are(
    tmp_path: Path,
) -> None:
    ids = {"_": [0], "^": [1], "$": [2], " ": [3], "a": [4], "aɪ": [5], "\n": [6], "\u2003": [7]}
    packed = await pack_voice(place(tmp_path / "voice", {"phoneme_id_map": ids}), tmp_path / "out")
    found = read_tokens(packed.tokens.read_text("utf-8"))
    assert found == {"_": 0, "^": 1, "$": 2, " ": 3, "a": 4}


async def test_home_assistant_finds_a_voice_by_its_file_and_lists_it_by_language(
    tmp_path: Path,
) -> None:
    bare = {"dataset": "something else", "language": None, "audio": {"sample_rate": RATE_HZ}}
    source = place(tmp_path / "voice", bare, "de_DE-anna-medium")
    packed = await pack_voice(source, tmp_path / "out")
    document = json.loads(packed.json.read_bytes())
    assert document["dataset"] == "de_DE-anna-medium"
    assert document["language"]["code"] == "de_DE"
    assert document["audio"] == {"sample_rate": RATE_HZ, "quality": "medium"}
    assert document["phoneme_id_map"] == WHO.to_json()["phoneme_id_map"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html>", "is not an ONNX model"),
        (b"", "is not an ONNX model"),
        (tiny_voice()[f"{WHO.stem}.onnx"][:-40], "is not an ONNX model"),
        (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "is not an ONNX model"),
    ],
)
async def test_what_is_no_model_is_refused(tmp_path: Path, body: bytes, why: str) -> None:
    source = place(tmp_path / "voice")
    source.write_bytes(body)
    with pytest.raises(InvalidRequest, match=why):
        await pack_voice(source, tmp_path / "out")
    assert not (tmp_path / "out" / source.name).exists()


async def test_a_model_of_another_kind_is_refused_with_what_it_is_fed(tmp_path: Path) -> None:
    source = place(tmp_path / "voice")
    model = onnx.load(source)
    model.graph.input[0].name = "pixels"
    onnx.save(model, source)
    with pytest.raises(InvalidRequest, match="it takes pixels, input_lengths, scales as input"):
        await pack_voice(source, tmp_path / "out")


async def test_weights_that_lie_in_another_file_are_refused(tmp_path: Path) -> None:
    source = place(tmp_path / "voice")
    model = onnx.load(source)
    weight = model.graph.initializer[0]
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../secret")
    source.write_bytes(model.SerializeToString())
    with pytest.raises(InvalidRequest, match="are in another file"):
        await pack_voice(source, tmp_path / "out")


@pytest.mark.parametrize(
    "changes",
    [
        {"phoneme_id_map": None},
        {"phoneme_id_map": {"a": [1]}},
        {"audio": {}},
        {"language": "en", "audio": []},
    ],
)
async def test_a_description_that_no_program_could_use_is_refused(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest, match=r"has no usable \.json"):
        await pack_voice(place(tmp_path / "voice", changes), tmp_path / "out")


async def test_a_voice_is_not_packed_over_itself(tmp_path: Path) -> None:
    source = place(tmp_path)
    with pytest.raises(InvalidRequest, match="the folder of the voice itself"):
        await pack_voice(source, tmp_path)
    assert source.read_bytes() == tiny_voice()[source.name]


def test_piper_speaks_out_of_the_zip_by_the_command_that_its_steps_give(tmp_path: Path) -> None:
    described = asyncio.run(zip_voice(place(tmp_path / "voice"), tmp_path / "anna.zip"))
    with zipfile.ZipFile(tmp_path / "anna.zip") as bundle:
        bundle.extractall(tmp_path)
        guide = bundle.read(f"{WHO.stem}/HOW-TO.txt").decode()
    folder = tmp_path / WHO.stem
    named = {f"{WHO.stem}.onnx", f"{WHO.stem}.onnx.json", "tokens.txt", "HOW-TO.txt"}
    assert {path.name for path in folder.iterdir()} == named
    (command,) = [
        step.command
        for program in programs(described)
        for step in program.steps
        if step.command.startswith("piper ")
    ]
    assert command in guide
    run = command.replace("piper ", f"{sys.executable} -m piper ", 1)
    subprocess.run(run, shell=True, cwd=folder, check=True, capture_output=True)
    with wave.open(str(folder / "hello.wav")) as sound:
        assert sound.getframerate() == RATE_HZ
        assert sound.getnframes() > 10 * SAMPLES_PER_SOUND
