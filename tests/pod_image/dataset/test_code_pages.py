"""Tables that a spreadsheet saved in the code page of its country have the words that were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from pod_image.dataset import Code, read_dataset
from pod_image.dataset.encoding import decode
from tests.kit.dataset_files import SHORT, codes, look, write

GERMAN = ["Die Tür ist offen.", "Er läuft zum Fluss.", "Schöne Grüße an alle."]
POLISH = ["Żółw idzie powoli.", "Książka leży na stole.", "Śnieg pada całą noc."]
RUSSIAN = ["Корабль ушёл утром.", "Дождь идёт весь день.", "Часы пробили девять."]
GREEK = ["Το πλοίο φεύγει το πρωί.", "Η βροχή πέφτει όλη μέρα.", "Είδαμε επτά βάρκες."]
SPANISH = ["¿Qué día es hoy?", "Mañana será otro día.", "El niño juega en el jardín."]
JAPANESE = ["今日は天気がいいです。", "船は朝に出ます。", "雨が降っています。"]
CHINESE = ["今天天气很好。", "船早上出发。", "外面正在下雨。"]


@pytest.mark.parametrize(
    ("page", "texts"),
    [
        ("cp1252", GERMAN),
        ("cp1252", SPANISH),
        ("cp1250", POLISH),
        ("cp1251", RUSSIAN),
        ("koi8-r", RUSSIAN),
        ("cp1253", GREEK),
        ("mac_roman", GERMAN),
        ("mac_roman", SPANISH),
        ("cp850", GERMAN),
        ("cp932", JAPANESE),
        ("gb18030", CHINESE),
    ],
)
def test_the_code_page_is_the_one_whose_words_look_like_words(
    tmp_path: Path, page: str, texts: list[str]
) -> None:
    clips = {f"wavs/{number}.wav": SHORT for number in range(3)}
    table = "".join(f"{number};{text}\r\n" for number, text in enumerate(texts)).encode(page)
    write(tmp_path, {**clips, "metadata.csv": table})
    assert [clip.text for clip in read_dataset(tmp_path).clips] == texts
    assert Code.ENCODING in codes(look(tmp_path))


def test_a_slip_in_one_word_makes_no_other_code_page_of_a_western_table() -> None:
    text = "El niño juega en el jardín mañana.\n" * 10 + "Palabra¿Otra?\n"
    assert decode(text.encode("cp1252")).text == text
