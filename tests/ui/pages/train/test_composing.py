"""What a change in the Train form costs: the settings are put together once, not by each part of the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from nicegui.testing import User

from launcher.config import read_config
from launcher.presets import Preset, look_at_presets
from launcher.services.planning.compose import compose
from launcher.ui.pages.train.page import _TrainPage
from tests.kit.page_verbs import enter, until, visit


class Calls:
    """How often these functions were called, by whoever and under whichever name it was imported."""

    def __init__(self, *functions: Any) -> None:
        self.of: dict[CodeType, int] = dict.fromkeys((one.__code__ for one in functions), 0)

    def __getitem__(self, function: Any) -> int:
        return self.of[function.__code__]

    def note(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in self.of:
            self.of[frame.f_code] += 1


@contextmanager
def counted(*functions: Any) -> Iterator[Calls]:
    calls = Calls(*functions)
    sys.setprofile(calls.note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


async def test_a_keystroke_in_a_number_composes_the_settings_once(person: User) -> None:
    await visit(person, "/train?preset=quick-check&dataset=me/clips")
    with counted(compose, _TrainPage._redraw_prices) as calls:
        enter(person, "batch_size", "7")
        assert calls[compose] == 1
        await until(lambda: calls[_TrainPage._redraw_prices] == 1)
        assert calls[compose] == 1, "the tables below are drawn of what is composed already"
    await person.should_see("1 changed")


async def test_another_preset_is_put_together_as_its_card_had_it(person: User) -> None:
    await visit(person, "/train?preset=quick-check&dataset=me/clips")
    with counted(compose, _TrainPage._redraw_prices) as calls:
        person.find(marker="choose-finetune-high").trigger("change")
        await until(lambda: calls[_TrainPage._redraw_prices] == 1)
        assert calls[compose] == 1


async def test_a_keystroke_that_concerns_every_preset_composes_each_once(person: User) -> None:
    await visit(person, "/train?preset=quick-check&dataset=me/clips")
    with counted(compose, _TrainPage._redraw_prices) as calls:
        enter(person, "language", "de_DE")
        assert calls[compose] == 1
        await until(lambda: calls[_TrainPage._redraw_prices] == 1)
        assert calls[compose] == 1 + len(for_voices())


async def test_a_keystroke_that_is_refused_composes_nothing(person: User) -> None:
    await visit(person, "/train?preset=quick-check")
    with counted(compose) as calls:
        enter(person, "batch_size", "many")
        assert calls[compose] == 0


def for_voices() -> list[Preset]:
    """The presets that have a card while a voice is trained."""
    return [one for one in look_at_presets(read_config()).usable if one.values["recipe"] == "piper"]
