"""Fields and what was typed into them: when it is taken, when it is still a draft, and where the help is shown."""

from __future__ import annotations

from typing import Any

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from launcher.ui.registry import PAGE_MODULES
from launcher.ui.widgets.inputs import Field
from tests.kit.page_verbs import click, enter, hrefs, only, until, visit
from tests.ui.conftest import Ground, some_clips


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What fields of the page were told in the browser: (name of the field, method)."""
    heard: list[tuple[str, str]] = []

    def run_method(field: Field, name: str, *args: Any) -> None:
        heard.append((field.name, name))

    monkeypatch.setattr(Field, "run_method", run_method)
    return heard


def kept(person: User, name: str) -> object:
    """The text that the field in the browser was told to be with the server."""
    return only(person, Field, f"field-{name}")._props.get("kept", [None])[0]


async def test_a_text_that_the_server_took_is_no_draft_any_more(
    person: User, ground: Ground, told: list[tuple[str, str]]
) -> None:
    some_clips(ground.site.config.datasets_folder / "anna", 2)
    await visit(person, "/datasets/anna")
    enter(person, "clip-clip_01", "Said otherwise.")
    await until(lambda: kept(person, "clip-clip_01") == "Said otherwise.")
    assert told == []


async def test_a_value_that_cannot_be_taken_stays_a_draft(
    person: User, told: list[tuple[str, str]]
) -> None:
    await visit(person, "/train?preset=finetune-medium")
    enter(person, "max_hours", "many")
    await until(lambda: only(person, Field, "field-max_hours").error != "")
    assert kept(person, "max_hours") is None
    enter(person, "max_hours", "3")
    await until(lambda: kept(person, "max_hours") == "3")
    assert told == []


async def test_a_text_that_a_button_uses_is_a_draft_until_then(
    person: User, told: list[tuple[str, str]]
) -> None:
    await visit(person, "/datasets")
    enter(person, "dataset-name", "not a name!")
    click(person, "Create")
    await person.should_see("cannot be the name of a dataset")
    assert told == []
    enter(person, "dataset-name", "anna")
    click(person, "Create")
    await until(lambda: told == [("dataset-name", "forget")])


async def test_the_help_of_every_field_is_there_to_be_shown_beside_it(
    person: User, ground: Ground
) -> None:
    await visit(person, "/train")
    with person:
        fields = ElementFilter(kind=Field, only_visible=False)
        wanted = [one._props["help-href"] for one in fields if "help-href" in one._props]
    assert wanted
    await visit(person, "/help")
    for href in wanted:
        topic, _, place = href.removeprefix("/help?topic=").partition("#")
        answer = await ground.answer(f"/help-texts/{topic}/{place}")
        assert answer.json()["lines"][0], href
    assert (await ground.answer("/help-texts/money/no-such-place")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/train",
        "/datasets",
        "/datasets/anna",
        "/datasets/anna/clips",
        "/runs",
        "/keys",
        "/help",
    ],
)
async def test_our_own_links_lead_to_pages_of_ours_or_open_aside(
    person: User, ground: Ground, path: str
) -> None:
    """What is no page holds no key: after ten seconds there the keys of the tab would be gone."""
    some_clips(ground.site.config.datasets_folder / "anna", 2)
    await visit(person, path)
    if path == "/datasets/anna":
        person.find(marker="check-dataset").click()
        await person.should_see(marker="whole-report", retries=400)
    pages = {template.split("/")[1] for one in PAGE_MODULES for template in one.pages}
    with person:
        for one in ElementFilter(kind=ui.element, only_visible=False):
            href = str(one.props.get("href", ""))
            if href.startswith("/") and href != "/" and "download" not in one.props:
                is_page = href.split("?")[0].split("/")[1] in pages
                assert is_page or one.props.get("target") == "_blank", href
    assert hrefs(person)
    assert only(person, ui.element, "page")
