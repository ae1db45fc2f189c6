"""What cannot be done on the Train page leads to where it is put right."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.ui.widgets.elements import Text
from launcher.ui.widgets.inputs import Field
from tests.kit.page_verbs import click, enter, only, visit
from tests.ui.conftest import Ground

Called = list[tuple[str, str, tuple[Any, ...]]]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Called:
    """What the browser is told to do with which field."""
    found: Called = []
    before = Field.run_method

    def run_method(self: Field, name: str, *args: Any, **options: Any) -> Any:
        found.append((self.name, name, args))
        return before(self, name, *args, **options)

    monkeypatch.setattr(Field, "run_method", run_method)
    return found


async def test_a_bad_value_in_a_closed_section_is_named_and_led_to(
    person: User, called: Called
) -> None:
    await visit(person, "/train?preset=finetune-medium")
    enter(person, "dataset_repo", "me/clips")
    enter(person, "results_repo", "me/voice")
    enter(person, "seed", "many")
    click(person, "Check everything")
    await person.should_see("This value is not valid: “Random seed”.")
    assert called[-1] == ("seed", "reveal", ())


async def test_what_is_missing_is_led_to(person: User, called: Called) -> None:
    await visit(person, "/train?preset=finetune-medium")
    click(person, "Check everything")
    await person.should_see("Missing")
    assert called[-1][1] == "reveal"
    assert called[-1][0] in ("results_repo", "dataset_repo")


async def test_a_search_scrolls_to_the_first_hit_alone(person: User, called: Called) -> None:
    await visit(person, "/train?preset=finetune-medium")
    enter(person, "search", "seed")
    assert called == [("seed", "uncover", (True,))]
    called.clear()
    enter(person, "search", "checkpoint")
    assert [args for _, _, args in called] == [(True,)] + [(False,)] * (len(called) - 1)
    assert len(called) > 1


async def test_another_recipe_may_be_chosen_after_a_command_was_typed(
    person: User, ground: Ground
) -> None:
    await visit(person, "/train")
    person.find(marker="train-command").trigger("change")
    enter(person, "argv", "python\ntrain.py")
    for recipe in ("piper", "command", "onetrainer", "llm_lora", "piper"):
        with person:
            there = list(ElementFilter(marker=f"train-{recipe}"))
        if there:
            person.find(marker=f"train-{recipe}").trigger("change")
            await person.should_not_see("Something went wrong in this program")
    only(person, Field, "field-dataset_repo")


async def test_enter_in_the_name_of_a_preset_saves_it(person: User, ground: Ground) -> None:
    await visit(person, "/train?preset=quick-check")
    enter(person, "preset-name", "mine")
    person.find(marker="field-preset-name").trigger("enter")
    await person.should_not_see("Something went wrong in this program")
    assert (ground.site.config.config_folder / "presets" / "mine.toml").is_file()


async def test_a_dataset_that_is_looked_at_meanwhile_takes_no_result_of_the_check_away(
    holder: User, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.push_clips()
    seen, market = asyncio.Event(), ground.site.market
    look = market.datasets

    async def slow(*asked: Any) -> Any:
        await seen.wait()
        return await look(*asked)

    monkeypatch.setattr(market, "datasets", slow)
    await visit(holder, "/train?preset=finetune-medium&dataset=demo/clips")
    click(holder, "Check everything")
    await holder.should_see("Missing:")
    seen.set()
    await holder.should_see("12 clips", retries=60)
    with holder:
        told = ElementFilter(kind=Text).within(instance=only(holder, ui.element, "checks"))
        assert any("Missing:" in each.text for each in told)
