"""Whether the account can pay for a run, and may: its balance, its hourly limit, its number of pods. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from launcher.domain.account import Account
from launcher.domain.offer import Offer
from launcher.providers.place import Place
from launcher.services.common.account_words import how_to_add_scopes, lacking
from pod_image.contract.figures import counted, dollars, dollars_per_hour
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.settings import RunSettings


def within_limits(chosen: tuple[Offer, ...], account: Account) -> tuple[Offer, ...]:
    """Without the candidates that the account's hourly limit leaves no room for; all of them where it has for none."""
    fitting = tuple(offer for offer in chosen if account.has_room_for(offer.price_per_hour_usd))
    return fitting or chosen


def findings_on_money(
    place: Place, settings: RunSettings, wanted: Sequence[Offer], account: Account
) -> list[Finding]:
    """What a plan says of the account. `wanted` are the candidates before those over the limit were left out."""
    return [
        *_on_pods(place, account),
        *_on_limit(place, wanted, account),
        *_on_balance(place, settings, within_limits(tuple(wanted), account)[0], account),
        *_on_scopes(place, account),
    ]


def _on_pods(place: Place, account: Account) -> Iterator[Finding]:
    if account.has_room_for_a_pod:
        return
    yield Finding(
        Severity.ERROR,
        "pod_limit",
        f"The {place.title} account has {counted(account.pods or 0, 'pod')}, which is its limit.",
        Sentence("End one of them, or ", place.how_to_raise),
    )


def _on_limit(place: Place, wanted: Sequence[Offer], account: Account) -> Iterator[Finding]:
    over = [offer for offer in wanted if not account.has_room_for(offer.price_per_hour_usd)]
    if not over:
        return
    limit, spent = dollars_per_hour(account.spend_limit_usd or 0.0), account.spend_per_hour_usd
    so_far = f"The hourly limit of the {place.title} account is {limit}"
    so_far += f", of which {dollars(spent)} is in use" if spent is not None else ""
    if len(over) < len(wanted):
        names = tuple(dict.fromkeys(offer.gpu_name for offer in over))
        which, it = ("which is", "it") if len(names) == 1 else ("which are", "them")
        yield Finding(
            Severity.NOTE,
            "spend_limit",
            f"{so_far}: no room for {', '.join(names)}, {which} left out.",
            Sentence(f"To use {it}, ", place.how_to_raise),
        )
        return
    cheapest = min(offer.price_per_hour_usd for offer in over)
    yield Finding(
        Severity.ERROR,
        "spend_limit",
        f"{so_far}; this GPU would add {dollars(cheapest)}.",
        Sentence("End what runs there, choose a cheaper GPU, or ", place.how_to_raise),
    )


def _on_balance(
    place: Place, settings: RunSettings, first: Offer, account: Account
) -> Iterator[Finding]:
    balance, price = account.balance_usd, first.price_per_hour_usd
    if balance is None or account.is_invoiced:
        return
    run_usd = min(price * settings.max_hours, settings.max_cost_usd)
    if balance < min(price, run_usd):
        yield Finding(
            Severity.ERROR,
            "balance",
            f"The {place.title} account has {dollars(balance)}; this GPU costs {dollars_per_hour(price)}.",
            Sentence("Choose a cheaper GPU, or ", place.how_to_top_up(begins=False)),
        )
        return
    others = account.spend_per_hour_usd or 0.0
    hours = run_usd / price if price > 0 else 0.0
    if balance < run_usd + others * hours:
        beside = (
            f" in addition to what already runs there ({dollars_per_hour(others)})"
            if others
            else ""
        )
        yield Finding(
            Severity.WARNING,
            "balance",
            f"The {place.title} account has {dollars(balance)}: enough for {balance / (price + others):.1f} hours"
            f"{beside}. {place.out_of_money}",
            Sentence("Lower ", setting("max_hours"), ", or ", place.how_to_top_up(begins=False)),
        )


def _on_scopes(place: Place, account: Account) -> Iterator[Finding]:
    if not account.lacks:
        return
    untold = " and ".join(
        words
        for words, figure in (
            ("the balance", account.balance_usd),
            ("the hourly limit", account.spend_limit_usd),
        )
        if figure is None
    )
    yield Finding(
        Severity.NOTE,
        "account_not_told",
        f"{place.title} does not show this key {untold or 'everything about the account'}, so it was not "
        f"checked. {lacking(account.lacks)}",
        how_to_add_scopes(account, place),
    )
