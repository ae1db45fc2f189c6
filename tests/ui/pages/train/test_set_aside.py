"""What a person had chosen is not gone with another preset, recipe, text or run: it is named, and comes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from nicegui import ui
from nicegui.testing import User

from launcher.ui.widgets.elements import Button
from launcher.ui.widgets.inputs import Field
from tests.kit.page_verbs import click, enter, only, press, visit
from tests.ui.conftest import Ground, place


def epochs(person: User) -> str:
    return str(only(person, Field, "field-epochs").value)


async def another_preset(person: User) -> None:
    person.find(marker="choose-finetune-high").trigger("change")


async def back_to_the_preset(person: User) -> None:
    click(person, "Back to the preset")


async def another_text(person: User) -> None:
    enter(person, "toml", 'preset = "finetune-medium"\n')
    click(person, "Apply this text")


async def a_link_to_another_preset(person: User) -> None:
    await visit(person, "/train?preset=finetune-high")


@pytest.mark.parametrize(
    "choose", [another_preset, back_to_the_preset, another_text, a_link_to_another_preset]
)
async def test_values_that_give_way_to_another_choice_are_named_and_come_back(
    person: User, choose: Callable[[User], Awaitable[None]]
) -> None:
    await visit(person, "/train?preset=finetune-medium")
    enter(person, "epochs", "777")
    await choose(person)
    assert epochs(person) != "777"
    await person.should_see("1 value of yours was set aside.")
    await person.should_see("Epochs: 777")
    await visit(person, "/train")  # a reload
    press(person, only(person, Button, "bring-back-values"))
    assert epochs(person) == "777"
    assert not only(person, ui.element, "set-aside").default_slot.children


async def test_another_recipe_and_back_loses_no_value(person: User) -> None:
    await visit(person, "/train?preset=finetune-medium")
    enter(person, "epochs", "777")
    person.find(marker="train-command").trigger("change")
    await person.should_not_see("set aside")  # a command has no epochs
    person.find(marker="train-piper").trigger("change")
    await person.should_see("Epochs: 777")


async def test_a_run_that_is_trained_again_does_not_wipe_out_what_was_being_chosen(
    person: User, ground: Ground
) -> None:
    earlier = place(ground)
    await visit(person, "/train?preset=finetune-medium")
    enter(person, "epochs", "777")
    await visit(person, f"/train?again={earlier.nonce}")
    await person.should_see("Epochs: 777")
    press(person, only(person, Button, "bring-back-values"))
    assert epochs(person) == "777"
