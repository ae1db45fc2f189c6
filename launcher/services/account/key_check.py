"""Whether one key works, and what it may do; each way of not working told apart. Reads alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from launcher.domain.account import ROUNDING_USD
from launcher.domain.account import Account as PlaceAccount
from launcher.errors import (
    BadEnvironment,
    HubError,
    LauncherError,
    NoRight,
    NotConfigured,
    ProviderUnavailable,
)
from launcher.providers.place import Place
from launcher.providers.registry import all_places
from launcher.services.common.account_words import account_words, how_to_add_scopes
from launcher.services.common.place_key import place_key
from launcher.services.common.workbench import Workbench
from launcher.stores.secrets import HUB_KEYS, USUAL_KEYS, KeyName, Keys
from pod_image.contract.next_steps import Said
from pod_image.contract.surroundings import odd_letters
from pod_image.hub import Account, HubUnavailable, whoami

_HUB_KIND, _HUB_PREFIX = "Hugging Face token", "hf_"


class KeyState(StrEnum):
    WORKS = "works"
    TOO_WIDE = "too_wide"
    """Works, and could do far more than is needed."""
    REFUSED = "refused"
    NO_RIGHT = "no_right"
    UNREACHABLE = "unreachable"
    """Nobody could be asked: says nothing about the key."""
    WRONG_SHAPE = "wrong_shape"
    """No key at all by its looks; nothing was sent."""

    @property
    def is_usable(self) -> bool:
        return self in (KeyState.WORKS, KeyState.TOO_WIDE)


@dataclass(frozen=True)
class KeyCheck:
    state: KeyState
    sentence: Said
    hint: Said = ""
    balance_usd: float | None = None
    owner: str = ""
    """Name of the Hugging Face account."""
    account: PlaceAccount | None = None
    """What the place tells of the account that pays; None where the key is for none."""


def shape_problem(name: KeyName, value: str) -> str:
    """Why the text cannot be such a key, or nothing. Looks at the form alone and quotes none of it."""
    if value and (odd := odd_letters(value)):
        return f"It contains {odd}, which no key has. Copy only the key, and all of it."
    if len(value) < 8:
        return "This is too short for a key; part of it may be missing."
    wanted, found = _kind_of(name), _kind_by_looks(value)
    if found and found != wanted:
        article = "a" if wanted == _HUB_KIND else "the"
        return f"That looks like a {found}; {article} {wanted} goes here."
    return ""


def _kind_of(name: KeyName) -> str:
    places = _places_of(name)
    if name in HUB_KEYS or any(place.is_on_hub for place in places):
        return _HUB_KIND
    return f"{places[0].title} key" if places else ""


def _places_of(name: KeyName) -> list[Place]:
    """Those that the key opens."""
    return [place for place in all_places() if place_key(place) is name]


def _kind_by_looks(value: str) -> str:
    """What kind of key begins so; empty where no kind is known by it."""
    if value.startswith(_HUB_PREFIX):
        return _HUB_KIND
    for place in all_places():
        if place.key is not None and value.startswith(place.key.prefixes):
            return f"{place.title} key"
    return ""


async def check_key(bench: Workbench, name: KeyName) -> KeyCheck:
    """Ask the service that the key is for. Never raises LauncherError."""
    try:
        if name in HUB_KEYS:
            return await _check_hub(bench, name)
        return await _check_place(next(bench.at(each.name) for each in _places_of(name)))
    except (ProviderUnavailable, NotConfigured, NoRight, HubError) as error:
        return KeyCheck(_state(error), error.message, error.hint)
    except LauncherError as error:
        return KeyCheck(KeyState.UNREACHABLE, error.message, error.hint)


async def check_keys(bench: Workbench, keys: Keys) -> dict[KeyName, KeyCheck | None]:
    """What is to be said of each key that is usual or there; None of one that is missing."""
    there = [name for name in KeyName if name in USUAL_KEYS or keys.get(name) is not None]
    return {
        name: None if keys.get(name) is None else await check_key(bench, name) for name in there
    }


def _state(error: LauncherError) -> KeyState:
    if isinstance(error, BadEnvironment):
        return KeyState.UNREACHABLE
    if isinstance(error, NotConfigured):
        return KeyState.REFUSED
    if isinstance(error, NoRight):
        return KeyState.NO_RIGHT
    if isinstance(error, HubError) and not isinstance(error.__cause__, HubUnavailable):
        return KeyState.NO_RIGHT
    return KeyState.UNREACHABLE


async def _check_place(bench: Workbench) -> KeyCheck:
    place = bench.place
    await bench.provider.pods()
    account = await bench.provider.account()
    is_short = account.balance_usd is not None and account.balance_usd <= ROUNDING_USD
    return KeyCheck(
        KeyState.WORKS,
        f"Works. {account_words(account, place)}",
        place.how_to_top_up()
        if is_short and not account.is_invoiced
        else how_to_add_scopes(account, place),
        balance_usd=account.balance_usd,
        account=account,
    )


async def _check_hub(bench: Workbench, name: KeyName) -> KeyCheck:
    hub = bench.hub.dataset if name is KeyName.HF_DATASET else bench.hub.upload
    account = await bench.hub.run(whoami, hub)
    if name is KeyName.HF_UPLOAD:
        return _upload_check(account)
    return _dataset_check(account)


def _upload_check(account: Account) -> KeyCheck:
    if account.token_kind == "read":
        return KeyCheck(
            KeyState.NO_RIGHT,
            f"This token of {account.name} can read but not write.",
            "Create one that can write to the results repo.",
            owner=account.name,
        )
    if account.token_kind == "write":
        return KeyCheck(
            KeyState.TOO_WIDE,
            f"Works, as {account.name}. It can write to every repo of {_places(account)}.",
            "A fine-grained token for the results repo only is safer.",
            owner=account.name,
        )
    places = ", ".join(account.writable_namespaces) or "the repos it names"
    return KeyCheck(
        KeyState.WORKS, f"Works, as {account.name}. It can write to {places}.", owner=account.name
    )


def _dataset_check(account: Account) -> KeyCheck:
    if account.token_kind == "write":
        return KeyCheck(
            KeyState.TOO_WIDE,
            f"Works, as {account.name}. It can also write to every repo of {_places(account)}.",
            "To read a dataset, a read token is enough.",
            owner=account.name,
        )
    return KeyCheck(KeyState.WORKS, f"Works, as {account.name}.", owner=account.name)


def _places(account: Account) -> str:
    return " and ".join(account.writable_namespaces) or account.name
