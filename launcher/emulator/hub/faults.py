"""Things that go wrong on the real Hub, each by a name that tests and people can switch on."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from launcher.emulator.hub.limits import commit_quota_refusal
from launcher.emulator.hub.wire import Cut, Refusal, Request, Response

HOUR_SECONDS = 3600.0
ANYTHING = r".*"
COMMIT = r"^POST .*/commit/[^/]+$"
CONTENT = r"^GET (/cdn/|/xorb/|.*/resolve/)"
STORAGE = r"^\w+ /xet/"


@dataclass
class Rule:
    """One fault. It strikes requests whose `METHOD path` (decoded) matches `pattern`.

    The first `skip` of them pass, then `times` are struck, and none after the clock shows `until`.
    Exactly one of these is the effect: `refusal` (answered instead), `drop` (cut before anything
    happens), `lose_reply` (carried out, then cut), `keep_bytes` (body cut after that many bytes),
    `delay_seconds` (answered late), `postpone` (answered 504, carried out just before the next
    request that matches).
    """

    pattern: str
    times: float = 1
    skip: int = 0
    until: float = math.inf
    refusal: Refusal | None = None
    drop: bool = False
    lose_reply: bool = False
    keep_bytes: int | None = None
    delay_seconds: float = 0.0
    postpone: bool = False
    by_reset: bool = False
    name: str = ""

    def matches(self, request: Request) -> bool:
        return bool(re.search(self.pattern, f"{request.method} {unquote(request.path)}"))

    def strikes(self, request: Request, now: float) -> bool:
        """Whether this request is struck; counts it if so."""
        if self.times <= 0 or now >= self.until:
            return False
        if not self.matches(request):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True

    def instead_of_answer(self, request: Request) -> Response | None:
        if self.refusal is not None:
            return self.refusal.response()
        if self.postpone:
            return refused(504, "Gateway Timeout").response()
        if self.drop:
            return Response(502, cut=Cut(None, self.by_reset))
        return None

    def spoil(self, response: Response) -> Response:
        if self.lose_reply:
            return replace(response, cut=Cut(None, self.by_reset))
        if self.keep_bytes is not None and response.size > self.keep_bytes:
            return replace(response, cut=Cut(self.keep_bytes, self.by_reset))
        return replace(response, delay_seconds=self.delay_seconds)


@dataclass(frozen=True)
class NamedFault:
    """A fault a person can ask for: its sentence, and the rules it stands for at a given time."""

    sentence: str
    rules: Callable[[float], list[Rule]]


def refused(status: int, message: str, **headers: str) -> Refusal:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refusal(status, message, headers=named)


def _busy() -> Refusal:
    return refused(503, "Service Unavailable")


def _rate_limited(seconds: int) -> Refusal:
    return refused(
        429,
        "You have reached your rate limit. Please wait before you try again.",
        RateLimit=f'"api";r=0;t={seconds}',
        RateLimit_Policy='"fixed window";"api";q=1000;w=300',
        Retry_After=str(seconds),
    )


NAMED_FAULTS: dict[str, NamedFault] = {
    "busy": NamedFault(
        "The next three requests of any kind are answered 503.",
        lambda now: [Rule(ANYTHING, times=3, refusal=_busy())],
    ),
    "down": NamedFault(
        "Every request is answered 503 for ten minutes.",
        lambda now: [Rule(ANYTHING, math.inf, until=now + 600, refusal=_busy())],
    ),
    "down-for-hours": NamedFault(
        "No connection gets an answer for three hours.",
        lambda now: [Rule(ANYTHING, math.inf, until=now + 3 * HOUR_SECONDS, drop=True)],
    ),
    "slow": NamedFault(
        "Every answer of the next minute comes two seconds late.",
        lambda now: [Rule(ANYTHING, math.inf, until=now + 60, delay_seconds=2.0)],
    ),
    "silent": NamedFault(
        "The next commit is carried out, but its answer takes an hour.",
        lambda now: [Rule(COMMIT, delay_seconds=HOUR_SECONDS)],
    ),
    "commit-refused": NamedFault(
        "Commits are answered 403 for an hour: the storage limit is reached.",
        lambda now: [
            Rule(
                COMMIT,
                math.inf,
                until=now + HOUR_SECONDS,
                refusal=refused(403, "Private repository storage limit reached"),
            )
        ],
    ),
    "commit-busy": NamedFault(
        "The next two commits are answered 503.",
        lambda now: [Rule(COMMIT, times=2, refusal=_busy())],
    ),
    "commit-locked": NamedFault(
        "The next two commits are answered 409: another one is in progress.",
        lambda now: [
            Rule(
                COMMIT,
                times=2,
                refusal=refused(
                    409,
                    "Another commit operation is in progress for this repository."
                    " Please try again later.",
                ),
            )
        ],
    ),
    "commit-stale": NamedFault(
        "The next commit is answered 412, as if somebody else had committed just before.",
        lambda now: [
            Rule(
                COMMIT,
                refusal=refused(412, "A commit has happened since. Please refresh and try again."),
            )
        ],
    ),
    "commit-reply-lost": NamedFault(
        "The next commit is carried out, then the connection is cut before its answer.",
        lambda now: [Rule(COMMIT, lose_reply=True)],
    ),
    "commit-late": NamedFault(
        "The next commit is answered 504, and carried out all the same when another one comes.",
        lambda now: [Rule(COMMIT, postpone=True)],
    ),
    "commit-quota": NamedFault(
        "Commits are answered 429 for an hour, with a header that shows room left.",
        lambda now: [
            Rule(COMMIT, math.inf, until=now + HOUR_SECONDS, refusal=commit_quota_refusal(128))
        ],
    ),
    "rate-limited": NamedFault(
        "Every request is answered 429 for four minutes.",
        lambda now: [Rule(ANYTHING, math.inf, until=now + 240, refusal=_rate_limited(240))],
    ),
    "dropped": NamedFault(
        "The next three connections are cut before anything happens.",
        lambda now: [Rule(ANYTHING, times=3, drop=True)],
    ),
    "reset": NamedFault(
        "The next three connections are reset before anything happens.",
        lambda now: [Rule(ANYTHING, times=3, drop=True, by_reset=True)],
    ),
    "download-truncated": NamedFault(
        "The next three downloads end after 1,000 bytes.",
        lambda now: [Rule(CONTENT, times=3, keep_bytes=1000)],
    ),
    "download-reset": NamedFault(
        "The next three downloads are reset after 1,000 bytes.",
        lambda now: [Rule(CONTENT, times=3, keep_bytes=1000, by_reset=True)],
    ),
    "upload-busy": NamedFault(
        "The next two large-file uploads are answered 500.",
        lambda now: [
            Rule(r"^PUT /lfs-|^POST /xet/", times=2, refusal=refused(500, "Internal Error"))
        ],
    ),
    "xet-down": NamedFault(
        "Xet storage answers 503 for ten minutes; the Hub itself works.",
        lambda now: [Rule(STORAGE, math.inf, until=now + 600, refusal=_busy())],
    ),
    "xet-stalled": NamedFault(
        "Xet storage accepts requests and does not answer for an hour; the Hub itself works.",
        lambda now: [Rule(STORAGE, math.inf, until=now + HOUR_SECONDS, delay_seconds=HOUR_SECONDS)],
    ),
    "whoami-busy": NamedFault(
        "The next three questions who a token is are answered 429, one minute each.",
        lambda now: [Rule(r"^GET /api/whoami-v2", times=3, refusal=_rate_limited(60))],
    ),
    "token-revoked": NamedFault(
        "After the next commit every token is refused with 401.",
        lambda now: [
            Rule(
                r"^\w+ /(?!cdn/|xorb/|xet/|lfs-)",
                math.inf,
                refusal=refused(401, "Invalid credentials in Authorization header"),
            )
        ],
    ),
}


class Faults:
    """The rules in force, tried in the order they were added."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._rules: list[Rule] = []
        self._after_commit: list[Rule] = []
        self._postponed: list[tuple[Rule, Request]] = []
        self._due: list[Request] = []
        self.struck: dict[str, int] = {}
        """How often each fault of a name changed what a client saw."""

    def switch_on(self, name: str) -> None:
        """Switch on a fault of `NAMED_FAULTS`. Raises KeyError with the known names."""
        if name not in NAMED_FAULTS:
            raise KeyError(f"no fault {name!r}; there are {', '.join(sorted(NAMED_FAULTS))}")
        rules = [replace(rule, name=name) for rule in NAMED_FAULTS[name].rules(self._now())]
        (self._after_commit if name == "token-revoked" else self._rules).extend(rules)

    def add(self, rule: Rule) -> Rule:
        self._rules.append(rule)
        return rule

    def clear(self) -> None:
        self._rules.clear()
        self._after_commit.clear()

    def draw(self, request: Request) -> Rule | None:
        """The rule that strikes this request, if one does."""
        now = self._now()
        self._due += [r for rule, r in self._postponed if rule.matches(request)]
        self._postponed = [row for row in self._postponed if not row[0].matches(request)]
        struck = next((rule for rule in self._rules if rule.strikes(request, now)), None)
        if self._after_commit and re.search(COMMIT, f"{request.method} {request.path}"):
            self._rules += self._after_commit
            self._after_commit = []
        if struck is not None and struck.postpone:
            self._postponed.append((struck, request))
        return struck

    def count(self, rule: Rule) -> None:
        if rule.name:
            self.struck[rule.name] = self.struck.get(rule.name, 0) + 1

    def take_due(self) -> list[Request]:
        """Requests that were put off and whose time has come, each handed out once."""
        due, self._due = self._due, []
        return due
