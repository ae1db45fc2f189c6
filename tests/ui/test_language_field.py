"""A language is chosen by its name wherever one is asked for, also outside the settings of a run."""

from __future__ import annotations

from nicegui import ElementFilter
from nicegui.testing import User

from launcher.ui.widgets.elements import Button, Text
from launcher.ui.widgets.inputs import Field
from launcher.ui.widgets.picker import Picker
from tests.kit.page_verbs import enter, even_hidden, press, tell, value_of, visit
from tests.ui.conftest import Ground, some_clips


def meaning_of(user: User, name: str) -> str:
    field = even_hidden(user, Field, f"field-{name}")
    (found,) = [
        one
        for one in field.descendants()
        if isinstance(one, Text) and "field-meaning" in one.classes
    ]
    return found.text


async def choose(user: User, name: str, code: str) -> None:
    press(user, even_hidden(user, Button, f"choose-{name}"))
    with user:
        (picker,) = ElementFilter(kind=Picker, only_visible=False)
    assert code in [row["value"] for row in picker.rows]
    tell(user, picker, "pick", code)


async def test_the_builder_takes_a_language_by_its_name_or_from_the_list(
    person: User, ground: Ground
) -> None:
    some_clips(ground.site.config.datasets_folder / "anna", 1)
    await visit(person, "/datasets/anna")
    enter(person, "builder-language", "German (Germany)")
    assert value_of(person, "builder-language") == "de_DE"
    await choose(person, "builder-language", "fr_FR")
    assert value_of(person, "builder-language") == "fr_FR"
    assert meaning_of(person, "builder-language") == "French (France)"


async def test_what_names_no_language_of_the_list_stays_as_it_was_typed(
    person: User, ground: Ground
) -> None:
    some_clips(ground.site.config.datasets_folder / "anna", 1)
    await visit(person, "/datasets/anna")
    enter(person, "hear-language", " yue ")
    assert value_of(person, "hear-language") == "yue"
    assert meaning_of(person, "hear-language") == ""
