"""What can go wrong with the Hub, told apart by what the caller has to do about it.

    HubError                       message (what happened) and hint (what to do)
      HubUnavailable               no answer, 408, 429 or 5xx: try later (retry_after_seconds, if known)
      HubConflict                  409 or 412: somebody else is committing, or has committed
      Overtaken                    the commit we wanted to follow is no longer the newest
      HubRefused                   401: the token itself is not accepted
      NoRight                      402, 403: the token is good, but not for this
        Gated                      the repo's owner lets in who accepted its terms, or asked and was let in
      RepoMissing                  no such repo, or one hidden from this token: the Hub does not say which
      NotInRepo                    the repo is there, the revision or file is not
      HubRejected                  the Hub will never accept this request as it is
      NotToBeAsked                 this machine's own environment keeps the Hub from being asked
      Damaged                      what arrived is not what the Hub lists, also when fetched again

Foreign exceptions become these in one function, `translated`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

from pod_image.contract.hinted_error import HintedError
from pod_image.contract.next_steps import Said

BAD_TOKEN = "Invalid credentials in Authorization header"


class HubError(HintedError):
    """Anything the Hub, or the way to it, refused. `hint` says what a person can do."""


class HubUnavailable(HubError):
    """Worth trying again. `retry_after_seconds` is how long the Hub asked to wait, None if it did not."""

    default_hint = "Nothing is wrong on your side: try again later."

    def __init__(
        self, message: Said, *, hint: Said | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class HubConflict(HubError):
    """Another commit is under way (409), or came first (412, `is_stale`)."""

    default_hint = "Read the repo again, and commit on top of its current state."

    def __init__(self, message: Said, *, is_stale: bool) -> None:
        super().__init__(message)
        self.is_stale = is_stale


class Overtaken(HubError):
    """Not tried again: what is there now has to be looked at first."""

    default_hint = "Read the repo again before you decide."


class HubRefused(HubError):
    default_hint = "The token is wrong, expired or revoked: make a new one in the Hub's settings."


class NoRight(HubError):
    default_hint = "Give the token access to this repo, or use another token."


class Gated(NoRight):
    """The account has not accepted the repo's terms, or its token may not read what has a gate."""


class RepoMissing(HubError):
    default_hint = "Check the name; a private repo also looks absent to a token without access."


class NotInRepo(HubError):
    default_hint = "Check the revision and the path."


class HubRejected(HubError):
    default_hint = "Sending the same again will not help."


class CalledOff(HubError):
    default_hint = "Nothing was committed."


class NotToBeAsked(HubError):
    """Names the variable; asking again is of no use while it stands."""


class Damaged(HubError):
    default_hint = "Upload the file to its repo again, or try another machine."


def translated(exc: BaseException, doing: str) -> HubError | None:
    """The HubError for what the library raised while `doing` something, None when it is not the Hub's.

    hf_xet raises builtins (`ConnectionError`, `RuntimeError`) with the status only in the text, and
    large-file uploads wrap the true cause, so the whole chain of causes is looked at.
    """
    if isinstance(exc, ValueError) and str(exc).startswith("Invalid metadata in README.md"):
        said = " ".join(str(exc).split())
        return HubRejected(
            f"The Hub refused the model card: {said}", hint="Correct its YAML header."
        )
    chain = list(_chain(exc))
    for one in chain:
        if isinstance(one, HubError):
            return one
        if isinstance(one, OfflineModeIsEnabled):
            return NotToBeAsked(
                f"The Hub must not be asked, while {doing}: HF_HUB_OFFLINE was set at the start.",
                hint="Unset HF_HUB_OFFLINE and start again.",
            )
        if isinstance(one, HfHubHTTPError):
            return _from_answer(one, doing)
    for one in chain:
        if isinstance(one, httpx2.TransportError):
            return HubUnavailable(f"The Hub did not answer while {doing}: {_kind(one)}.")
        if isinstance(one, HFValidationError):
            return HubRejected(f"Not a valid repo name while {doing}: {_first_line(one)}.")
    # An errno means that the operating system spoke: disk full, no such file. Not the Hub's.
    if isinstance(exc, OSError) and exc.errno is not None:
        return None
    if isinstance(exc, ConnectionError | TimeoutError | RuntimeError | OSError):
        return _from_text(str(exc), doing)
    return None


def _chain(exc: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = exc
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _from_answer(exc: HfHubHTTPError, doing: str) -> HubError:
    status = exc.response.status_code
    said = exc.response.headers.get("X-Error-Message") or exc.server_message or ""
    text = f"The Hub answered {status} while {doing}" + (
        f": {said.strip().rstrip('.')}." if said else "."
    )
    if status == 401 and (said == BAD_TOKEN or not isinstance(exc, RepositoryNotFoundError)):
        return HubRefused(text)
    if isinstance(exc, GatedRepoError):
        return Gated(
            text, hint="Ask for access on the repo's page, and let the token read gated repos."
        )
    if isinstance(exc, DisabledRepoError):
        return NoRight(text, hint="The Hub has disabled this repo.")
    if isinstance(exc, RepositoryNotFoundError):
        return RepoMissing(text)
    if isinstance(exc, RevisionNotFoundError | RemoteEntryNotFoundError):
        return NotInRepo(text)
    if status in {402, 403}:
        return NoRight(text)
    if status in {409, 412}:
        return HubConflict(text, is_stale=status == 412)
    if status in {408, 429} or status >= 500:
        return HubUnavailable(text, retry_after_seconds=_asked_wait_seconds(exc.response, said))
    if status == 404:
        return NotInRepo(text)
    return HubRejected(text)


def _asked_wait_seconds(response: httpx2.Response, said: str) -> float | None:
    """The wait the Hub asks for: its `RateLimit` window if used up, `Retry-After`, or its sentence.

    The commit quota answers 429 with room left in `RateLimit`; only its text names the hour.
    """
    if response.status_code == 429:
        window = parse_ratelimit_headers(response.headers)
        if window is not None and window.remaining == 0:
            return window.reset_in_seconds + 1.0
    retry_after = response.headers.get("Retry-After", "").strip()
    if retry_after.isdigit():
        return float(retry_after)
    if found := re.search(r"in (?:about )?(\d+|an?) (second|minute|hour)", said):
        number = float(found[1]) if found[1].isdigit() else 1.0
        return number * {"second": 1.0, "minute": 60.0, "hour": 3600.0}[found[2]]
    if response.status_code == 429 and "per hour" in said:
        return 3600.0
    return None


def _from_text(text: str, doing: str) -> HubError:
    short = _first_line(text)
    if re.search(r"\b(402|403)\b|Forbidden", text):
        return NoRight(f"The Hub's storage refused the token while {doing}: {short}.")
    if re.search(r"\b401\b|Unauthorized", text):
        return HubRefused(f"The Hub's storage did not accept the token while {doing}: {short}.")
    return HubUnavailable(f"The Hub's storage failed while {doing}: {short}.")


def _kind(exc: BaseException) -> str:
    return f"{type(exc.__cause__ or exc).__name__} {_first_line(exc)}".strip()


def _first_line(exc: object) -> str:
    """Without query strings: addresses of stored files carry signatures there."""
    line = next(iter(str(exc).strip().splitlines()), "")
    return re.sub(r"\?\S+", "", line).rstrip(".")[:300]
