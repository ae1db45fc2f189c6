"""“Remember on this computer”: keys go into the keyring by a click, come back by a click, and go by a click."""

from __future__ import annotations

import pytest
from httpx import ASGITransport, AsyncClient
from nicegui import core
from nicegui.testing import User
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send

from launcher.errors import NotConfigured
from launcher.stores.secrets import NOTIFY, Kept, KeyName
from launcher.ui.pages.keys.told import TITLE
from launcher.ui.server.guard import ARRIVED
from launcher.ui.state.kept_keys import remember, remembered
from launcher.ui.widgets.elements import Button
from tests.kit.browser_tabs import Browser
from tests.kit.key_store import MemoryKeyStore
from tests.kit.page_verbs import click, drawn, press, until, use_key, visit
from tests.kit.receivers import NTFY
from tests.ui.conftest import Ground

REMEMBER = "Remember on this computer: RunPod API key"
STOP = "Stop remembering: RunPod API key"
OFFER = "Your keys are remembered on this computer."


class NoKeyring(MemoryKeyStore):
    """A computer that has none."""

    def save(self, name: Kept, value: SecretStr) -> None:
        raise NotConfigured("This machine has no keyring.", hint="Set the variables instead.")


@pytest.fixture
def store(ground: Ground) -> MemoryKeyStore:
    ground.site.key_store = store = MemoryKeyStore()
    return store


def named(user: User, name: str) -> list[Button]:
    buttons = user.find(kind=Button).elements
    return [one for one in buttons if one.props.get("aria-label") == name]


async def press_named(user: User, name: str) -> None:
    await until(lambda: bool(named(user, name)))
    press(user, named(user, name)[0])


async def test_a_key_goes_into_the_keyring_after_a_click_and_is_used_by_a_tab_after_another(
    person: User, ground: Ground, store: MemoryKeyStore
) -> None:
    await visit(person, "/keys")
    await person.should_see("Anyone who is logged in as you can read it")
    await person.should_see("With it they can rent GPUs that you pay for.")
    await person.should_see("set RUNPOD_API_KEY before you start the program")
    use_key(person, KeyName.RUNPOD, ground.world.api_key)
    await until(lambda: bool(named(person, REMEMBER)))
    assert store.read(KeyName.RUNPOD) is None
    await press_named(person, REMEMBER)
    await person.should_see("Remembered on this computer", retries=50)
    assert store.read(KeyName.RUNPOD) == SecretStr(ground.world.api_key)
    written = ground.site.config.preferences_path.read_text("utf-8")
    assert "runpod" in written
    assert ground.world.api_key not in written

    other = await Browser(person).tab("/runs")
    await other.should_see(OFFER)
    assert ground.site.vault.held(other.tab_id) == {}
    before = other.client
    click(other, "Use them")
    await until(lambda: other.client is not before)
    await drawn(other)
    assert list(ground.site.vault.held(other.tab_id)) == ["runpod"]


async def test_a_key_is_taken_out_of_the_keyring_and_stays_in_memory(
    person: User, ground: Ground, store: MemoryKeyStore
) -> None:
    await remember(ground.site, KeyName.RUNPOD, SecretStr(ground.world.api_key))
    ground.hold_keys(person.tab_id)
    await visit(person, "/keys")
    await press_named(person, STOP)
    await until(lambda: store.read(KeyName.RUNPOD) is None)
    await until(lambda: bool(named(person, REMEMBER)))
    assert remembered(ground.site) == set()
    assert "runpod" in ground.site.vault.held(person.tab_id)


async def test_forgetting_a_remembered_key_leaves_it_in_the_keyring_and_says_so(
    person: User, ground: Ground, store: MemoryKeyStore
) -> None:
    await remember(ground.site, KeyName.RUNPOD, SecretStr(ground.world.api_key))
    ground.hold_keys(person.tab_id)
    await visit(person, "/keys")
    await press_named(person, "Forget the RunPod API key")
    await person.should_see("RunPod API key: forgotten. Your keyring still has it.", retries=50)
    assert "runpod" not in ground.site.vault.held(person.tab_id)
    assert store.read(KeyName.RUNPOD) is not None
    assert named(person, STOP)


async def test_where_there_is_no_keyring_it_is_said_what_to_do(
    person: User, ground: Ground
) -> None:
    ground.site.key_store = NoKeyring()
    ground.hold_keys(person.tab_id)
    await visit(person, "/keys")
    await press_named(person, REMEMBER)
    await person.should_see("This machine has no keyring.", retries=50)
    await person.should_see("Set the variables instead.")
    assert remembered(ground.site) == set()


async def test_a_key_that_was_removed_by_other_means_is_not_said_to_be_remembered(
    person: User, ground: Ground, store: MemoryKeyStore
) -> None:
    await remember(ground.site, KeyName.RUNPOD, SecretStr(ground.world.api_key))
    store.forget(KeyName.RUNPOD)
    await visit(person, "/runs")
    await person.should_see(OFFER)
    click(person, "Use them")
    await person.should_not_see(OFFER, retries=50)
    assert ground.site.vault.held(person.tab_id) == {}


async def test_addresses_are_remembered_and_used_like_keys(
    person: User, ground: Ground, store: MemoryKeyStore
) -> None:
    await visit(person, "/keys")
    use_key(person, NOTIFY, NTFY)
    await press_named(person, f"Remember on this computer: {TITLE}")
    await until(lambda: store.read(NOTIFY) is not None)
    assert remembered(ground.site) == {NOTIFY.value}


async def test_what_another_tab_forgets_is_not_shown_as_held(
    person: User, ground: Ground, store: MemoryKeyStore
) -> None:
    ground.hold_keys(person.tab_id)
    await visit(person, "/keys")
    await person.should_see("In memory", retries=400)
    ground.site.vault.share(person.tab_id, "another")
    for name in KeyName:
        ground.site.vault.forget("another", name.value)
    await person.should_not_see("In memory", retries=50)
    await person.should_see("No keys")


# keys that are used by themselves


def came_by_link(person: User) -> None:
    """From now on each page is asked for as by the first request after a launch link."""

    async def marked(scope: Scope, receive: Receive, send: Send) -> None:
        await core.app({**scope, ARRIVED: True}, receive, send)

    person.http_client = AsyncClient(transport=ASGITransport(marked), base_url="http://test")


@pytest.mark.parametrize("wants", [True, False])
async def test_the_tab_that_the_link_opens_has_the_keys_when_a_person_chose_so_and_no_other_tab(
    person: User, ground: Ground, store: MemoryKeyStore, wants: bool
) -> None:
    ground.site.prefer(use_kept_keys=wants)
    ground.site.environment = {"HF_DATASET_TOKEN": ground.values[KeyName.HF_DATASET]}
    store.save(KeyName.RUNPOD, SecretStr(ground.world.api_key))
    other = await Browser(person).tab("/runs")
    came_by_link(person)
    await visit(person, "/runs")
    first = person.client
    if wants:
        await until(lambda: person.client is not first)
        await drawn(person)
    assert set(ground.site.vault.held(person.tab_id)) == (
        {"runpod", "hf-dataset"} if wants else set()
    )
    assert ground.site.vault.held(other.tab_id) == {}


async def test_the_choice_is_made_on_the_keys_page_and_off_at_first(
    person: User, ground: Ground, store: MemoryKeyStore
) -> None:
    await visit(person, "/keys")
    await person.should_see(marker="field-use-kept-keys")
    assert not ground.site.preferences.use_kept_keys
    person.find(marker="field-use-kept-keys").trigger("commit", True)
    await until(lambda: ground.site.preferences.use_kept_keys)
