"""Each phoneme type gives a text the ids that piper-tts gives it when it speaks such a voice."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
from piper import PiperVoice

from pod_image.contract.phoneme_types import PhonemeType, own_type_of
from pod_image.phonemes import PhonemesError, extras
from pod_image.phonemes.phonemizer import Phonemizer
from pod_image.phonemes.symbols import SYMBOL_IDS, symbols_of, text_symbols
from tests.kit.tiny_voice import WHO, tiny_voice

TEXTS = {
    PhonemeType.ESPEAK: ("en_US", "Hello there. How are you, [[fɹˈɛnd]]?"),
    PhonemeType.TEXT: ("pl_PL", "Zażółć gęślą jaźń! Dwa."),
    PhonemeType.HEBREW: ("he_IL", "שלום לכולם, מה שלומך?"),
    PhonemeType.JAPANESE: ("ja_JP", "今日は天気がいいです。コーヒーを飲みますか？"),
    PhonemeType.THAI: ("th_TH", "สวัสดีครับ ราคา 25 บาท"),
}
_THAI = pytest.param(
    PhonemeType.THAI,
    marks=[
        # It leaves its dictionaries open, and takes some twenty seconds to read them.
        pytest.mark.filterwarnings(
            "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
        ),
        pytest.mark.slow,
    ],
)
"""Where its extra is installed, which tests of every day do without: a stand-in for its library is below."""


def voice_of(folder: Path, kind: PhonemeType, symbols: dict[str, int] | None = None) -> PiperVoice:
    """What a run of this phoneme type delivers, as piper-tts loads it."""
    who = replace(WHO, language=TEXTS[kind][0], phoneme_type=kind, symbols=symbols)
    network, _ = tiny_voice().values()
    path = folder / f"{who.stem}.onnx"
    path.write_bytes(network)
    path.with_name(f"{path.name}.json").write_text(json.dumps(who.to_json()), encoding="utf-8")
    return PiperVoice.load(path)


@pytest.mark.parametrize(
    "kind",
    [
        PhonemeType.ESPEAK,
        PhonemeType.TEXT,
        PhonemeType.HEBREW,
        PhonemeType.JAPANESE,
        *([_THAI] if find_spec("tltk") else []),
    ],
)
def test_a_voice_is_given_the_ids_by_piper_tts_that_it_was_trained_with(
    kind: PhonemeType, tmp_path: Path
) -> None:
    _, text = TEXTS[kind]
    symbols = text_symbols([text]) if kind is PhonemeType.TEXT else None
    voice = voice_of(tmp_path, kind, symbols)
    assert voice.config.phoneme_type.value == kind.value
    theirs = [voice.phonemes_to_ids(sentence) for sentence in voice.phonemize(text)]
    ours = Phonemizer("en-us", kind, symbols=symbols)(text)
    assert [list(sentence) for sentence in ours.sentences] == theirs
    assert ours.unknown == frozenset()
    assert max(ours.ids) < voice.config.num_symbols
    assert sum(len(chunk.audio_float_array) for chunk in voice.synthesize(text)) > 1000


def test_thai_goes_through_piper_tts_own_reader_with_a_stand_in_for_its_dictionaries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library, reader = ModuleType("tltk"), ModuleType("tltk.nlp")
    monkeypatch.setattr(reader, "th2ipa", lambda run: "sa2.wat2.diː1 kʰrap4<s/>", raising=False)
    monkeypatch.setitem(sys.modules, "tltk", library)
    monkeypatch.setitem(sys.modules, "tltk.nlp", reader)
    monkeypatch.setattr(extras, "find_spec", lambda name: object())
    spoken = Phonemizer("th", PhonemeType.THAI)("สวัสดีครับ")
    assert ["".join(sentence) for sentence in spoken.symbols] == ["sa2wat2diː1 kʰrap4"]
    voice = voice_of(tmp_path, PhonemeType.THAI)
    theirs = [voice.phonemes_to_ids(sentence) for sentence in voice.phonemize("สวัสดีครับ")]
    assert [list(sentence) for sentence in spoken.sentences] == theirs


def test_pointed_and_unpointed_hebrew_sound_alike() -> None:
    phonemize = Phonemizer("he", PhonemeType.HEBREW)
    assert phonemize("שָׁלוֹם לְכֻלָּם").symbols == phonemize("שלום לכולם").symbols


def test_japanese_has_kanji_particles_and_accents() -> None:
    phonemize = Phonemizer("ja", PhonemeType.JAPANESE)
    (spoken,) = phonemize("今日は天気がいいです。").symbols
    assert "".join(spoken) == "kʲo↓owa#te↓ɴkiɡa#i↓idesɯ."
    assert phonemize("ｶﾞｸｾｲ。") == phonemize("ガクセイ。")


def test_letters_of_a_text_have_ids_whatever_they_are_and_the_usual_ones_keep_theirs() -> None:
    symbols = text_symbols(["żółw", "Ж ꓐ"])
    assert symbols | SYMBOL_IDS == symbols
    assert set("zołwЖꓐ\u0307\u0301") <= symbols.keys()
    assert len(set(symbols.values())) == len(symbols)
    assert min(set(symbols.values()) - set(SYMBOL_IDS.values())) > max(SYMBOL_IDS.values())
    assert Phonemizer("pl", PhonemeType.TEXT, symbols=symbols)("Ж ꓐ").unknown == frozenset()


def test_a_voice_that_goes_on_from_another_numbers_its_letters_alike() -> None:
    first = text_symbols(["żółw Ж"])
    second = text_symbols(["aбЖ"], first)
    assert {symbol: second[symbol] for symbol in first} == first
    assert second["б"] == max(first.values()) + 1


def test_more_letters_than_a_network_has_room_for_are_refused() -> None:
    with pytest.raises(PhonemesError, match="has room for 90"):
        text_symbols(["".join(chr(0x4E00 + i) for i in range(91))])


def test_a_letter_that_no_text_had_is_named_and_left_out() -> None:
    phonemes = Phonemizer("en-us", PhonemeType.TEXT)("aЖb")
    assert phonemes.unknown == frozenset("Ж")
    assert len(phonemes.ids) == 2 * 2 + 3


@pytest.mark.parametrize("kind", [PhonemeType.JAPANESE, PhonemeType.THAI, PhonemeType.PINYIN])
def test_what_is_not_installed_is_named_with_the_command_that_installs_it(
    kind: PhonemeType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(PhonemesError, match=kind.packages[0]) as refused:
        Phonemizer("en-us", kind)
    assert refused.value.hint == f"pip install 'pod-launcher[{kind.value}]'"


def test_each_kind_of_ours_is_one_of_piper_tts_and_none_is_left_out() -> None:
    from piper import PhonemeType as Theirs

    assert {kind.value for kind in PhonemeType} == {kind.value for kind in Theirs}
    assert {own_type_of(language) for language in ("he_IL", "ja_JP", "th_TH", "zh_CN")} == {
        PhonemeType.HEBREW, PhonemeType.JAPANESE, PhonemeType.THAI, PhonemeType.PINYIN,
    }  # fmt: skip
    assert own_type_of("en_US") is None


def test_every_sound_of_hebrew_and_japanese_has_an_id() -> None:
    from piper.phonemize_japanese import OPENJTALK_TO_IPA, PROSODY_SYMBOLS

    known = symbols_of(PhonemeType.JAPANESE)
    assert {c for sound in OPENJTALK_TO_IPA.values() for c in sound} | PROSODY_SYMBOLS <= set(known)
