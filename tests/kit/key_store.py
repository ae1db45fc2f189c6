"""A place for keys that is no keyring of this computer."""

from __future__ import annotations

from pydantic import SecretStr

from launcher.stores.secrets import AnyKey


class MemoryKeyStore:
    """Keeps keys as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[AnyKey, SecretStr] = {}

    def read(self, name: AnyKey) -> SecretStr | None:
        return self._kept.get(name)

    def save(self, name: AnyKey, value: SecretStr) -> None:
        self._kept[name] = value

    def forget(self, name: AnyKey) -> bool:
        return self._kept.pop(name, None) is not None
