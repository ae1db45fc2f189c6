"""In the form: runs, presets and files of another release, and a word on what became of their settings."""

from __future__ import annotations

import json

import pytest
from nicegui import ui
from nicegui.testing import User

from launcher.domain.run import RunState
from launcher.ui.widgets.inputs import Field
from tests.kit.older_release import NEWER, OLDER, older_vocabulary  # noqa: F401  (a fixture)
from tests.kit.page_verbs import click, enter, only, visit
from tests.kit.runs import run
from tests.ui.conftest import Ground

RETIRED = "mel_bands is no longer a setting and is ignored"


def own_preset(ground: Ground, name: str, version: str, settings: str) -> None:
    folder = ground.site.config.presets_folder
    folder.mkdir(parents=True, exist_ok=True)
    text = f'launcher = "{version}"\ntitle = "{name}"\n[settings]\n{settings}\n'
    (folder / f"{name}.toml").write_text(text, "utf-8")


@pytest.mark.usefixtures("older_vocabulary")
async def test_a_run_of_an_older_release_is_trained_again_and_what_changed_is_said(
    person: User, ground: Ground
) -> None:
    older = {"recipe": "piper", "rounds": 7, "mel_bands": 80, "batch_size": 100_000, "odd": 1}
    ground.site.history.add(run(settings_json=json.dumps(older), state=RunState.ENDED))
    await visit(person, f"/train?again={run().nonce}")
    assert only(person, Field, "field-epochs").value == "7"
    assert only(person, Field, "field-batch_size").value == "32"
    for words in (
        "rounds is now called epochs.",
        RETIRED,
        "batch_size is ignored: this release does not accept its value.",
        "odd is not a setting in this release and is ignored.",
    ):
        await person.should_see(words)


@pytest.mark.usefixtures("older_vocabulary")
async def test_the_page_of_an_older_run_names_its_settings_as_today(
    person: User, ground: Ground
) -> None:
    older = {"recipe": "piper", "rounds": 7, "mel_bands": 80}
    ground.site.history.add(run(settings_json=json.dumps(older), state=RunState.ENDED))
    await visit(person, f"/runs/{run().nonce}?tab=settings")
    await person.should_see("Epochs")
    await person.should_see("mel_bands")


@pytest.mark.usefixtures("older_vocabulary")
async def test_a_preset_of_an_older_release_is_chosen_and_what_changed_is_said_while_it_is(
    person: User, ground: Ground
) -> None:
    own_preset(ground, "old-one", OLDER, "rounds = 7\nmel_bands = 80")
    await visit(person, "/train?preset=old-one")
    assert only(person, Field, "field-epochs").value == "7"
    await person.should_see(RETIRED)
    person.find(marker="choose-quick-check").trigger("change")
    await person.should_not_see(RETIRED)


@pytest.mark.usefixtures("older_vocabulary")
async def test_a_text_under_older_names_is_taken_over_and_what_changed_is_said(
    person: User,
) -> None:
    await visit(person, "/train?preset=quick-check")
    enter(person, "toml", "[settings]\nrounds = 7\nmel_bands = 80\n")
    click(person, "Apply this text")
    assert only(person, Field, "field-epochs").value == "7"
    await person.should_see(RETIRED)


async def test_a_preset_of_a_newer_release_says_so_on_its_card_and_the_others_go_on(
    person: User, ground: Ground
) -> None:
    own_preset(ground, "new-one", NEWER, "frobnicate = 1")
    await visit(person, "/train?preset=quick-check")
    await person.should_see(f"Preset new-one was written by launcher {NEWER}.")
    await person.should_see("pip install -U pod-launcher")
    card = only(person, ui.element, "choose-new-one")
    assert "disabled" in card.props
    person.find(marker="choose-new-one").trigger("change")
    (draft,) = ground.site.drafts._drafts.values()
    assert draft.preset == "quick-check"
    await visit(person, "/train?preset=new-one")
    assert draft.preset == ""
    assert only(person, ui.element, "older-settings").default_slot.children
