"""Sentences to read are looked at by the very way that training's texts go."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from launcher.prompts.diphones import foreign_voices, unit_reader
from pod_image.phonemes.turns import ESPEAK


def test_another_drawing_of_the_same_letters_has_the_same_units() -> None:
    read = unit_reader("en-us")
    assert read("All ｆｉｖｅ of the cafe\u0301s.") == read("All five of the caf\u00e9s.")
    assert foreign_voices("de", ["Das ist ein Weekend.\u00ad"]) == {}


@pytest.mark.parametrize(
    "look",
    [lambda: unit_reader("de"), lambda: foreign_voices("de", ["Guten Tag."])],
    ids=["units", "foreign"],
)
def test_espeak_is_asked_only_once_whoever_else_asks_it_is_done(
    look: Callable[[], object],
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with ESPEAK:
            asked = pool.submit(look)
            assert not wait([asked], timeout=0.1).done
        asked.result(timeout=20)
