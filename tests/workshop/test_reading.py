"""The check says what of the texts espeak-ng would say otherwise than it was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.services.planning.dataset_look import check_settings
from launcher.workshop.check import CheckSettings
from launcher.workshop.report import DatasetReport
from launcher.workshop.text_findings import mixed_words
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.settings import RecipeName, RunSettings
from pod_image.dataset import Code
from tests.kit.dataset_files import wav, write
from tests.workshop.checking import check_folder

JAPANESE, HEBREW, TEXT = PhonemeType.JAPANESE, PhonemeType.HEBREW, PhonemeType.TEXT
CLIP = wav(0.6)
PLAIN = "A good plain sentence."


async def check(folder: Path, *texts: str, language: str = "en_US") -> DatasetReport:
    files: dict[str, bytes | str] = {f"wavs/{n}.wav": CLIP for n in range(len(texts))}
    table = "".join(f"{n}|{text}\n" for n, text in enumerate(texts))
    write(folder, {**files, "metadata.csv": table})
    settings = CheckSettings(language=language, speakers=None, minutes_wanted=0)
    return await check_folder(folder, settings)


def of(report: DatasetReport, code: Code) -> list[Finding]:
    return [each for each in report.findings if each.code == code]


async def test_a_spelt_word_is_a_warning_at_its_line(tmp_path: Path) -> None:
    report = await check(tmp_path, *([PLAIN] * 12), "The 日 sun")
    (spelt,) = of(report, Code.TEXT_SPELT)
    assert (spelt.place, spelt.severity) == ("metadata.csv line 13", Severity.WARNING)
    assert "“日”" in str(spelt.message)
    assert of(report, Code.LANGUAGE_UNREAD) == []


async def test_a_language_that_is_spelt_is_an_error_since_the_voice_would_learn_that(
    tmp_path: Path,
) -> None:
    report = await check(tmp_path, "今日は天気がいいです。", "水道のみず", language="ja_JP")
    (unread,) = of(report, Code.LANGUAGE_UNREAD)
    assert unread.severity is Severity.ERROR
    assert "2 of the 2 texts" in str(unread.message)


async def test_a_letter_of_another_alphabet_is_named(tmp_path: Path) -> None:
    report = await check(tmp_path, *([PLAIN] * 12), "He h\u0435lped.")
    (mixed,) = of(report, Code.TEXT_MIXED)
    assert mixed.place == "metadata.csv line 13"
    assert "cyrillic small letter ie, U+0435" in str(mixed.message)


@pytest.mark.parametrize(
    ("text", "scripts", "words"),
    [
        ("p\u0430per and \u03bfmega", ("LATIN",), ["p\u0430per", "\u03bfmega"]),
        ("н\u0061 дом", ("CYRILLIC",), ["н\u0061"]),
        ("\u0391thens", ("GREEK",), ["\u0391thens"]),
        ("β-Karotin, αβ und Tシャツ", ("LATIN",), []),
        ("привет world", ("LATIN",), []),
        ("ไปshopping", ("THAI",), []),
    ],
)
def test_alphabets_are_mixed_in_a_word_and_not_in_a_text(
    text: str, scripts: tuple[str, ...], words: list[str]
) -> None:
    assert list(mixed_words(text, scripts)) == words


@pytest.mark.parametrize(
    ("text", "named", "where"),
    [
        ("The won\u200bder", "zero width space, U+200B", "inside a word"),
        ("co\u00adoperate", "soft hyphen, U+00AD", "inside a word"),
        ("\ufeffHello", "zero width no-break space, U+FEFF", "in the text"),
        ("Hi \u202athere\u202c", "left-to-right embedding, U+202A", "in the text"),
        ("A nu\x01l", "U+0001", "inside a word"),
    ],
)
async def test_characters_that_nobody_sees_are_named(
    tmp_path: Path, text: str, named: str, where: str
) -> None:
    (unseen,) = of(await check(tmp_path, "A good one.", text, "Another."), Code.TEXT_UNSEEN)
    assert unseen.place == "metadata.csv line 2"
    assert named in str(unseen.message)
    assert where in str(unseen.message)


async def test_a_joiner_that_has_a_meaning_is_none_of_them(tmp_path: Path) -> None:
    assert of(await check(tmp_path, "می\u200cخواهم", language="fa_IR"), Code.TEXT_UNSEEN) == []


async def test_it_is_said_where_piper_tts_alone_would_say_something_else(tmp_path: Path) -> None:
    report = await check(tmp_path, "Plain.", "The oﬃce.", "A\u00a0blank.")
    (folded,) = of(report, Code.TEXT_FOLDED)
    assert (folded.place, folded.severity) == ("metadata.csv line 2", Severity.NOTE)
    assert "1 text;" in str(folded.message)


async def test_what_reads_a_language_better_is_named_and_takes_every_warning_away(
    tmp_path: Path,
) -> None:
    texts = ("今日は天気がいいです。", "水が好きです。")
    report = await check(tmp_path, *texts, language="ja_JP")
    (poor,) = of(report, Code.LANGUAGE_POOR)
    (unread,) = of(report, Code.LANGUAGE_UNREAD)
    for each in (poor, unread):
        assert in_terminal(each.hint) == "--phoneme-type japanese reads this language."
    settings = CheckSettings("ja_JP", speakers=None, minutes_wanted=0, phoneme_type=JAPANESE)
    better = await check_folder(tmp_path, settings)
    codes = {each.code for each in better.findings}
    assert not codes & {Code.LANGUAGE_POOR, Code.LANGUAGE_UNREAD, Code.TEXT_SPELT}
    assert better.phonemes is not None
    assert better.phonemes.counts["↓"] > 1


async def test_a_text_of_which_the_phoneme_type_says_nothing_is_an_error_as_the_pod_leaves_it_out(
    tmp_path: Path,
) -> None:
    await check(tmp_path, "שלום לכולם", "Hello there.", language="he_IL")
    settings = CheckSettings("he_IL", speakers=None, minutes_wanted=0, phoneme_type=HEBREW)
    (silent,) = of(await check_folder(tmp_path, settings), Code.TEXT_UNSPEAKABLE)
    assert silent.place == "metadata.csv line 2"


async def test_letters_of_the_phoneme_type_text_are_all_known(tmp_path: Path) -> None:
    await check(tmp_path, "Zażółć Ж", language="pl_PL")
    settings = CheckSettings("pl_PL", speakers=None, minutes_wanted=0, phoneme_type=TEXT)
    report = await check_folder(tmp_path, settings)
    assert of(report, Code.PHONEMES_UNMAPPED) == []
    assert report.phonemes is not None
    assert report.phonemes.counts["Ж"] == 1


async def test_a_package_that_is_absent_is_a_note_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pod_image.phonemes.extras.find_spec", lambda name: None)
    write(tmp_path, {"wavs/0.wav": CLIP, "metadata.csv": "0|สวัสดี\n"})
    settings = CheckSettings(
        "th_TH", speakers=None, minutes_wanted=0, phoneme_type=PhonemeType.THAI
    )
    (unchecked,) = of(await check_folder(tmp_path, settings), Code.PHONEMES_UNCHECKED)
    assert unchecked.hint == "pip install 'pod-launcher[thai]'"


async def test_how_texts_are_read_is_not_looked_at_where_nothing_is_to_speak(
    tmp_path: Path,
) -> None:
    await check(tmp_path, "今日は天気がいいです。", "水が好きです。")
    wanted = check_settings(RunSettings(recipe=RecipeName("command")))
    report = await check_folder(tmp_path, wanted)
    assert report.phonemes is None
    assert of(report, Code.LANGUAGE_UNREAD) == []


async def test_words_of_another_language_are_one_note(tmp_path: Path) -> None:
    report = await check(
        tmp_path, "Der Download ist da.", "Das Team und der Download.", language="de_DE"
    )
    (words,) = of(report, Code.WORDS_FOREIGN)
    assert words.severity is Severity.NOTE
    assert "Download (en), Team (en)." in str(words.message)
