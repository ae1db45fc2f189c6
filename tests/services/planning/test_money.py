"""What a plan says of the account that pays, and what it refuses before anything is rented."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.account import Account
from launcher.domain.offer import Offer
from launcher.providers.registry import default_place
from launcher.services.common.account_words import account_words
from launcher.services.planning.money import findings_on_money, within_limits
from launcher.ui.next_steps import on_page_with_links
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Link
from tests.kit.plans import offer, plan

RICH = Account(balance_usd=100.0, spend_per_hour_usd=0.0, spend_limit_usd=80.0)
CHEAP, DEAR = offer(price=0.69), offer("NVIDIA H100", "H100", 2.39)


def found(account: Account, *wanted: Offer) -> list[Finding]:
    return findings_on_money(default_place(), plan().settings, wanted or (CHEAP,), account)


def only(account: Account, *wanted: Offer) -> Finding:
    (one,) = found(account, *wanted)
    return one


def test_an_account_with_room_and_money_is_not_mentioned() -> None:
    assert found(RICH) == []
    assert found(Account()) == []


def test_what_runs_on_the_account_already_leaves_less_of_its_hourly_limit() -> None:
    full = replace(RICH, spend_limit_usd=1.0, spend_per_hour_usd=0.5)
    refused = only(full)
    assert (refused.severity, refused.code) == (Severity.ERROR, "spend_limit")
    assert refused.message == (
        "The hourly limit of the RunPod account is $1.00 an hour, of which $0.50 is in use; this GPU would add $0.69."
    )
    assert in_terminal(refused.hint).endswith("ask RunPod for more: https://www.runpod.io/contact")
    assert found(replace(full, spend_per_hour_usd=0.3)) == []


def test_candidates_over_the_limit_are_left_out_where_others_are_within_it() -> None:
    narrow = replace(RICH, spend_limit_usd=1.0)
    assert within_limits((DEAR, CHEAP), narrow) == (CHEAP,)
    left_out = only(narrow, DEAR, CHEAP)
    assert left_out.severity is Severity.NOTE
    assert "H100, which is left out" in in_terminal(left_out.message)
    assert in_terminal(left_out.hint).startswith("To use it, ask RunPod for more")
    both = only(narrow, DEAR, offer("NVIDIA H200", "H200", 3.59), CHEAP)
    assert "no room for H100, H200, which are left out" in in_terminal(both.message)
    assert in_terminal(both.hint).startswith("To use them, ask RunPod for more")


def test_what_runs_on_the_account_is_not_called_nothing_where_it_is_not_told() -> None:
    refused = only(replace(RICH, spend_limit_usd=0.5, spend_per_hour_usd=None))
    assert refused.message == (
        "The hourly limit of the RunPod account is $0.50 an hour; this GPU would add $0.69."
    )


def test_an_account_with_all_the_pods_it_may_have_is_refused_one_more() -> None:
    refused = only(replace(RICH, most_pods=2, pods=2))
    assert (refused.severity, refused.code) == (Severity.ERROR, "pod_limit")
    assert "has 2 pods, which is its limit" in in_terminal(refused.message)


@pytest.mark.parametrize(
    ("balance", "severity"), [(0.0, Severity.ERROR), (0.3, Severity.ERROR), (0.68, Severity.ERROR)]
)
def test_a_balance_that_is_short_has_a_link_to_the_page_where_credit_is_added(
    balance: float, severity: Severity
) -> None:
    short = only(replace(RICH, balance_usd=balance))
    assert (short.severity, short.code) == (severity, "balance")
    (link,) = [each for each in on_page_with_links(short.hint) if isinstance(each, Link)]
    assert (link.words, link.address) == (
        "add credit",
        "https://console.runpod.io/user/billing",
    )


def test_a_balance_that_others_use_up_too_is_told_with_what_they_cost() -> None:
    busy = replace(RICH, balance_usd=1.0, spend_per_hour_usd=1.31)
    warned = only(busy)
    assert warned.severity is Severity.WARNING
    assert (
        "enough for 0.5 hours in addition to what already runs there ($1.31 an hour)"
        in in_terminal(warned.message)
    )
    assert found(replace(busy, spend_per_hour_usd=0.0)) == []


def test_an_account_that_pays_afterwards_is_not_held_to_its_balance() -> None:
    assert found(replace(RICH, balance_usd=-20.0, is_invoiced=True)) == []


def test_what_the_key_is_not_told_is_a_note_with_the_scopes_it_lacks() -> None:
    blind = Account(lacks=("account:read", "billing:read"))
    note = only(blind)
    assert note.severity is Severity.NOTE
    assert "the balance and the hourly limit" in in_terminal(note.message)
    assert "scopes account:read and billing:read" in in_terminal(note.message)
    assert in_terminal(note.hint) == (
        "Give the key account:read and billing:read at console.runpod.io/user/settings."
    )


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (
            replace(RICH, balance_usd=25.0, spend_per_hour_usd=0.69, most_pods=5, pods=1),
            "Balance $25.00. Everything running costs $0.69 of at most $80.00 an hour. 1 pod of at most 5.",
        ),
        (
            replace(RICH, spend_per_hour_usd=None),
            "Balance $100.00. Everything running may cost $80.00 an hour; the current cost is not known.",
        ),
        (Account(), "RunPod does not show the balance to this key."),
        (
            Account(balance_usd=-3.0, is_invoiced=True, lacks=("account:read",)),
            "Balance $-3.00; billed by invoice. The key lacks the scope account:read.",
        ),
    ],
)
def test_the_account_is_said_in_the_same_words_everywhere(account: Account, words: str) -> None:
    assert account_words(account, default_place()) == words
