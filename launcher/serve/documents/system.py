"""Documents about the serving computer. No key, no path but those that clients may name."""

from __future__ import annotations

from datetime import datetime

from launcher.serve.documents.base import Answer


class KeyFacts(Answer):
    name: str
    source: str | None
    """environment, keyring or given; null where there is none. No value is ever told."""


class PlaceFacts(Answer):
    name: str
    title: str
    """As sentences say it."""
    is_stand_in: bool
    """Whether somebody else answers for it, such as a demo."""


class SystemFacts(Answer):
    version: str
    """Of the launcher."""
    contract: int
    """The version of what launcher and pod agree on."""
    python: str
    now: datetime
    place: PlaceFacts
    """Where runs go."""
    extras: dict[str, bool]
    """Which optional parts are installed."""
    keys: list[KeyFacts]
    token_id: str
    """Tells the token that was used from others; it stands in the audit."""
    folders: list[str]
    """Below these, and nowhere else, a request may name files of this computer."""
    secrets: list[str]
    """Names of the secrets that a command may get."""
    runs_followed: int
    runs_that_may_cost: int
