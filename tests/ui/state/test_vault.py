"""Keys of a tab live as long as the tab, and a launch's lease a little longer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import SecretStr

from launcher.ui.state.vault import Vault


class Later:
    """Timers that go off when told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None], dict[str, bool]]] = []

    def __call__(self, seconds: float, call: Callable[[], None]) -> Later.Handle:
        state = {"cancelled": False}
        self.waiting.append((seconds, call, state))
        return Later.Handle(state)

    class Handle:
        def __init__(self, state: dict[str, bool]) -> None:
            self._state = state

        def cancel(self) -> None:
            self._state["cancelled"] = True

    def pass_all(self) -> list[float]:
        due, self.waiting = self.waiting, []
        alive = [(seconds, call) for seconds, call, state in due if not state["cancelled"]]
        for _, call in alive:
            call()
        return [seconds for seconds, _ in alive]


KEY = SecretStr("demo-key-of-a-test")


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def vault(later: Later) -> Vault:
    vault = Vault(grace_seconds=10.0, schedule=later)
    vault.connected("tab", "page")
    vault.put("tab", "runpod", KEY)
    return vault


def test_another_tab_does_not_get_the_key(vault: Vault) -> None:
    assert vault.get("tab", "runpod") == KEY
    assert vault.get("other", "runpod") is None


def test_keys_go_ten_seconds_after_the_tab_closed(vault: Vault, later: Later) -> None:
    vault.disconnected("tab", "page")
    assert vault.get("tab", "runpod") == KEY
    assert later.pass_all() == [10.0]
    assert vault.held("tab") == {}


def test_a_reload_keeps_the_keys(vault: Vault, later: Later) -> None:
    vault.disconnected("tab", "page")
    vault.connected("tab", "page again")
    assert later.pass_all() == []
    assert vault.get("tab", "runpod") == KEY


def test_keys_stay_while_any_page_of_the_tab_is_there(vault: Vault, later: Later) -> None:
    vault.connected("tab", "next page")
    vault.disconnected("tab", "page")
    assert later.pass_all() == []
    assert vault.get("tab", "runpod") == KEY


def test_a_key_that_comes_after_its_tab_went_is_dropped_too(later: Later) -> None:
    vault = Vault(schedule=later)
    vault.put("gone", "runpod", KEY)
    later.pass_all()
    assert vault.held("gone") == {}


def test_forgetting_drops_one_key_and_tells(vault: Vault) -> None:
    told: list[str] = []
    vault.when_changed.append(told.append)
    vault.put("tab", "hf-upload", KEY)
    vault.forget("tab", "runpod")
    assert list(vault.held("tab")) == ["hf-upload"]
    assert told == ["tab", "tab"]


def test_a_lease_outlives_the_tab_and_ends_with_its_block(vault: Vault, later: Later) -> None:
    with vault.lease(vault.held("tab")) as keys:
        vault.disconnected("tab", "page")
        later.pass_all()
        assert keys["runpod"] == KEY
        assert vault.leases == 1
    assert keys == {}
    assert vault.leases == 0


def test_the_end_of_the_program_drops_everything(vault: Vault) -> None:
    with vault.lease(vault.held("tab")):
        vault.clear()
        assert vault.leases == 0
    assert vault.held("tab") == {}


def test_no_value_is_shown(vault: Vault) -> None:
    assert KEY.get_secret_value() not in f"{vault!r} {vault.held('tab')}"


# tabs that share


@pytest.fixture
def shared(vault: Vault) -> Vault:
    vault.connected("next", "its page")
    assert vault.share("tab", "next")
    return vault


def test_a_tab_that_shares_has_the_keys_that_are_there_and_those_to_come(shared: Vault) -> None:
    shared.put("next", "hf-upload", KEY)
    assert shared.held("tab") == shared.held("next") == {"runpod": KEY, "hf-upload": KEY}


def test_the_ten_seconds_hold_for_the_last_of_the_tabs_that_share(
    shared: Vault, later: Later
) -> None:
    shared.disconnected("tab", "page")
    assert later.pass_all() == [10.0]
    assert shared.held("next") == {"runpod": KEY}
    shared.disconnected("next", "its page")
    assert shared.held("next") == {"runpod": KEY}
    assert later.pass_all() == [10.0]
    assert shared.held("next") == {}


def test_a_tab_that_closed_has_lost_the_keys_although_others_have_them(
    shared: Vault, later: Later
) -> None:
    shared.disconnected("next", "its page")
    later.pass_all()
    shared.connected("next", "reopened from the browser's history")
    assert shared.held("next") == {}
    shared.put("tab", "hf-upload", KEY)
    assert shared.held("next") == {}


def test_a_reload_of_either_tab_keeps_what_they_share(shared: Vault, later: Later) -> None:
    for tab, page in (("tab", "page"), ("next", "its page")):
        shared.disconnected(tab, page)
        shared.connected(tab, f"{page} again")
        assert later.pass_all() == []
    assert shared.held("tab") == shared.held("next") == {"runpod": KEY}


def test_forgetting_in_one_tab_forgets_for_all_that_share_and_tells_each(shared: Vault) -> None:
    told: list[str] = []
    shared.when_changed.append(told.append)
    shared.forget("next", "runpod")
    assert shared.held("tab") == shared.held("next") == {}
    assert sorted(told) == ["next", "tab"]


def test_after_the_last_key_is_forgotten_nothing_is_shared_any_more(shared: Vault) -> None:
    shared.forget("tab", "runpod")
    shared.put("tab", "runpod", KEY)
    assert shared.held("next") == {}


def test_keys_of_its_own_are_neither_lost_nor_given_by_sharing(vault: Vault) -> None:
    vault.connected("rich", "page")
    vault.put("rich", "hf-upload", KEY)
    assert not vault.share("tab", "rich")
    assert (list(vault.held("tab")), list(vault.held("rich"))) == (["runpod"], ["hf-upload"])
    assert not vault.share("empty", "rich")


def test_a_tab_that_is_let_in_while_it_closes_keeps_nothing(vault: Vault, later: Later) -> None:
    vault.share("tab", "gone")
    later.pass_all()
    assert vault.held("gone") == {}
    assert vault.held("tab") == {"runpod": KEY}
