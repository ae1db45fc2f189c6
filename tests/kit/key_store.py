"""A place for keys that is no keyring of this computer."""

from __future__ import annotations

from pydantic import SecretStr

from launcher.stores.secrets import KeyName


class MemoryKeyStore:
    """Keeps keys as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[KeyName, SecretStr] = {}

    def read(self, name: KeyName) -> SecretStr | None:
        return self._kept.get(name)

    def save(self, name: KeyName, value: SecretStr) -> None:
        self._kept[name] = value

    def forget(self, name: KeyName) -> bool:
        return self._kept.pop(name, None) is not None
