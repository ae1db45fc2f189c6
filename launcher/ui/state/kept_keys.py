"""Keys that this computer keeps, in its keyring or in this program's environment: used when a person said so.

The keyring may ask its person to unlock it, and so is asked in a thread, and never just to draw a page: what was
remembered here is known from the preferences, by name alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from pydantic import SecretStr

from launcher.errors import InvalidRequest
from launcher.services.telling.addresses import addresses_in
from launcher.stores.secrets import (
    NOTIFY,
    Kept,
    KeyName,
    Keys,
    KeyStore,
    find_addresses,
    find_keys,
)
from launcher.ui.state.site import Site

_KNOWN = (*(name.value for name in KeyName), NOTIFY.value)


def remembered(site: Site) -> set[str]:
    """What the keyring has by this form's doing, or was found to have."""
    return set(site.preferences.remembered_keys.split()) & set(_KNOWN)


async def remember(site: Site, key: Kept, secret: SecretStr) -> None:
    """Keep it in the keyring. Raises NotConfigured where there is none, and then nothing was stored."""
    if site.key_store is None:
        return
    await asyncio.to_thread(site.key_store.save, key, secret)
    _note(site, remembered(site) | {key.value})


async def stop_remembering(site: Site, key: Kept) -> None:
    """Take it out of the keyring. Raises NotConfigured where that does not answer."""
    if site.key_store is not None:
        await asyncio.to_thread(site.key_store.forget, key)
    _note(site, remembered(site) - {key.value})


async def from_keyring(site: Site) -> Keys:
    """The keys and addresses that the keyring has. Raises NotConfigured where it does not answer."""
    found = await asyncio.to_thread(keys_in, {}, site.key_store)
    names = {name.value for name in found.sources} | ({NOTIFY.value} if found.notify else set())
    _note(site, names)
    return found


async def use_what_is_kept(site: Site, tab: str) -> bool:
    """Give the tab the keys of this computer; False where there is none. It keeps those that it has."""
    found = keys_in(site.environment)
    if site.key_store is not None:
        found = _first(found, await from_keyring(site))
    hold(site, tab, found)
    return bool(found.sources or found.notify)


def keys_in(environment: Mapping[str, str], store: KeyStore | None = None) -> Keys:
    """The keys that are there, and the addresses."""
    addresses = find_addresses(environment, store)
    notify = SecretStr(addresses) if addresses else None
    return replace(find_keys(environment, store), notify=notify)


def hold(site: Site, tab: str, found: Keys) -> None:
    """Hold these in memory for the tab, and for those that share its keys."""
    held = site.vault.held(tab)
    values = {name.value: found.get(name) for name in found.sources}
    if found.notify is not None and _can_be_used(found.notify):
        values[NOTIFY.value] = found.notify
    for name, value in values.items():
        if value is not None and name not in held:
            site.vault.put(tab, name, value)


def _can_be_used(addresses: SecretStr) -> bool:
    try:
        return bool(addresses_in(addresses.get_secret_value()))
    except InvalidRequest:
        return False


def _first(one: Keys, other: Keys) -> Keys:
    """What the one has, and of the other what it lacks."""
    both = replace(one, notify=one.notify or other.notify)
    for name in other.sources:
        value = other.get(name)
        if name not in one.sources and value is not None:
            both = both.with_given(name, value)
    return both


def _note(site: Site, names: set[str]) -> None:
    known = " ".join(name for name in _KNOWN if name in names)
    if known != site.preferences.remembered_keys:
        site.prefer(remembered_keys=known)
