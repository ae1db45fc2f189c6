"""Documents about where a person is told of runs. No address is ever printed, but for its host."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypedDict


class ToldAddress(TypedDict):
    address: str
    """Its host, or the name of its service; the rest may be a secret."""
    source: Literal["environment", "keyring", "preference"]
    from_pod: bool
    """Whether the pod itself sends there, even while this computer is off."""


class NotifyList(TypedDict):
    """Where you are told of every run."""

    schema: Literal["notify.list"]
    version: Literal[1]
    addresses: list[ToldAddress]


class NotifySet(TypedDict):
    """Where you are told of runs by default now; of each address only what may be shown."""

    schema: Literal["notify.set"]
    version: Literal[1]
    told_at: list[str]


class SentTest(TypedDict):
    address: str
    """Its host, or the name of its service."""
    sent: bool
    detail: str
    """Why the message was not accepted, in English; empty if it was."""


class NotifyTest(TypedDict):
    """One test message to each address."""

    schema: Literal["notify.test"]
    version: Literal[1]
    tests: list[SentTest]


def sent_tests(answers: Iterable[tuple[str, str]]) -> NotifyTest:
    """Of what may be shown of each address, and why it did not take the message."""
    tests: list[SentTest] = [
        {"address": shown, "sent": not why, "detail": why} for shown, why in answers
    ]
    return {"schema": "notify.test", "version": 1, "tests": tests}
