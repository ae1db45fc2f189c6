"""Places for keys that are no keyring of this computer."""

from __future__ import annotations

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError
from pydantic import SecretStr

from launcher.stores.secrets import Kept


class MemoryKeyStore:
    """Keeps keys as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[str, SecretStr] = {}

    def read(self, name: Kept) -> SecretStr | None:
        return self._kept.get(name.value)

    def save(self, name: Kept, value: SecretStr) -> None:
        self._kept[name.value] = value

    def forget(self, name: Kept) -> bool:
        return self._kept.pop(name.value, None) is not None


class InMemory(KeyringBackend):
    """A keyring as a backend sees it, for the length of a test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise PasswordDeleteError
        del self.kept[service, username]
