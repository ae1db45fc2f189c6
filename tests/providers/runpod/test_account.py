"""What RunPod tells of the account: by one call where that is enough, by its scoped calls where it is not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.account import Account
from launcher.errors import InsufficientBalance, NoRight, OverLimit
from launcher.providers.runpod.account import account_of
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.wire import LimitsWire
from tests.kit.virtual_time import in_virtual_time
from tests.providers.runpod.harness import ProviderHarness, Server, client_of, order, problem

SCOPED = ("/v2/account", "/v2/account/limits", "/v2/billing/balance")


def asked(harness: ProviderHarness) -> list[str]:
    return sorted(one.path for one in harness.world.requests if one.path in SCOPED)


@in_virtual_time
async def test_one_call_tells_all_where_it_answers() -> None:
    harness = ProviderHarness(balance_usd=12.5)
    await harness.provider.rent(order())
    account = await harness.provider.account()
    assert account.account_id == harness.world.account.id
    assert account.spend_limit_usd == 80.0
    assert account.spend_per_hour_usd == pytest.approx(0.69, rel=0.02)
    assert asked(harness) == []


@in_virtual_time
async def test_without_graphql_the_calls_of_v2_tell_the_same() -> None:
    harness = ProviderHarness(balance_usd=12.5)
    harness.world.account.most_pods = 3
    before = await harness.provider.account()
    harness.world.extras.switch_off("graphql")
    after = await harness.provider.account()
    assert asked(harness) == sorted(SCOPED)
    assert (after.account_id, after.balance_usd) == (before.account_id, before.balance_usd)
    assert after.spend_limit_usd == before.spend_limit_usd
    assert (after.most_pods, after.pods, after.lacks) == (3, 0, ())


@pytest.mark.parametrize("scope", ["account:read", "billing:read"])
def test_a_scope_that_the_key_lacks_is_named_as_runpod_names_it(scope: str) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = ProviderHarness()
        weak = harness.with_key(
            harness.world.add_key(kind="restricted", without={scope, "graphql:read"}).value
        )
        account = await weak.account()
        assert account.lacks == (scope,)
        assert (account.spend_limit_usd is None) is (scope == "account:read")
        assert (account.balance_usd is None) is (scope == "billing:read")

    check()


@in_virtual_time
async def test_an_account_that_is_invoiced_is_known_as_such_where_its_balance_is_low() -> None:
    harness = ProviderHarness(balance_usd=-3.0)
    harness.world.account.billing_mode = "POSTPAID"
    assert (await harness.provider.account()).is_invoiced


@in_virtual_time
async def test_where_graphql_is_down_nothing_else_is_asked() -> None:
    harness = ProviderHarness()
    harness.world.faults.switch_on("server-errors")
    assert await harness.provider.account() == Account()
    assert asked(harness) == []


@pytest.mark.parametrize(
    ("answer", "most", "used"),
    [
        ({"limit": 80, "current": 1.5}, 80.0, 1.5),
        ({"currentAmount": 1.5, "limitAmount": "80"}, 80.0, 1.5),
        ({"max": 80, "used": 0}, 80.0, 0.0),
        ({"limit": 80, "remaining": 78.5}, 80.0, 1.5),
        ({"unit": "USD", "currentUsage": 1.5, "cap": 80}, 80.0, 1.5),
        (80, 80.0, None),
        ({"limit": None}, None, None),
        ("no limit", None, None),
        (None, None, None),
        ([], None, None),
    ],
)
def test_a_limit_is_read_by_every_usual_word_for_it(
    answer: Any, most: float | None, used: float | None
) -> None:
    limits = LimitsWire.model_validate({"spendRate": answer})
    assert (limits.spend_rate.most, limits.spend_rate.used) == (most, used)


@in_virtual_time
async def test_what_runs_is_counted_from_the_list_where_the_limit_is_told_alone() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        documents: dict[str, Any] = {
            "/v2/account/limits": {"spendRate": {"limit": 2}, "pods": {"limit": 5}},
            "/v2/pods": {"pods": [{"id": "a", "cost": 0.5}, {"id": "b", "cost": 0.25}]},
        }
        known = documents.get(request.url.path)
        return (
            problem(404, "resource not found") if known is None else httpx.Response(200, json=known)
        )

    server = httpx.MockTransport(answer)
    client = RunPodClient(SecretStr("demo-key"), "https://cloud", transport=server)
    account = await account_of(client)
    assert (account.spend_per_hour_usd, account.pods) == (0.75, 2)
    assert not account.has_room_for(1.3)


@pytest.mark.parametrize("status", [400, 402, 403, 409, 422, 429])
@pytest.mark.parametrize(
    ("words", "is_about_price"),
    [
        ("Your account spend limit of $80/hr would be exceeded.", True),
        ("maximum number of pods reached", False),
    ],
)
async def test_a_create_over_the_accounts_limits_is_known_by_its_words(
    status: int, words: str, is_about_price: bool
) -> None:
    with pytest.raises(OverLimit) as caught:
        await client_of(Server(problem(status, words))).create_pod({})
    assert caught.value.is_about_price is is_about_price
    assert "https://www.runpod.io/contact" in in_terminal(caught.value.hint)


async def test_such_words_mean_nothing_where_nothing_is_rented() -> None:
    with pytest.raises(NoRight):
        await client_of(Server(problem(403, "spend limit"))).pods()


async def test_a_balance_that_is_too_low_names_the_page_to_top_up() -> None:
    with pytest.raises(InsufficientBalance) as caught:
        await client_of(Server(problem(402, "insufficient balance"))).create_pod({})
    assert "https://console.runpod.io/user/billing" in in_terminal(caught.value.hint)


async def test_a_scope_that_runpods_own_refusal_names_is_passed_on() -> None:
    with pytest.raises(NoRight) as caught:
        await client_of(Server(problem(403, "key lacks scope pods:write"))).create_pod({})
    assert caught.value.scope == "pods:write"
    assert "the scope pods:write" in in_terminal(caught.value.hint)
