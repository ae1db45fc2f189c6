"""What RunPod tells of the account that pays, put together from the calls that may tell it. Never raises for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from launcher.domain.account import Account
from launcher.errors import LauncherError, NoRight, ProviderUnavailable
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.wire import BalanceWire, LimitsWire, MyselfWire


async def account_of(client: RunPodClient) -> Account:
    """By GraphQL in one call where it answers, since a plan waits for it; else, and where a figure is missing or
    would keep a run from being rented, by the newer calls of v2, each with a scope of its own.
    """
    try:
        told = _of_myself(await client.balance())
    except ProviderUnavailable:
        return Account()  # the others would not answer either, each after all its tries
    except LauncherError:
        told = Account()  # GraphQL is on its way out, and a restricted key may not ask
    return told if _is_enough(told) else await _completed(client, told)


def _is_enough(told: Account) -> bool:
    return bool(told.account_id and (told.balance_usd or 0) > 0 and told.spend_limit_usd)


def _of_myself(answer: Any) -> Account:
    data = answer.get("data") if isinstance(answer, dict) else None
    try:
        myself = MyselfWire.model_validate((data or {}).get("myself"))
    except (ValidationError, AttributeError):
        return Account()
    return Account(
        balance_usd=myself.balance,
        spend_per_hour_usd=myself.spend_per_hour,
        account_id=myself.id,
        spend_limit_usd=myself.spend_limit or None,
    )


async def _completed(client: RunPodClient, told: Account) -> Account:
    limits, balance, own = await asyncio.gather(
        _told(client.account_limits()), _told(client.account_balance()), _told(client.own_account())
    )
    found = _with_balance(told, balance.document)
    found = _with_limits(found, limits.document)
    if isinstance(own.document, dict) and not found.account_id:
        named = own.document.get("id")
        found = replace(found, account_id=named if isinstance(named, str) else "")
    missing = (
        limits.scope if found.spend_limit_usd is None else "",
        balance.scope if found.balance_usd is None else "",
    )
    found = replace(found, lacks=tuple(scope for scope in missing if scope))
    return await _with_pods(client, found)


@dataclass(frozen=True)
class _Told:
    """What one call was answered: a document, or the scope that it would take."""

    document: Any = None
    scope: str = ""


async def _told(call: Awaitable[Any]) -> _Told:
    try:
        return _Told(await call)
    except NoRight as exc:
        return _Told(scope=exc.scope)
    except LauncherError:
        return _Told()  # an older RunPod has no such call


def _with_balance(told: Account, document: Any) -> Account:
    try:
        balance = BalanceWire.model_validate(document)
    except ValidationError:
        return told
    if balance.amount is None:
        return told
    return replace(told, balance_usd=balance.amount, is_invoiced=balance.is_invoiced)


def _with_limits(told: Account, document: Any) -> Account:
    try:
        limits = LimitsWire.model_validate(document)
    except ValidationError:
        return told
    spend, pods = limits.spend_rate, limits.pods
    if spend.most is not None:
        told = replace(told, spend_limit_usd=spend.most)
    if spend.used is not None:
        told = replace(told, spend_per_hour_usd=spend.used)
    if pods.most is not None:
        used = None if pods.used is None else int(pods.used)
        told = replace(told, most_pods=int(pods.most), pods=used)
    return told


async def _with_pods(client: RunPodClient, told: Account) -> Account:
    """What runs is counted from the list where a limit is told without it."""
    wants_spend = told.spend_limit_usd is not None and told.spend_per_hour_usd is None
    wants_pods = told.most_pods is not None and told.pods is None
    if not (wants_spend or wants_pods):
        return told
    listed = (await _told(client.pods())).document
    if not isinstance(listed, list):
        return told
    if wants_pods:
        told = replace(told, pods=len(listed))
    if wants_spend:
        costs = [pod.get("cost") for pod in listed if isinstance(pod, dict)]
        told = replace(
            told, spend_per_hour_usd=sum(cost for cost in costs if isinstance(cost, int | float))
        )
    return told
