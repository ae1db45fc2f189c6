"""Where calls of the API are done: keys, and the workbench that is open for them, on one loop."""

from __future__ import annotations

import logging
import os
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, NoReturn, TypeVar

from pydantic import SecretStr

from launcher.api.background import BACKGROUND
from launcher.api.both import Doing
from launcher.config import Config, read_config
from launcher.errors import InvalidRequest
from launcher.services.common.workbench import Workbench, open_workbench
from launcher.stores.secrets import (
    NOTIFY,
    KeyName,
    KeyringStore,
    Keys,
    KeySource,
    find_addresses,
    find_keys,
)
from pod_image.contract.surroundings import read_no_proxy

T = TypeVar("T")
LOG = logging.getLogger("launcher")
Secret = str | SecretStr


class _Here:
    """Work of a desk on the loop that runs: whoever calls is on that loop too."""

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        work.close()
        raise RuntimeError("This desk has its own event loop: await the same call with .aio(...).")

    async def hop(self, work: Coroutine[Any, Any, T]) -> T:
        return await work


@dataclass(frozen=True, repr=False, eq=False)
class Desk:
    """An open workbench and the keys it was opened with. It shows no key, and cannot be pickled."""

    bench: Workbench
    keys: Keys
    doing: Doing

    @classmethod
    def at(cls, bench: Workbench, keys: Keys | None = None) -> Desk:
        """One for a program that opened the workbench itself, and awaits everything on that loop.

        What is planned there needs the keys; what is held and told needs the workbench alone.
        """
        return cls(bench, keys or Keys(), _Here())

    def __repr__(self) -> str:
        return "<the keys and the workbench of launcher>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("It holds keys, and cannot be pickled.")


_open: list[tuple[Config, Keys, Desk]] = []
"""On the loop of this process: runs that are watched with the same keys share its list of pods."""


async def desk_for(
    keys: Mapping[str, Secret] | None = None, secrets: Mapping[str, Secret] | None = None
) -> Desk:
    """The desk for these keys; what is not given is found in the environment, then in the keyring.

    It stays open until the program ends. Raises NotConfigured, InvalidRequest for a key of another name.
    """
    config, found = read_config(), found_keys(keys or {}, secrets or {})
    for open_config, open_keys, desk in _open:
        if (open_config, open_keys) == (config, found):
            return desk
    for entry in read_no_proxy():
        LOG.warning(
            "NO_PROXY contains %r, which is not a host and is ignored: correct it there.", entry
        )
    stack = AsyncExitStack()
    bench = await stack.enter_async_context(open_workbench(config, found))
    bench.runs.on_trouble = LOG.warning
    desk = Desk(bench, found, BACKGROUND)
    entry_of_desk = (config, found, desk)
    _open.append(entry_of_desk)

    async def close() -> None:
        _open.remove(entry_of_desk)
        await stack.aclose()

    BACKGROUND.at_end.append(close)
    return desk


def found_keys(given: Mapping[str, Secret], secrets: Mapping[str, Secret]) -> Keys:
    """Given ones first: what a program says explicitly holds against what lies around.

    Addresses to tell the person at are among them, as `notify`.
    """
    given = dict(given)
    addresses = given.pop(NOTIFY.value, None)
    named = {_key_name(name): _secret(value) for name, value in given.items()}
    environment = {**os.environ, **{name.variable: _text(named[name]) for name in named}}
    keys = find_keys(environment, KeyringStore())
    for key, given_value in named.items():
        keys = keys.with_given(key, given_value)
    for name, value in secrets.items():
        keys = keys.with_named(name, _secret(value), KeySource.GIVEN)
    kept = find_addresses(os.environ, KeyringStore()) if addresses is None else addresses
    return replace(keys, notify=_secret(kept) if kept else None)


def _key_name(name: str) -> KeyName:
    try:
        return KeyName(name.replace("_", "-"))
    except ValueError:
        known = ", ".join(f'"{each}"' for each in (*KeyName, NOTIFY.value))
        raise InvalidRequest(
            f"There is no key {name!r}.",
            hint=f"Keys are {known}; what a command of your own needs goes into secrets={{...}}.",
        ) from None


def _secret(value: Secret) -> SecretStr:
    return value if isinstance(value, SecretStr) else SecretStr(value)


def _text(value: SecretStr) -> str:
    return value.get_secret_value()
