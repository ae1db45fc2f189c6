"""Everything that can go wrong, as one shape of answer: problem details (RFC 9457) with our message and next step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from launcher.errors import (
    BadEnvironment,
    HubError,
    InsufficientBalance,
    Interrupted,
    InvalidRequest,
    LauncherError,
    NotConfigured,
    NothingAvailable,
    PlanMoved,
    PodGone,
    ProviderError,
    ProviderUnavailable,
    RunFailed,
    UnknownPlan,
)
from launcher.serve.next_steps import in_http
from pod_image.contract.plain import plain_line
from pod_image.hub import NotInRepo, RepoMissing
from pod_image.hub.refusals import NoRight

MEDIA_TYPE = "application/problem+json"
REFERENCE = "/api/"
_LONGEST_PLACE = 200


class Problem(Exception):
    """An answer that says what went wrong. `more` are further members of the document."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        next_step: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.next_step = status, kind, detail, next_step
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def document(self, request_id: str = "") -> dict[str, Any]:
        return {
            "type": f"{REFERENCE}#problem-{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "kind": self.kind,
            "next_step": self.next_step,
            "request_id": request_id,
            **self.more,
        }

    def body(self, request_id: str = "") -> bytes:
        return json.dumps(self.document(request_id), ensure_ascii=False).encode()


STATUSES: Sequence[tuple[type[LauncherError], int]] = (
    (PlanMoved, 409),
    (UnknownPlan, 404),
    (InvalidRequest, 422),
    (BadEnvironment, 503),
    (NotConfigured, 503),
    (NothingAvailable, 409),
    (InsufficientBalance, 402),
    (PodGone, 409),
    (ProviderUnavailable, 502),
    (ProviderError, 502),
    (HubError, 502),
    (RunFailed, 409),
    (Interrupted, 503),
    (LauncherError, 500),
)
"""The first kind that an error is of."""

_NAMED_WRONG = (RepoMissing, NotInRepo, NoRight)
"""The Hub answered, and what was named is not there for this token: no fault of a server."""

OTHER_KINDS: Mapping[str, tuple[int, str]] = {
    "no-token": (401, "The request has no token, or the wrong one."),
    "foreign": (403, "A page of another site caused the request."),
    "no-such-run": (404, "No run of this name is known here."),
    "not-found": (404, "There is nothing at this address."),
    "method": (405, "This address does not accept this method."),
    "late-body": (408, "The body of the request did not arrive in time."),
    "too-large": (413, "The body of the request, or the file that was asked for, is too large."),
    "wrong-host": (421, "The request was meant for another server."),
    "invalid": (422, "The request does not have the form that the reference describes."),
    "too-many": (429, "Too many requests; the answer says when to try again."),
    "fault": (
        500,
        "An internal error; find it by the request id in the log of the serving computer.",
    ),
    "not-written": (503, "The audit log could not be written, so the request was not carried out."),
    "too-slow": (504, "The answer took too long."),
}
"""What the door and the routes refuse by themselves: status, and what it means."""


def other(kind: str, detail: str = "", next_step: str = "", **rest: Any) -> Problem:
    """One of `OTHER_KINDS`."""
    status, usual = OTHER_KINDS[kind]
    return Problem(status, kind, detail or usual, next_step, **rest)


def problem_of(error: LauncherError) -> Problem:
    """Any of our errors as an answer."""
    status = next(status for kind, status in STATUSES if isinstance(error, kind))
    if isinstance(error.__cause__, _NAMED_WRONG):
        status = 422
    more: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, PlanMoved):
        more["moves"] = [
            {"field": each.field, "label": each.label, "was": each.was, "now": each.now}
            for each in error.moves
        ]
    if isinstance(error, ProviderUnavailable) and error.retry_after_seconds is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after_seconds)))
    return Problem(
        status,
        kebab(type(error).__name__),
        in_http(error.message),
        in_http(error.hint),
        headers=headers,
        more=more,
    )


def invalid(faults: Sequence[Mapping[str, Any]]) -> Problem:
    """What pydantic found in a request. What was given is not repeated: it may be a key in the wrong place."""
    listed = [
        {"place": _place(fault.get("loc", ())), "message": plain_line(str(fault.get("msg", "")))}
        for fault in faults[:50]
    ]
    said = "; ".join(f"{each['place']}: {each['message']}" for each in listed[:5])
    return other(
        "invalid",
        f"The request cannot be accepted: {said}.",
        f"See {REFERENCE}.",
        more={"errors": listed},
    )


def _place(parts: Sequence[Any]) -> str:
    """Where it stands: a name that the request made up is cut, and nothing of it can be a line of its own."""
    return plain_line(".".join(map(str, parts)))[:_LONGEST_PLACE]


def kebab(name: str) -> str:
    """`NotConfigured` as `not-configured`."""
    return "".join(f"-{each.lower()}" if each.isupper() else each for each in name).lstrip("-")
