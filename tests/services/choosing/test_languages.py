"""Languages are known by code, by English name and by their own; what is typed still counts."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from launcher.recipes.piper.voice_bases import BASES
from launcher.services.choosing.languages import (
    espeak_options,
    espeak_voice_name,
    espeak_voices,
    language_name,
    language_options,
    languages,
)
from launcher.services.choosing.lists import as_code, meaning
from pod_image.contract.settings import SETTINGS, RunSettings
from tests.kit.choices import found

LANGUAGE, ESPEAK = SETTINGS["language"], SETTINGS["espeak_voice"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("de-de", "de_DE"), ("de_DE", "de_DE"), ("German (Germany)", "de_DE"), (" german (germany) ", "de_DE"),
        ("Deutsch (Deutschland)", "de_DE"), ("čeština (Česko)", "cs_CZ"), ("cestina (cesko)", "cs_CZ"),
        ("xx_YY", "xx_YY"), ("Klingonish", "Klingonish"), ("", ""),
    ],
)  # fmt: skip
def test_a_language_may_be_typed_by_any_of_its_names(typed: str, code: str) -> None:
    assert as_code(LANGUAGE, typed) == code


def test_an_espeak_voice_may_be_typed_by_its_name() -> None:
    assert as_code(ESPEAK, "English (Scotland)") == "en-gb-scotland"
    assert as_code(ESPEAK, "EN-US") == "en-us"
    assert as_code(ESPEAK, "English") == "English"  # several are called so


def test_other_settings_are_taken_as_they_are_typed() -> None:
    assert as_code(SETTINGS["voice_name"], "de-de") == "de-de"
    assert meaning(SETTINGS["voice_name"], "de_DE") == ""


def test_a_code_is_told_by_name() -> None:
    assert meaning(LANGUAGE, "de_DE") == language_name("de_DE") == "German (Germany)"
    assert meaning(ESPEAK, "yue") == espeak_voice_name("yue") == "Cantonese"
    assert meaning(LANGUAGE, "xx_YY") == ""


@pytest.mark.parametrize("typed", ["german germ", "deutschland", "DE-DE", "de_de"])
def test_a_language_is_found_in_english_in_its_own_words_and_by_code(typed: str) -> None:
    assert "de_DE" in [each.value for each in found(language_options(), typed)]


@pytest.mark.parametrize(
    ("typed", "code"), [("german", "de_DE"), ("english", "en_US"), ("spanish", "es_ES"), ("portuguese", "pt_BR")]
)  # fmt: skip
def test_what_most_mean_by_a_language_is_the_first_that_is_found(typed: str, code: str) -> None:
    assert found(language_options(), typed)[0].value == code


def test_accents_and_other_names_find_it_too() -> None:
    assert "cs_CZ" in [each.value for each in found(language_options(), "cestina")]
    assert "fa_IR" in [each.value for each in found(language_options(), "farsi")]


def test_each_code_of_the_list_can_be_a_value_and_none_stands_twice() -> None:
    codes = [each.code for each in languages()]
    assert len(codes) > 120
    assert len(set(codes)) == len(codes)
    for code in codes:
        assert RunSettings(language=code).model_dump()["language"] == code
    for voice in espeak_voices():
        assert RunSettings(espeak_voice=voice.code).model_dump()["espeak_voice"] == voice.code


def test_every_language_with_a_published_base_has_a_name() -> None:
    assert [base.language for base in BASES if not language_name(base.language)] == []


def test_a_language_that_espeak_cannot_read_says_what_to_take_instead() -> None:
    reasons = {each.value: each.reason for each in language_options()}
    assert "phoneme type text" in reasons["zu_ZA"]
    assert reasons["de_DE"] == reasons["zh_CN"] == reasons["no_NO"] == reasons["en_AU"] == ""


def test_the_list_of_voices_is_that_of_the_installed_espeak() -> None:
    package = importlib.util.find_spec("piper")
    if package is None or package.origin is None:
        pytest.skip("espeak's data comes with piper-tts")
    names: set[str] = set()
    first: set[str] = set()
    for file in (Path(package.origin).parent / "espeak-ng-data" / "lang").rglob("*"):
        if file.is_file():
            lines = file.read_text("utf-8", "replace").splitlines()
            told = [line.split()[1].lower() for line in lines if line.startswith("language")]
            names |= set(told)
            first.add(told[0])
    ours = {each.value for each in espeak_options()}
    assert ours <= names
    assert first - ours == {"xex"}  # a test of espeak's own
