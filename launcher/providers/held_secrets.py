"""Secrets of a place that keeps none: held here by their names, and handed over with the order of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import SecretStr

from launcher.domain.pod import PodOrder
from launcher.providers.base import AccountSecret


@dataclass(frozen=True)
class Parted:
    """The environment of an order: what may be read there, and what may not."""

    plain: dict[str, str]
    secret: dict[str, str] = field(repr=False)


class HeldSecrets:
    """The half of a `launcher.providers.base.Provider` that has to do with secrets. `_secret_of` says, in what is
    shown, whose they are."""

    _secret_of: ClassVar[str]

    def __init__(self) -> None:
        self._held: dict[str, SecretStr] = {}

    async def make_secret(self, name: str, value: SecretStr) -> AccountSecret:
        self._held[name] = value
        return AccountSecret(name, name)

    async def secrets(self) -> list[AccountSecret]:
        return [AccountSecret(name, name) for name in self._held]

    async def remove_secret(self, secret_id: str) -> None:
        self._held.pop(secret_id, None)

    def secret_reference(self, name: str) -> str:
        return f"secret of this {self._secret_of}: {name}"

    def _references(self) -> dict[str, SecretStr]:
        """Each value, by what stands for it in an order's environment."""
        return {self.secret_reference(name): value for name, value in self._held.items()}

    def _forget_those_of(self, order: PodOrder) -> None:
        """They have gone with it."""
        used = set(order.environment.values())
        self._held = {
            name: value
            for name, value in self._held.items()
            if self.secret_reference(name) not in used
        }


def parted(order: PodOrder, references: Mapping[str, SecretStr]) -> Parted:
    """With each reference resolved, and with the secrets that a person named for their command."""
    plain, secret = {}, {}
    for name, text in order.environment.items():
        if text in references:
            secret[name] = references[text].get_secret_value()
        else:
            plain[name] = text
    secret |= {name: value.get_secret_value() for name, value in order.secrets.items()}
    return Parted(plain, secret)
