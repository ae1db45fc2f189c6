"""One tab lets another in: by an answer that works once, soon, from the tab that asked, while the other is open."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from launcher.ui.state.admissions import (
    ASK_SECONDS,
    GRANT_SECONDS,
    MOST_ASKS,
    Admissions,
    Standing,
)
from launcher.ui.state.vault import Vault

KEY = SecretStr("demo-key-of-a-test")


class Seconds:
    """Time that goes on when told to."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return self.passed


class Never:
    """Timers that nobody waits for."""

    def __call__(self, seconds: float, call: object) -> Never:
        return self

    def cancel(self) -> None:
        """Nothing runs."""


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def vault() -> Vault:
    vault = Vault(schedule=Never())
    for tab in ("first", "second", "third"):
        vault.connected(tab, f"page of {tab}")
    vault.put("first", "runpod", KEY)
    return vault


@pytest.fixture
def admissions(vault: Vault, seconds: Seconds) -> Admissions:
    return Admissions(vault, seconds)


def asked(admissions: Admissions, tab: str = "second") -> str:
    """A question that the first tab has heard."""
    number = admissions.ask(tab, "Runs")
    admissions.hear("first", number)
    return number


def allowed(admissions: Admissions, tab: str = "second") -> str:
    grant = admissions.allow("first", asked(admissions, tab))
    assert grant is not None
    return grant


def standing(admissions: Admissions, tab: str = "second") -> Standing:
    question = admissions.question(tab)
    return question.standing if question else Standing.NONE


def test_a_tab_that_asked_and_was_allowed_has_the_keys(
    admissions: Admissions, vault: Vault
) -> None:
    number = asked(admissions)
    assert [ask.shows for ask in admissions.waiting_at("first")] == ["Runs"]
    grant = admissions.allow("first", number)
    assert vault.held("second") == {}  # not before its own tab has brought the answer
    assert admissions.redeem("second", grant or "")
    assert vault.held("second") == {"runpod": KEY}
    assert standing(admissions) is Standing.NONE


def test_a_question_that_no_tab_passed_on_is_shown_nowhere(admissions: Admissions) -> None:
    """Another browser with the same cookie may ask this server, and its question reaches no tab of this one."""
    number = admissions.ask("second", "Runs")
    assert admissions.waiting_at("first") == []
    assert admissions.allow("first", number) is None


def test_a_grant_works_once(admissions: Admissions, vault: Vault) -> None:
    grant = allowed(admissions)
    assert admissions.redeem("second", grant)
    vault.forget("second", "runpod")
    vault.put("first", "runpod", KEY)
    assert not admissions.redeem("second", grant)
    assert vault.held("second") == {}


def test_a_grant_admits_the_tab_that_asked_and_is_spent_by_another(
    admissions: Admissions, vault: Vault
) -> None:
    grant = allowed(admissions)
    assert not admissions.redeem("third", grant)
    assert not admissions.redeem("second", grant)
    assert vault.held("second") == vault.held("third") == {}


def test_a_grant_lives_ten_seconds(admissions: Admissions, vault: Vault, seconds: Seconds) -> None:
    grant = allowed(admissions)
    seconds.passed += GRANT_SECONDS
    assert not admissions.redeem("second", grant)
    assert vault.held("second") == {}
    assert standing(admissions) is Standing.LATE


def test_a_guess_is_no_grant(admissions: Admissions, vault: Vault) -> None:
    allowed(admissions)
    assert not admissions.redeem("second", "")
    assert not admissions.redeem("second", "x" * 43)
    assert vault.held("second") == {}


@pytest.mark.parametrize("tab", ["first", "second"])
def test_nobody_is_admitted_when_one_of_the_two_tabs_was_closed_meanwhile(
    admissions: Admissions, vault: Vault, tab: str
) -> None:
    grant = allowed(admissions)
    vault.disconnected(tab, f"page of {tab}")
    assert not admissions.redeem("second", grant)
    assert vault.held("second") == {}


def test_a_question_of_a_tab_that_was_closed_is_not_asked_any_more(
    admissions: Admissions, vault: Vault
) -> None:
    number = asked(admissions)
    vault.disconnected("second", "page of second")
    assert admissions.waiting_at("first") == []
    assert admissions.allow("first", number) is None
    vault.connected("second", "reloaded")
    assert len(admissions.waiting_at("first")) == 1


def test_a_reload_of_the_first_tab_keeps_the_question(admissions: Admissions, vault: Vault) -> None:
    asked(admissions)
    vault.disconnected("first", "page of first")
    vault.connected("first", "reloaded")
    assert len(admissions.waiting_at("first")) == 1


def test_keys_that_were_forgotten_after_the_answer_are_not_shared(
    admissions: Admissions, vault: Vault
) -> None:
    grant = allowed(admissions)
    vault.forget("first", "runpod")
    assert not admissions.redeem("second", grant)
    assert vault.held("second") == {}


def test_two_tabs_that_ask_at_once_are_answered_each_for_itself(
    admissions: Admissions, vault: Vault
) -> None:
    one, other = asked(admissions, "second"), asked(admissions, "third")
    assert [ask.number for ask in admissions.waiting_at("first")] == [one, other]
    admissions.refuse("first", one)
    grant = admissions.allow("first", other)
    assert standing(admissions, "second") is Standing.REFUSED
    assert not admissions.redeem("second", "")
    assert admissions.redeem("third", grant or "")
    assert (vault.held("second"), vault.held("third")) == ({}, {"runpod": KEY})


def test_two_tabs_that_have_the_keys_answer_a_question_once(
    admissions: Admissions, vault: Vault
) -> None:
    admissions.redeem("third", allowed(admissions, "third"))
    number = asked(admissions)
    admissions.hear("third", number)
    assert admissions.allow("third", number)
    assert admissions.waiting_at("first") == []
    assert admissions.allow("first", number) is None


def test_a_tab_without_keys_hears_no_question_and_answers_none(admissions: Admissions) -> None:
    number = admissions.ask("second", "Runs")
    admissions.hear("third", number)
    admissions.hear("second", number)
    assert admissions.waiting_at("third") == admissions.waiting_at("second") == []
    assert admissions.allow("third", number) is admissions.allow("second", number) is None


def test_a_question_waits_two_minutes(admissions: Admissions, seconds: Seconds) -> None:
    number = asked(admissions)
    seconds.passed += ASK_SECONDS
    assert admissions.waiting_at("first") == []
    assert admissions.allow("first", number) is None
    assert standing(admissions) is Standing.LATE


def test_a_new_question_of_a_tab_takes_the_place_of_its_old_one(admissions: Admissions) -> None:
    old, new = asked(admissions), asked(admissions)
    assert [ask.number for ask in admissions.waiting_at("first")] == [new]
    assert admissions.allow("first", old) is None
    grant = admissions.allow("first", new) or ""
    asked(admissions)
    assert not admissions.redeem("second", grant)  # the question that it answered was withdrawn


def test_questions_do_not_pile_up(admissions: Admissions) -> None:
    first = asked(admissions)
    for number in range(MOST_ASKS):
        admissions.ask(f"tab {number}", "Runs")
    assert admissions.allow("first", first) is None


def test_questions_and_grants_are_no_names_of_tabs_and_never_the_same(
    admissions: Admissions,
) -> None:
    numbers = {asked(admissions) for _ in range(5)}
    assert len(numbers) == 5
    assert not any(tab in number for number in numbers for tab in ("first", "second"))
