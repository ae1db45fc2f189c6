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
    """What went wrong, for programs. The meaning and the exit code of a code never change."""

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
    """What to do next, in English; may be empty."""
    exit_code: int
    """Exit code of the command."""
    setting: str
    """For the code missing_setting: the setting that is missing; otherwise empty."""
    moves: list[Moved]
    """For the code plan_moved: what has changed since the plan was shown; otherwise empty."""


class Error(TypedDict):
    """Why a command failed: one line on stderr, whatever stdout already holds."""

    schema: Literal["error"]
    version: Literal[1]
    error: ErrorFacts


class Notice(TypedDict):
    """Something to know; the command continues. A line on stderr."""

    schema: Literal["notice"]
    version: Literal[1]
    severity: Severity
    message: str


class Moved(TypedDict):
    """One thing that differs from the plan that was shown."""

    field: str
    """What changed, such as price, gpu, settings.epochs or dataset.demo/clips."""
    was: str
    now: str
    is_harmless: bool
    """true if the same would run, for no more than the agreed maximum."""


class PlanMoves(TypedDict):
    """Differences from the plan that was shown, none of which prevents the launch."""

    schema: Literal["deploy.moves"]
    version: Literal[1]
    moves: list[Moved]


class Progress(TypedDict):
    """How far a command has got: a line on stdout, at most one a second for each stage."""

    schema: Literal["progress"]
    version: Literal[1]
    stage: str
    """What is being done, in English, for people."""
    done: int
    total: int
    """0 if it is not known."""


class Address(TypedDict):
    """Where the web form is served: the first line on stdout. The command runs until you end it."""

    schema: Literal["address"]
    version: Literal[1]
    url: str
    """Opens the form once, in one browser. Keep it secret."""


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
