"""What any command may say beside its answer, one line each: an error, a notice, progress, an address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypedDict

from launcher.errors import LauncherError
from pod_image.contract.findings import Severity

if TYPE_CHECKING:
    from launcher.domain.plan_moves import Moved as PlanMove  # most commands need not load it


class ErrorCode(StrEnum):
    """What went wrong, for programs. A code never changes its meaning, nor the exit code that goes with it."""

    LAUNCHER_ERROR = "launcher_error"
    """None of the others; the message says what."""
    INVALID_REQUEST = "invalid_request"
    MISSING_SETTING = "missing_setting"
    PLAN_MOVED = "plan_moved"
    UNKNOWN_PLAN = "unknown_plan"
    NOT_CONFIGURED = "not_configured"
    BAD_ENVIRONMENT = "bad_environment"
    NOTHING_AVAILABLE = "nothing_available"
    PROVIDER_ERROR = "provider_error"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    RENT_UNCLEAR = "rent_unclear"
    NO_CAPACITY = "no_capacity"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    OVER_LIMIT = "over_limit"
    NO_RIGHT = "no_right"
    POD_GONE = "pod_gone"
    API_DRIFT = "api_drift"
    HUB_ERROR = "hub_error"
    RUN_FAILED = "run_failed"
    NOT_DELIVERED = "not_delivered"
    INTERRUPTED = "interrupted"


class ErrorFacts(TypedDict):
    code: ErrorCode
    message: str
    """What happened, in English."""
    hint: str
    """What to do next, in English; empty where there is nothing to say."""
    exit_code: int
    """What the command exits with."""
    setting: str
    """The setting that is missing, with missing_setting; else empty."""
    moves: list[Moved]
    """What is other than agreed, with plan_moved; else empty."""


class Error(TypedDict):
    """Why a command failed: one line on stderr, whatever stands on stdout before."""

    schema: Literal["error"]
    version: Literal[1]
    error: ErrorFacts


class Notice(TypedDict):
    """Something to know that stops nothing: a line on stderr."""

    schema: Literal["notice"]
    version: Literal[1]
    severity: Severity
    message: str


class Moved(TypedDict):
    """One thing that is other than in the plan that was shown."""

    field: str
    """Such as price, gpu, settings.epochs or dataset.demo/clips."""
    was: str
    now: str
    is_harmless: bool
    """The agreed maximum holds, and the same would run."""


class PlanMoves(TypedDict):
    """What is other than in the plan that was shown, and keeps nobody from launching it."""

    schema: Literal["deploy.moves"]
    version: Literal[1]
    moves: list[Moved]


class Progress(TypedDict):
    """How far a command is: a line on stdout, at most one a second for each stage."""

    schema: Literal["progress"]
    version: Literal[1]
    stage: str
    """What is being done, in English; only to be shown."""
    done: int
    total: int
    """0 where it is not known."""


class Address(TypedDict):
    """Where the web form is served: the first line on stdout. The command goes on until it is ended."""

    schema: Literal["address"]
    version: Literal[1]
    url: str
    """Opens the form once, for one browser. It is a secret."""


def error_document(
    kind: type[LauncherError], message: str, hint: str, facts_of: LauncherError | None = None
) -> Error:
    """`facts_of`: the error itself, where it tells more than words."""
    facts: ErrorFacts = {
        "code": code_of(kind),
        "message": message,
        "hint": hint,
        "exit_code": kind.exit_code,
        "setting": str(getattr(facts_of, "setting", "")),
        "moves": moves_facts(getattr(facts_of, "moves", ())),
    }
    return {"schema": "error", "version": 1, "error": facts}


def code_of(kind: type[LauncherError]) -> ErrorCode:
    """Its own code, or that of the nearest kind above it that has one."""
    for each in kind.__mro__:
        word = re.sub(r"(?<!^)(?=[A-Z])", "_", each.__name__).lower()
        if word in set(ErrorCode):
            return ErrorCode(word)
    return ErrorCode.LAUNCHER_ERROR


def moves_facts(moves: Sequence[PlanMove]) -> list[Moved]:
    return [
        {
            "field": each.field,
            "was": each.was,
            "now": each.now,
            "is_harmless": each.is_harmless,
        }
        for each in moves
    ]
