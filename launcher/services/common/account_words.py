"""What is known of the account that pays, in the same words for every place where it is shown. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from launcher.domain.account import Account
from launcher.providers.place import Place
from pod_image.contract.figures import counted, dollars, dollars_per_hour
from pod_image.contract.next_steps import Said, Sentence


def account_words(account: Account, place: Place) -> str:
    """In sentences: balance, what is spent in an hour and may be, pods, and what the key is not told."""
    return " ".join(_sentences(account, place))


def _sentences(account: Account, place: Place) -> Iterator[str]:
    if not place.is_rented:
        yield f"None is needed: {place.title} costs nothing."
        return
    if account.balance_usd is None:
        yield f"{place.title} does not show the balance to this key."
    elif account.is_invoiced:
        yield f"Balance {dollars(account.balance_usd)}; billed by invoice."
    else:
        yield f"Balance {dollars(account.balance_usd)}."
    limit, spent = account.spend_limit_usd, account.spend_per_hour_usd
    if limit is not None and spent is not None:
        yield f"Everything running costs {dollars(spent)} of at most {dollars_per_hour(limit)}."
    elif limit is not None:
        yield f"Everything running may cost {dollars_per_hour(limit)}; the current cost is not known."
    elif spent is not None:
        yield f"Everything running costs {dollars_per_hour(spent)}."
    if account.most_pods is not None:
        now = f"{counted(account.pods, 'pod')} of" if account.pods is not None else "Pods:"
        yield f"{now} at most {account.most_pods:,}."
    if account.lacks:
        yield lacking(account.lacks)


def lacking(scopes: tuple[str, ...]) -> str:
    """Which scopes the key does not have, as a sentence."""
    return f"The key lacks the {'scope' if len(scopes) == 1 else 'scopes'} {' and '.join(scopes)}."


def how_to_add_scopes(account: Account, place: Place) -> Said:
    """What to do about scopes that are missing; empty where none is."""
    if not account.lacks:
        return ""
    return Sentence(f"Give the key {' and '.join(account.lacks)} at {place.keys_address}.")
