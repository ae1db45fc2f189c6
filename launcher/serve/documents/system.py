"""Documents about the serving computer. No key, no path but those that clients may name."""

from __future__ import annotations

from datetime import datetime

from launcher.serve.documents.base import Answer


class KeyFacts(Answer):
    name: str
    source: str | None
    """environment, keyring or given; null if there is none. The value is never shown."""


class PlaceFacts(Answer):
    name: str
    title: str
    """Name of the provider, as sentences use it."""
    is_stand_in: bool
    """Whether another service stands in for it, such as the demo."""


class SystemFacts(Answer):
    version: str
    """Version of the launcher."""
    contract: int
    """Version of the contract between launcher and pod."""
    python: str
    now: datetime
    place: PlaceFacts
    """Where runs go."""
    extras: dict[str, bool]
    """Optional parts, and whether each is installed."""
    keys: list[KeyFacts]
    token_id: str
    """ID of the token that was used, as in the audit; it is not a secret."""
    folders: list[str]
    """Requests may name files of this computer only inside these folders."""
    secrets: list[str]
    """Names of the secrets that a command may be given."""
    runs_followed: int
    runs_that_may_cost: int
