"""The sentences that come with the launcher, each language for itself; and those of a person's own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.errors import InvalidRequest
from launcher.prompts.__main__ import chosen_of, covered_by, faults_of
from launcher.prompts.sets import (
    LANGUAGES,
    LONGEST_PROMPT,
    MOST_PROMPTS,
    PromptLanguage,
    parse_prompts,
    prompts_of,
    read_prompts,
)

each_language = pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
ALPHABETS = {
    "en": "", "de": "äöü", "es": "áéíóúüñ", "fr": "àâæçèéêëîïôœùûü", "it": "àèéìíòù",
    "nl": "éëïü", "pt": "áàâãçéêíóôõú",
}  # fmt: skip
MARKS = " .,?!'-¿¡"


@each_language
def test_a_set_covers_the_frequent_diphones_of_its_language(language: PromptLanguage) -> None:
    chosen = language.chosen()
    assert len(chosen) == language.count >= (200 if language.code == "en" else 100)
    assert covered_by(language, chosen) >= 0.98


@each_language
def test_a_set_is_what_its_pool_gives(language: PromptLanguage) -> None:
    """`python -m launcher.prompts --write` writes them anew."""
    assert language.chosen() == chosen_of(language)


@each_language
def test_a_pool_is_large_without_near_duplicates_or_words_of_other_voices(
    language: PromptLanguage,
) -> None:
    pool = language.pool()
    assert len(pool) >= (650 if language.code == "en" else 320)
    assert faults_of(language) == []


@each_language
def test_the_sentences_of_a_pool_are_short_and_written_in_the_letters_of_their_language(
    language: PromptLanguage,
) -> None:
    letters = set("abcdefghijklmnopqrstuvwxyz" + ALPHABETS[language.code])
    for text in language.pool():
        assert 5 <= len(text.split()) <= 15, text
        assert set(text.casefold()) <= letters | set(MARKS), text
        assert text[-1] in ".?!", text
        assert text.lstrip("¿¡")[0].isupper() or text.startswith("'s "), text


@each_language
def test_a_pool_asks_and_exclaims_as_well_as_tells(language: PromptLanguage) -> None:
    ends = [text[-1] for text in language.chosen()]
    assert min(ends.count(mark) for mark in "?!") >= len(ends) // 40


def test_a_language_is_found_with_any_region_and_another_one_is_refused_with_those_there_are() -> (
    None
):
    assert prompts_of("de_AT") == prompts_of("de-CH") == LANGUAGES["de"].chosen()
    with pytest.raises(InvalidRequest, match="no sentences to read in 'fi_FI'") as refused:
        prompts_of("fi_FI")
    assert "en, de, es, fr, it, nl, pt" in str(refused.value.hint)


def test_sentences_of_a_file_are_taken_once_each_as_they_can_stand_in_a_table(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(b"\xef\xbb\xbfOne  day.\r\n\r\n Two | three\tfour.\nOne day.\nCafe\xcc\x81.\n")
    assert read_prompts(path) == ("One day.", "Two three four.", "Café.")
    path.write_text("Grüße aus Köln.\n", "utf-16")
    assert read_prompts(path) == ("Grüße aus Köln.",)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "has no sentence"),
        (b" \n\n", "has no sentence"),
        (b"gr\xfc\xdfe", "is not text in UTF-8"),
        (b"PK\x00\x03", "is not a text file"),
        (b"x" * (LONGEST_PROMPT + 1), "Sentence 1 of mine.txt has 401 characters"),
        (b"".join(b"%d\n" % n for n in range(MOST_PROMPTS + 1)), "has 5,001 sentences"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_of_sentences_is_refused_with_the_reason(
    raw: bytes, said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        parse_prompts(raw, "mine.txt")


def test_a_file_that_is_absent_a_folder_or_huge_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"absent\.txt cannot be read: No such file"):
        read_prompts(tmp_path / "absent.txt")
    with pytest.raises(InvalidRequest, match="cannot be read: Is a directory"):
        read_prompts(tmp_path)
    huge = tmp_path / "huge.txt"
    huge.write_bytes(b"a\n" * 600_000)
    with pytest.raises(InvalidRequest, match="not a list of sentences"):
        read_prompts(huge)
