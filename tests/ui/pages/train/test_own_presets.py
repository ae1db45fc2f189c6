"""A person's own presets on the Train page: changed, renamed, deleted and brought back; none is lost in silence."""

from __future__ import annotations

from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.presets import find_preset, own_preset_exists, save_preset
from launcher.ui.widgets.elements import Button
from launcher.ui.widgets.inputs import Field
from tests.kit.page_verbs import click, enter, only, press, until, visit
from tests.ui.conftest import Ground


def saved(ground: Ground, name: str = "mine", epochs: int = 77) -> None:
    values = {"recipe": "piper", "epochs": epochs}
    save_preset(ground.site.config, name, values, "My voice", "For Anna.")


def save_button(user: User) -> Button:
    return only(user, Button, "save-preset")


async def test_a_preset_of_ones_own_is_changed_and_saved_over_and_that_can_be_undone(
    person: User, ground: Ground
) -> None:
    saved(ground)
    await visit(person, "/train?preset=mine")
    enter(person, "batch_size", "7")
    click(person, "Save as my preset")
    assert only(person, Field, "field-preset-title").value == "My voice"
    assert save_button(person).label.text == "Save over mine"
    press(person, save_button(person))
    preset = find_preset(ground.site.config, "mine")
    assert (preset.values["batch_size"], preset.values["epochs"]) == (7, 77)
    assert (preset.title, preset.description) == ("My voice", "For Anna.")
    await person.should_not_see("1 changed")
    press(person, only(person, Button, "undo-preset"))
    assert "batch_size" not in find_preset(ground.site.config, "mine").values


async def test_another_preset_of_that_name_is_not_saved_over_unasked(
    person: User, ground: Ground
) -> None:
    saved(ground)
    await visit(person, "/train?preset=quick-check")
    click(person, "Save as my preset")
    enter(person, "preset-name", "mine")
    press(person, save_button(person))
    await person.should_see("You have a preset mine already.")
    assert find_preset(ground.site.config, "mine").values["epochs"] == 77
    enter(person, "preset-name", "other")
    press(person, save_button(person))
    assert find_preset(ground.site.config, "mine").values["epochs"] == 77
    assert own_preset_exists(ground.site.config, "other")


async def test_one_is_renamed_and_described_and_stays_chosen(person: User, ground: Ground) -> None:
    saved(ground)
    await visit(person, "/train?preset=mine")
    press(person, only(person, Button, "edit-mine"))
    enter(person, "rename-preset", "anna")
    enter(person, "redescribe-preset", "For Anna, softer.")
    press(person, only(person, Button, "save-preset-words"))
    assert not own_preset_exists(ground.site.config, "mine")
    preset = find_preset(ground.site.config, "anna")
    assert (preset.description, preset.values["epochs"]) == ("For Anna, softer.", 77)
    (draft,) = ground.site.drafts._drafts.values()
    assert draft.preset == "anna"


async def test_one_is_deleted_and_brought_back(person: User, ground: Ground) -> None:
    saved(ground)
    await visit(person, "/train?preset=mine")
    press(person, only(person, Button, "delete-preset-mine"))
    await person.should_see("Preset mine is deleted.")
    assert not own_preset_exists(ground.site.config, "mine")
    # What was chosen by it is not lost with it.
    assert only(person, Field, "field-epochs").value == "77"
    press(person, only(person, Button, "undo-preset"))
    assert find_preset(ground.site.config, "mine").title == "My voice"
    await person.should_see(marker="preset-mine")
    (draft,) = ground.site.drafts._drafts.values()
    assert draft.preset == "mine"


async def test_one_that_was_not_chosen_comes_back_without_being_chosen(
    person: User, ground: Ground
) -> None:
    saved(ground)
    saved(ground, "other", epochs=5)
    await visit(person, "/train?preset=mine")
    for name in ("mine", "other"):
        press(person, only(person, Button, f"delete-preset-{name}"))
    press(person, only(person, Button, "undo-preset"))
    await person.should_see(marker="preset-other")
    (draft,) = ground.site.drafts._drafts.values()
    assert draft.preset == ""
    assert only(person, Field, "field-epochs").value == "77"


async def test_a_name_that_is_taken_or_built_in_is_refused(person: User, ground: Ground) -> None:
    saved(ground)
    saved(ground, "other", epochs=5)
    await visit(person, "/train?preset=quick-check")
    press(person, only(person, Button, "edit-mine"))
    enter(person, "rename-preset", "other")
    press(person, only(person, Button, "save-preset-words"))
    await person.should_see("You have a preset other already.")
    enter(person, "rename-preset", "quick-check")
    press(person, only(person, Button, "save-preset-words"))
    await person.should_see("is built in and cannot be replaced")
    assert find_preset(ground.site.config, "other").values["epochs"] == 5


async def test_those_of_the_package_say_that_they_stay_as_they_are(
    person: User, ground: Ground
) -> None:
    saved(ground)
    await visit(person, "/train?preset=quick-check")
    await person.should_see("built in")
    with person:
        words = [one.props.get("aria-label", "") for one in ElementFilter(kind=Button)]
    assert [one for one in words if one.startswith("Delete preset")] == ["Delete preset My voice"]


async def test_a_file_that_is_no_preset_is_shown_with_its_fault_beside_the_others(
    person: User, ground: Ground
) -> None:
    saved(ground)
    broken = ground.site.config.presets_folder / "torn.toml"
    broken.write_text("[settings\nepochs = \x1b[31m7")
    await visit(person, "/train?preset=mine")
    await person.should_see("cannot be used")
    await person.should_see("torn.toml cannot be read")
    await person.should_see("epochs = 7")
    press(person, only(person, Button, "delete-preset-torn"))
    await until(lambda: not broken.exists())
    await person.should_not_see("cannot be used")
    await person.should_see(marker="preset-mine")
    assert person.find(kind=ui.element, marker="undo-preset").elements
