"""Where a person is told of their runs: what they keep for that, and what they typed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from pydantic import SecretStr

from launcher.config import read_config
from launcher.services.telling.addresses import (
    Address,
    addresses_in,
    check_addresses,
    refuse_secrets,
)
from launcher.stores.secrets import KeyringStore, Keys, KeyStore, find_addresses


def with_addresses(
    keys: Keys, typed: Sequence[str], *, is_off: bool = False, store: KeyStore | None = None
) -> Keys:
    """The same with every address to tell the person at: those typed, kept, and preferred; none where it `is_off`.

    Raises InvalidRequest for one that is none, or holds a secret and was typed; NotConfigured without Apprise.
    """
    if is_off:
        return replace(keys, notify=None)
    refuse_secrets(typed)
    kept = find_addresses(os.environ, store or KeyringStore())
    found = addresses_in(" ".join([*typed, kept, preferred()]))
    check_addresses(found)
    texts = [each.text.get_secret_value() for each in found]
    return replace(keys, notify=SecretStr(" ".join(texts)) if texts else None)


def typed_addresses(typed: Sequence[str]) -> tuple[Address, ...]:
    """Those that were typed as arguments. Raises what `with_addresses` raises."""
    refuse_secrets(typed)
    found = addresses_in(" ".join(typed))
    check_addresses(found)
    return found


def preferred() -> str:
    """Addresses that hold no secret, as the preferences have them."""
    from launcher.ui.state.preferences import read_preferences

    return read_preferences(read_config().preferences_path).notify


def prefer(addresses: str) -> None:
    from launcher.ui.state.preferences import read_preferences, write_preferences

    config = read_config()
    config.make_folders()
    path = config.preferences_path
    write_preferences(path, replace(read_preferences(path), notify=addresses))
