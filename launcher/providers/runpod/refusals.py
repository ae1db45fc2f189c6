"""RunPod's answers that are no success, as errors of ours. The only file that knows what its status codes mean."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from launcher.errors import (
    ApiDrift,
    InsufficientBalance,
    InvalidRequest,
    LauncherError,
    NoCapacity,
    NoRight,
    NotConfigured,
    OverLimit,
    PodGone,
    ProviderError,
    ProviderUnavailable,
    RentUnclear,
)
from launcher.providers.runpod.place import RUNPOD
from pod_image.contract.next_steps import NextStep, Sentence

NO_CAPACITY_PHRASES = (
    "no longer any instances available",
    "no instances currently available",
    "does not have the resources",
    "could not find any pods with required specifications",
    "no capacity",
    "out of stock",
    "insufficient resources",
)
_SPEND_LIMIT = re.compile(
    r"spend(?:ing)?[- ](?:rate )?limit|hourly (?:spend|cost) limit", re.IGNORECASE
)
_POD_LIMIT = re.compile(r"(?:maximum|max\.?) number of pods|pods? (?:limit|quota)", re.IGNORECASE)
"""RunPod publishes that a start over the account's limits is refused, and neither status nor words: any status of a
refused create is read for them."""
_SCOPE = re.compile(r"\b[a-z][a-z-]*:(?:read|write)\b")
PATH_NOT_FOUND = "requested path was not found"
_LONGEST_QUOTE = 300


@dataclass(frozen=True)
class Refusal:
    """One answer that is no success. `what` finishes the sentence "RunPod would not ..."."""

    status: int
    what: str
    detail: str = ""
    errors: tuple[str, ...] = ()
    request_id: str = ""
    retry_after_seconds: float | None = None
    is_create: bool = False
    """Of a pod: the one call whose outcome costs money."""
    is_about_pod: bool = False
    is_page: bool = False
    """The body is a web page: a proxy in between has answered, not RunPod's API."""
    scope: str = ""
    """What the call's page says that a key needs for it."""


def to_error(refusal: Refusal) -> LauncherError:
    """What a refusal means for a person.

    status  answer                                       error
    4xx     creating, and words of the account's limits  OverLimit
    400     creating, and a known phrase of no capacity  NoCapacity: the next candidate may do
    400     creating, anything else                      InvalidRequest
    401                                                  NotConfigured: the key is missing or refused
    402                                                  InsufficientBalance
    403     with a page of Cloudflare (error 1010)       ProviderError: this network or client is blocked
    403                                                  NoRight
    404     the path itself is unknown                   ApiDrift: this RunPod has no such call
    404     about a pod                                  PodGone
    405                                                  ApiDrift
    409                                                  ProviderError: not in the thing's present state
    410                                                  ApiDrift: this version of the API is retired
    413                                                  InvalidRequest: too large
    422     creating                                     InvalidRequest, with what was found wrong
    429                                                  ProviderUnavailable, with when to come back
    5xx     creating                                     RentUnclear: a pod may exist
    5xx                                                  ProviderUnavailable
    other   (also 400, 404, 422 of other calls)          ProviderError; redirects: ApiDrift
    """
    said = _said(refusal)
    if refusal.is_create and 400 <= refusal.status < 500 and (limit := _over_limit(refusal, said)):
        return limit
    match refusal.status:
        case 400 | 422 if refusal.is_create:
            return _create_refused(refusal, said)
        case 401:
            return NotConfigured(
                f"RunPod refused the key: {said}",
                hint=Sentence("Give a valid key: ", NextStep.ENTER_KEY.of("runpod"), "."),
            )
        case 402:
            return InsufficientBalance(
                f"RunPod refused to {refusal.what}: the account's balance is too low. {said}",
                hint=Sentence("RunPod requires credit for one hour. ", RUNPOD.how_to_top_up()),
            )
        case 403:
            return _forbidden(refusal, said)
        case 404 if PATH_NOT_FOUND in refusal.detail.lower():
            return ApiDrift(f"RunPod's API has no call to {refusal.what}: {said}")
        case 404 if refusal.is_about_pod:
            return PodGone(f"The pod does not exist, or no longer exists: {said}")
        case 405:
            return ApiDrift(
                f"RunPod no longer accepts the call to {refusal.what} in this form: {said}"
            )
        case 409:
            return ProviderError(
                f"RunPod refused to {refusal.what} in the current state: {said}",
                hint="Try again in a moment. A locked pod must be unlocked in RunPod's console.",
            )
        case 410:
            return ApiDrift(
                f"The version of RunPod's API that answered is retired (REST v1 is): {said}",
                hint="Update the launcher, or set RUNPOD_API_BASE_URL to https://api.runpod.io.",
            )
        case 413:
            return InvalidRequest(
                f"The request to {refusal.what} is too large for RunPod (100 kB): {said}",
                hint="Shorten the sample sentences or the command.",
            )
        case 429:
            return ProviderUnavailable(
                f"RunPod's rate limit is used up: {said}",
                hint="It resets by itself; other programs with the same key share it.",
                retry_after_seconds=refusal.retry_after_seconds,
            )
        case status if status >= 500:
            return _server_error(refusal, said)
        case status if status < 400:
            return ApiDrift(f"RunPod answered {status} to the call to {refusal.what}: {said}")
    return ProviderError(f"RunPod refused to {refusal.what}: {said}")


def _over_limit(refusal: Refusal, said: str) -> OverLimit | None:
    if _SPEND_LIMIT.search(refusal.detail):
        return OverLimit(
            f"RunPod refused to {refusal.what}: the account's hourly spend limit is reached. {said}",
            hint=Sentence("End other pods, choose a cheaper GPU, or ", RUNPOD.how_to_raise),
        )
    if _POD_LIMIT.search(refusal.detail):
        return OverLimit(
            f"RunPod refused to {refusal.what}: the account has reached its limit of pods. {said}",
            hint=Sentence("End a pod, or ", RUNPOD.how_to_raise),
            is_about_price=False,
        )
    return None


def _create_refused(refusal: Refusal, said: str) -> LauncherError:
    if refusal.status == 400 and any(
        phrase in refusal.detail.lower() for phrase in NO_CAPACITY_PHRASES
    ):
        return NoCapacity(f"No machine is available: {said}")
    # With a key missing, RunPod calls the good ones "not allowed" as well: what is missing comes first.
    faults = sorted(refusal.errors, key=lambda fault: "missing" not in fault)
    listed = f" ({'; '.join(faults)})" if faults else ""
    return InvalidRequest(
        f"RunPod refused to {refusal.what}: {said}{listed}",
        hint="Check the settings for GPU type, data centres, image and registry credential.",
    )


def _forbidden(refusal: Refusal, said: str) -> LauncherError:
    if refusal.is_page or "1010" in refusal.detail:
        return ProviderError(
            f"Something between here and RunPod refused the call to {refusal.what}: {said}",
            hint="The key is not the reason: a proxy or Cloudflare blocks this network or program.",
        )
    named = _SCOPE.search(refusal.detail)
    scope = named[0] if named else refusal.scope
    lacking = f". It lacks the scope {scope}." if scope else ""
    wanted = f"the scope {scope}" if scope else "that right"
    return NoRight(
        f"The RunPod key may not {refusal.what}: {said}{lacking}",
        hint=f"Give the key {wanted} at {RUNPOD.keys_address}, or use another key.",
        scope=scope,
    )


def _server_error(refusal: Refusal, said: str) -> LauncherError:
    if refusal.is_create:
        return RentUnclear(f"RunPod failed while renting; a pod may exist: {said}")
    return ProviderUnavailable(
        f"RunPod could not {refusal.what} just now: {said}",
        retry_after_seconds=refusal.retry_after_seconds,
    )


def _said(refusal: Refusal) -> str:
    """RunPod's own words, its status and the id of the request for its support."""
    words = refusal.detail or "no explanation"
    request = f", request {refusal.request_id}" if refusal.request_id else ""
    return f"{words} (HTTP {refusal.status}{request})"


@dataclass(frozen=True)
class RefusalText:
    """What the body of a refusal says, whatever its form."""

    detail: str = ""
    errors: tuple[str, ...] = ()
    is_page: bool = False


def read_refusal_text(body: bytes, content_type: str) -> RefusalText:
    """Never raises: problem+json, other JSON, an HTML page, plain text or nothing."""
    text = body[:65_536].decode("utf-8", "replace").strip()
    if "html" in content_type or text[:1] == "<":
        return RefusalText(_quoted(_title(text)), is_page=True)
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return RefusalText(_quoted(text))
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return RefusalText(_quoted(text))
    detail = next(
        (
            document[key]
            for key in ("detail", "error", "message", "title")
            if isinstance(document.get(key), str) and document[key]
        ),
        "",
    )
    found = document.get("errors") or document.get("problems") or []
    errors = tuple(_quoted(str(each)) for each in found) if isinstance(found, list) else ()
    return RefusalText(_quoted(detail), errors[:10])


def _title(page: str) -> str:
    lowered = page.lower()
    start, end = lowered.find("<title>"), lowered.find("</title>")
    title = page[start + 7 : end].strip() if 0 <= start < end else ""
    code = " (error 1010)" if "1010" in lowered and "1010" not in title else ""
    return f"a web page instead of an answer{': ' + title if title else ''}{code}"


def _quoted(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_QUOTE else flat[: _LONGEST_QUOTE - 1] + "…"
