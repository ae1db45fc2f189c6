"""What espeak-ng spells or reads in another language, as it says itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pod_image.dataset.languages import espeak_voice_of, scripts_of
from pod_image.phonemes.spelling import Reading, Speller


def reading(language: str, text: str) -> Reading:
    return Speller(espeak_voice_of(language), scripts_of(language))(text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar_JO", "مرحبا بالعالم، كيف حالك اليوم؟"),
        ("bn_BD", "আমার সোনার বাংলা, আমি তোমায় ভালোবাসি।"),
        ("cs_CZ", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
        ("de_DE", "Schöne Grüße über 20 Äpfel!"),
        ("el_GR", "Γειά σου κόσμε, ο ουρανός είναι γαλανός."),
        ("en_GB", "e.g. the U.S.A., the BBC, a café, naïve Björk & 5 % of vlc."),
        ("fa_IR", "سلام دنیا، می‌خواهم بروم"),
        ("fr_FR", "L’été, où est l'œuvre ? Ça va."),
        ("hi_IN", "अक्षर नमस्ते दुनिया क़लम ज़मीन"),
        ("hy_AM", "Բարեւ աշխարհ և"),
        ("it_IT", "Perché non è così? Io, ai, oè."),
        ("ja_JP", "きょうはてんきがいいです。コーヒーとレター"),
        ("ka_GE", "გამარჯობა მსოფლიო"),
        ("kk_KZ", "Сәлем әлем, қалайсың"),
        ("ko_KR", "안녕하세요 세계, 오늘은 날씨가 좋습니다"),
        ("ml_IN", "നമസ്കാരം ലോകം എന്റെ"),
        ("pl_PL", "Zażółć gęślą jaźń"),
        ("ru_RU", "Съешь ещё этих мягких французских булок"),
        ("ta_IN", "அனைவருக்கும் வணக்கம்"),
        ("tr_TR", "Pijamalı hasta yağız şoföre çabucak güvendi."),
        ("uk_UA", "Їжак з'їв ґанок, щастя"),
        ("vi_VN", "Xin chào thế giới, tiếng Việt rất đẹp"),
        ("zh_CN", "今天天气很好。臺灣 儿"),
    ],
)
def test_of_what_a_language_reads_nothing_is_said(language: str, text: str) -> None:
    assert reading(language, text) == Reading()


@pytest.mark.parametrize(
    ("language", "text", "words", "letters"),
    [
        ("ja_JP", "今日は いい", "今日は", "今日"),
        ("he_IL", "שלום שָׁלוֹם", "שָׁלוֹם", "ָׁ"),
        ("zh_CN", "天气 今日は", "今日は", "は"),
        ("en_US", "the 日 sun", "日", "日"),
        ("en_US", "it is ٢٠ or ২০", "٢٠ ২০", "٢٠"),
        ("en_US", "a 𐓏 and ꓐ", "𐓏 ꓐ", "𐓏ꓐ"),
        ("en_US", "he said привет", "привет", ""),
        ("en_US", "an Ελλάδα", "Ελλάδα", ""),
        ("de_DE", "er sagte привет", "привет", ""),
        ("en_US", "He hеlped", "hеlped", ""),
        ("es_ES", "dijo привет", "привет", ""),
    ],
)
def test_words_that_are_spelt_are_named_with_the_letters_that_have_no_sound(
    language: str, text: str, words: str, letters: str
) -> None:
    found = reading(language, text)
    assert found.spelt == tuple(words.split())
    assert set(letters) <= set(found.unread)
    assert bool(letters) == bool(found.unread)


def test_ligatures_and_wide_letters_are_not_spelt_since_they_are_folded() -> None:
    assert reading("en_US", "The oﬃce, ｗｉｄｅ and ﬁne") == Reading()


def test_words_by_the_rules_of_another_language_are_named_with_it() -> None:
    assert reading("de_DE", "Der Download im Team").foreign == (("Download", "en"), ("Team", "en"))
    assert reading("ru_RU", "привет Google").foreign == (("Google", "en"),)
    assert reading("en_US", "नमस्ते").foreign == (("नमस्ते", "hi"),)


def test_two_checks_at_once_get_each_the_answers_of_its_own_language() -> None:
    words = [f"Größe{i}" for i in range(25)]
    german, russian = (Speller(voice, scripts_of(voice)) for voice in ("de", "ru"))
    alone = [german._said(word) for word in words]
    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(lambda: [russian._said("привет") for _ in range(50)])
        together = [german._said(word) for word in words]
    assert together == alone
    assert len(set(other.result())) == 1


def test_signs_that_have_words_in_another_language_alone_are_named_apart() -> None:
    found = reading("ja_JP", "みず & みず")
    assert (found.foreign_signs, found.foreign) == ((("&", "en"),), ())


def test_a_language_without_a_word_for_letter_calls_it_by_another_languages() -> None:
    """uk has no word of its own: the answer is espeak-ng's, whatever language it takes."""
    assert reading("uk_UA", "слово 日").spelt == ("日",)
