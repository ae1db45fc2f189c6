"""An account: its keys and their rights, balance, and the things kept beside pods. No HTTP."""

import secrets
from dataclasses import dataclass, field
from typing import Any

RIGHTS = frozenset(
    {
        "pods:read",
        "pods:write",
        "catalogue:read",
        "secrets:read",
        "secrets:write",
        "account:read",
        "account:write",
        "registries:read",
        "registries:write",
        "templates:read",
        "templates:write",
        "volumes:read",
        "volumes:write",
        "billing:read",
        "graphql:read",
    }
)
READ_RIGHTS = frozenset(right for right in RIGHTS if right.endswith(":read"))


def new_id(length: int = 14) -> str:
    """An id in RunPod's manner: lower-case letters and digits, a letter first."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    rest = (secrets.choice(letters + "0123456789") for _ in range(length - 1))
    return secrets.choice(letters) + "".join(rest)


@dataclass(frozen=True)
class ApiKey:
    """A key and what it may do. A key of kind `pod` acts on `pod_id` alone."""

    value: str = field(repr=False)
    kind: str
    rights: frozenset[str]
    account_id: str
    pod_id: str | None = None


@dataclass
class Secret:
    """A value kept for `{{ RUNPOD_SECRET_name }}`; never answered."""

    id: str
    name: str
    value: str = field(repr=False)
    description: str | None
    created_at: float
    value_changed_at: float


@dataclass
class Registry:
    """Credentials for a private image; the password is never answered."""

    id: str
    name: str
    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass
class Volume:
    id: str
    name: str
    size_gb: int
    centre_id: str
    kind: str

    def wire(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "size": self.size_gb,
            "dataCenter": self.centre_id,
            "type": self.kind,
        }


@dataclass
class Account:
    id: str
    balance_usd: float = 25.0
    spend_limit_usd: float = 80.0
    """The most that all pods together may cost in an hour."""
    most_pods: int | None = None
    """That may exist at once; None for no limit, and then no answer names one."""
    billing_mode: str = "PREPAID"
    """`PREPAID` or `POSTPAID`."""
    email: str = "someone@example.com"
    ssh_keys: list[str] = field(default_factory=list)
    secrets: dict[str, Secret] = field(default_factory=dict)
    registries: dict[str, Registry] = field(default_factory=dict)
    delegations: dict[str, dict[str, Any]] = field(default_factory=dict)
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)

    def secret_named(self, name: str) -> Secret | None:
        return next((kept for kept in self.secrets.values() if kept.name == name), None)
