"""A text as every phonemizer gets it: what is folded, what keeps its meaning and stays."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from piper.phonemize_espeak import EspeakPhonemizer

from pod_image.phonemes import folded
from pod_image.phonemes.phonemizer import Phonemizer

PLAIN = [
    ("The oﬃce sent the ﬁnal oﬀer.", "The office sent the final offer."),
    ("ﬆop, ﬂy", "stop, fly"),
    ("cafe\u0301, nai\u0308ve", "café, naïve"),
    (unicodedata.normalize("NFD", "Tiếng Việt, 안녕, γιορτή"), "Tiếng Việt, 안녕, γιορτή"),
    ("ｆｕｌｌ　ｗｉｄｔｈ　１２", "full width 12"),
    ("a\u00a0b\u202fc\u2009d\u3000e", "a b c d e"),
    ("non\u2011breaking, re\u2010use", "non-breaking, re-use"),
    ("co\u00adop\u00aderate", "cooperate"),
    ("The won\u200bder", "The wonder"),
    ("\ufeffHi \u202athere\u202c\u200f", "Hi there"),
    ("A nul\x00l, a bell\x07.", "A null, a bell."),
    ("donʼt, don`t, don´t", "don't, don't, don't"),
    ("Louis Ⅳ, 20 ℃, 5 ㎏", "Louis IV, 20 °C, 5 kg"),
    ("zĳn", "zijn"),
    ("ǆep", "džep"),
    ("ﻣﺮﺣﺒﺎ", "مرحبا"),
    ("ｶﾞｷﾞ", "ガギ"),
    ("𝐇𝐞𝐥𝐥𝐨", "Hello"),
]


@pytest.mark.parametrize(("written", "spoken"), PLAIN)
def test_another_form_of_the_same_letters_becomes_the_plain_letters(
    written: str, spoken: str
) -> None:
    assert folded(written) == spoken


@pytest.mark.parametrize(
    "text",
    [
        "Hello, world. It's five o'clock!",
        "x² and ½ cost 5 µm™ №",  # each is read by name, and as what it means
        "‘Hi,’ “he” said…",
        "你好，世界。今天！",  # wide marks end a clause wherever they stand
        "น้ำ",  # its halves are in no dictionary
        "می\u200cخواهم",  # the joiner tells where a word's parts end
        "ភាសា\u200bខ្មែរ",  # spaces that nobody sees
        "ㄱㄴ",
        "ʰ ʲ ʷ",
        "ŋ ʃ ə",
    ],
)
def test_what_has_a_meaning_of_its_own_stays(text: str) -> None:
    assert folded(text) == text


def test_phonemes_in_brackets_stay_as_they_were_written_where_a_voice_takes_them() -> None:
    assert folded("oﬀ [[o\u0303ﬁ]] oﬀ") == "off [[o\u0303ﬁ]] off"
    assert folded("oﬀ [[ﬁ]]", has_blocks=False) == "off [[fi]]"


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("voice", "written", "spoken"),
    [
        ("en-us", "cafe\u0301", "café"),
        ("en-us", "The oﬃce", "The office"),
        ("en-us", "won\u200bder", "wonder"),
        ("en-us", "ｗｉｄｅ", "wide"),
        ("en-us", "donʼt", "don't"),
        ("vi", unicodedata.normalize("NFD", "tiếng Việt"), "tiếng Việt"),
        ("ko", unicodedata.normalize("NFD", "안녕하세요"), "안녕하세요"),
        ("ar", "ﻣﺮﺣﺒﺎ", "مرحبا"),
    ],
)
def test_the_phonemes_are_those_of_the_plain_letters_where_espeak_alone_would_say_others(
    voice: str, written: str, spoken: str
) -> None:
    alone = EspeakPhonemizer()
    assert alone.phonemize(voice, written) != alone.phonemize(voice, spoken)
    phonemize = Phonemizer(voice)
    assert phonemize(written) == phonemize(spoken)


def test_a_nul_in_a_text_is_no_crash() -> None:
    assert Phonemizer("en-us")("one\x00 two") == Phonemizer("en-us")("one two")


def test_arabic_gets_the_vowels_that_piper_tts_gives_it_when_the_voice_speaks() -> None:
    bare = EspeakPhonemizer().phonemize("ar", "مرحبا بكم")
    spoken = Phonemizer("ar")("مرحبا بكم").symbols
    assert [list(sentence) for sentence in spoken] != bare
