"""Typing, checking and forgetting keys, and that no page ever holds one."""

from __future__ import annotations

import json

import pytest
from nicegui.testing import User

from launcher.stores.secrets import KeyName
from launcher.ui.widgets.elements import Button
from tests.kit.clouds import TOKENS
from tests.kit.page_verbs import click, hrefs, press, until, use_key, visit
from tests.ui.conftest import Ground

CANARY = "rpa_canaryvalue0000"


async def test_a_key_is_checked_and_held_for_its_tab_alone(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    await person.should_see("No keys")
    use_key(person, KeyName.RUNPOD, ground.world.api_key)
    await person.should_see("Works. Balance $25.00.", retries=400)
    await person.should_see("1 of 3 keys")
    assert ground.site.vault.get("another tab", "runpod") is None


async def test_a_balance_that_is_used_up_has_a_link_to_the_page_where_credit_is_added(
    person: User, ground: Ground
) -> None:
    ground.world.account.balance_usd = 0.0
    await visit(person, "/keys")
    use_key(person, KeyName.RUNPOD, ground.world.api_key)
    await person.should_see("Works. Balance $0.00.", retries=400)
    assert "https://console.runpod.io/user/billing" in hrefs(person)


async def test_a_refused_key_is_told_apart_and_dropped(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    use_key(person, KeyName.RUNPOD, CANARY)
    await person.should_see("Refused", retries=400)
    assert ground.site.vault.held(person.tab_id) == {}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (KeyName.RUNPOD, "hf_something", "looks like a Hugging Face token"),
        (KeyName.HF_UPLOAD, "rpa_something", "looks like a RunPod key"),
        (KeyName.RUNPOD, "two words", "It contains a space or a line break"),
        (KeyName.RUNPOD, "short", "too short"),
    ],
)
async def test_what_is_no_key_by_its_looks_is_not_sent(
    person: User, ground: Ground, name: KeyName, value: str, words: str
) -> None:
    await visit(person, "/keys")
    use_key(person, name, value)
    await person.should_see(words)
    assert ground.world.requests == []


async def test_a_token_that_may_too_much_is_said(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    use_key(person, KeyName.HF_UPLOAD, TOKENS["write"])
    await person.should_see("with more rights than needed", retries=400)
    assert ground.site.vault.get(person.tab_id, "hf-upload") is not None


async def test_a_read_token_cannot_write_results(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    use_key(person, KeyName.HF_UPLOAD, TOKENS["read"])
    await person.should_see("can read but not write", retries=400)
    assert ground.site.vault.get(person.tab_id, "hf-upload") is None


async def test_a_service_that_does_not_answer_says_nothing_about_the_key(
    person: User, ground: Ground
) -> None:
    ground.world.faults.switch_on("server-errors")
    await visit(person, "/keys")
    use_key(person, KeyName.RUNPOD, ground.world.api_key)
    await person.should_see("Could not be checked", retries=400)
    assert ground.site.vault.get(person.tab_id, "runpod") is not None


async def test_a_key_can_be_forgotten(holder: User, ground: Ground) -> None:
    await visit(holder, "/keys")
    await holder.should_see("In memory", retries=400)
    buttons = holder.find(kind=Button).elements
    press(
        holder,
        next(one for one in buttons if "Forget the RunPod" in one.props.get("aria-label", "")),
    )
    await until(lambda: "runpod" not in ground.site.vault.held(holder.tab_id))


async def test_keys_in_the_environment_are_named_and_used_after_a_click(
    person: User, ground: Ground
) -> None:
    ground.site.environment = {"RUNPOD_API_KEY": ground.world.api_key}
    await visit(person, "/keys")
    await person.should_see("Found in environment variables")
    assert ground.site.vault.held(person.tab_id) == {}
    click(person, "Use these")
    await person.should_see("Balance $25.00", retries=400)


async def test_no_element_ever_holds_a_typed_key(person: User, ground: Ground) -> None:
    await visit(person, "/keys")
    for name, value in ground.values.items():
        use_key(person, name, value)
    await person.should_see("3 of 3 keys", retries=400)
    page = json.dumps([one._to_dict() for one in person._client.elements.values()], default=str)
    for value in ground.values.values():
        assert value not in page
