"""The line by which tabs of one browser let each other in, as their pages show it."""

from __future__ import annotations

import pytest
from nicegui.testing import User

from launcher.stores.secrets import KeyName
from launcher.ui.state.admissions import UNHEARD_SECONDS, Admissions
from tests.kit.browser_tabs import Browser
from tests.kit.page_verbs import click, drawn, until
from tests.ui.conftest import Ground

OFFER = "Another tab of this browser has your keys."
QUESTION = "Another tab of this browser wants to use your keys. It shows “Runs”."


@pytest.fixture
def browser(person: User) -> Browser:
    return Browser(person)


@pytest.fixture
async def first(browser: Browser, person: User, ground: Ground) -> User:
    """A tab with all keys."""
    ground.hold_keys(person.tab_id)
    return await browser.tab("/help", person)


async def test_a_tab_is_let_in_by_a_click_in_the_tab_that_has_the_keys(
    browser: Browser, first: User, ground: Ground
) -> None:
    second = await browser.tab("/runs")
    await second.should_see(OFFER)
    click(second, "Use them here")
    await second.should_see("press Allow there")
    await first.should_see(QUESTION)
    assert ground.site.vault.held(second.tab_id) == {}
    before = second.client
    click(first, "Allow")
    await until(lambda: len(ground.site.vault.held(second.tab_id)) == len(ground.values))
    await until(lambda: second.client is not before)
    await drawn(second)
    await second.should_see("3 of 3 keys", retries=30)
    await first.should_not_see(QUESTION)
    said = str(browser.said)
    held = ground.site.vault.held(first.tab_id).values()
    secret = [first.tab_id, second.tab_id, *(key.get_secret_value() for key in held)]
    assert not [each for each in secret if each in said]


async def test_not_now_is_said_and_may_be_asked_again(
    browser: Browser, first: User, ground: Ground
) -> None:
    second = await browser.tab("/runs")
    await second.should_see(OFFER)
    click(second, "Use them here")
    await first.should_see(QUESTION)
    click(first, "Not now")
    await first.should_not_see(QUESTION)
    await second.should_see("The other tab said: not now.", retries=30)
    click(second, "Ask again")
    await first.should_see(QUESTION)
    assert ground.site.vault.held(second.tab_id) == {}


async def test_another_browser_with_the_same_cookie_is_neither_offered_keys_nor_heard(
    browser: Browser, first: User, ground: Ground
) -> None:
    elsewhere = Browser(first)
    stranger = await elsewhere.tab("/runs")
    await stranger.should_not_see(OFFER)
    number = ground.site.admissions.ask(stranger.tab_id, "Runs")
    grant = ground.site.admissions.allow(first.tab_id, number)
    assert grant is None
    elsewhere.hear(stranger, {"kind": "grant", "ask": number, "grant": "guessed"})
    await first.should_not_see(QUESTION)
    assert ground.site.vault.held(stranger.tab_id) == {}


async def test_forgetting_in_one_tab_is_seen_in_the_other(
    browser: Browser, first: User, ground: Ground
) -> None:
    second = await browser.tab("/runs")
    ground.site.vault.share(first.tab_id, second.tab_id)
    await second.should_see("3 of 3 keys", retries=30)
    for name in KeyName:
        ground.site.vault.forget(first.tab_id, name.value)
    await second.should_see("No keys", retries=30)


async def test_a_question_that_no_tab_hears_is_not_waited_for(
    browser: Browser, first: User, ground: Ground
) -> None:
    passed = [0.0]
    ground.site.admissions = Admissions(ground.site.vault, lambda: passed[0])
    second = await browser.tab("/runs")
    await second.should_see(OFFER)
    browser.close(first)
    click(second, "Use them here")
    await second.should_see("press Allow there")
    passed[0] = UNHEARD_SECONDS
    await second.should_see("No other tab has answered", retries=30)


async def test_what_is_no_message_of_ours_changes_nothing(
    browser: Browser, first: User, ground: Ground
) -> None:
    second = await browser.tab("/runs")
    for message in (
        None,
        "here",
        ["grant"],
        {"kind": 7, "ask": ["x"], "grant": {"y": 1}},
        {"kind": "grant", "ask": "unknown", "grant": "unknown"},
        {"kind": "ask", "ask": "unknown"},
    ):
        browser.hear(first, message)
        browser.hear(second, message)
    await first.should_not_see(QUESTION)
    assert ground.site.vault.held(second.tab_id) == {}
    assert len(ground.site.vault.held(first.tab_id)) == len(ground.values)
