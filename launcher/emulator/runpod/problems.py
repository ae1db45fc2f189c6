"""Refusals as RunPod words them: RFC 7807 bodies. The only file with their titles and texts."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

NO_CAPACITY = (
    "There are no longer any instances available with the requested specifications. "
    "Please refresh and try again."
)
VALIDATION_FAILED = "Request validation failed."
PATH_NOT_FOUND = "The requested path was not found."
METHOD_NOT_ALLOWED = "The requested method is not allowed for this path."


class Problem(Exception):
    """An answer that is not a success; raised anywhere, written by the server alone."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: list[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {detail}")
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "title": HTTPStatus(self.status).phrase.replace("Content", "Entity"),
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors is not None:
            body["errors"] = self.errors
        return body


def bad_request(detail: str = "request could not be processed") -> Problem:
    return Problem(400, detail)


def no_capacity() -> Problem:
    """Capacity has no code of its own: only this sentence tells it from a broken rule."""
    return Problem(400, NO_CAPACITY)


def unauthorized(detail: str = "missing bearer token") -> Problem:
    return Problem(401, detail)


def insufficient_balance() -> Problem:
    return Problem(402, "insufficient balance")


def over_spend_limit(limit_usd: float) -> Problem:
    """That such a start is refused is on the page of the limits; status and words are not."""
    return Problem(402, f"this would exceed the account's spend limit of ${limit_usd:.2f} per hour")


def over_pod_limit(most: int) -> Problem:
    return Problem(403, f"the account has reached its maximum number of pods ({most})")


def forbidden() -> Problem:
    return Problem(403, "access denied")


def not_found(what: str = "resource") -> Problem:
    return Problem(404, f"{what} not found")


def conflict(detail: str) -> Problem:
    return Problem(409, detail)


def invalid(errors: list[str]) -> Problem:
    return Problem(422, VALIDATION_FAILED, errors)


def too_many(window: str, retry_after_seconds: int) -> Problem:
    return Problem(
        429,
        f"rate limit exceeded for the {window} window",
        headers={"Retry-After": str(retry_after_seconds)},
    )
