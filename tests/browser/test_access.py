"""axe-core on every page and state, light and dark: no violation, and contrast where axe alone is unsure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.lived_history import write_history
from tests.browser.looking import LOOKED_AT, look, look_in
from tests.browser.page_acts import FOLLOWED
from tests.browser.page_states import (
    PAGE_STATES,
    WITH_KEYS,
    WITH_RUNS,
    PageState,
)
from tests.browser.stage import Form, Stage
from tests.browser.window import Window

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def newcomer(chromium: Any, form: Form) -> Iterator[Window]:
    window = Window(chromium, form)
    window.enter()
    yield window
    window.close()


@pytest.fixture(scope="module")
def holder(chromium: Any, form: Form, staged: Stage) -> Iterator[Window]:
    window = Window(chromium, form)
    window.enter()
    window.type_keys(staged.keys)
    assert staged.player is not None
    staged.player.act = FOLLOWED
    yield window
    window.close()


@pytest.fixture(scope="module")
def old_hand(chromium: Any, staged: Stage) -> Iterator[Window]:
    write_history(staged.root / "lived")
    window = Window(chromium, staged.open_form(home="lived"))
    window.enter()
    yield window
    window.close()


def _of(page_states: tuple[PageState, ...]) -> pytest.MarkDecorator:
    looked_at = [one for one in page_states if not one.within]
    return pytest.mark.parametrize("page_state", looked_at, ids=lambda one: one.name)


@_of(PAGE_STATES)
def test_an_empty_form_is_for_everyone(newcomer: Window, axe: str, page_state: PageState) -> None:
    assert look(newcomer, axe, page_state) == []


@_of(WITH_KEYS)
def test_a_form_with_keys_is_for_everyone(holder: Window, axe: str, page_state: PageState) -> None:
    assert look(holder, axe, page_state) == []


@_of(WITH_RUNS)
def test_a_form_with_a_history_is_for_everyone(
    old_hand: Window, axe: str, page_state: PageState
) -> None:
    assert look(old_hand, axe, page_state) == []


WHO_SEES_THEM = (("newcomer", PAGE_STATES), ("holder", WITH_KEYS), ("old_hand", WITH_RUNS))


@pytest.mark.parametrize(
    ("who", "page_state"),
    [(who, one) for who, states in WHO_SEES_THEM for one in states if one.within],
    ids=lambda one: getattr(one, "name", one),
)
def test_a_state_that_is_within_another_is_for_everyone_in_one_of_the_looks(
    request: pytest.FixtureRequest, axe: str, who: str, page_state: PageState
) -> None:
    assert look_in(request.getfixturevalue(who), axe, page_state) == []


def test_a_page_state_that_axe_does_not_see_is_within_one_that_it_sees() -> None:
    names = {one.name for one in LOOKED_AT}
    assert {one.within for one in (*PAGE_STATES, *WITH_KEYS, *WITH_RUNS) if one.within} <= names
