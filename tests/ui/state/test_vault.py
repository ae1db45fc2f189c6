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
