"""Rate limits as the Hub words them: five-minute windows per class, and an hourly commit quota."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from launcher.emulator.hub.wire import Refusal, Request

WINDOW_SECONDS = 300
COMMIT_WINDOW_SECONDS = 3600


@dataclass
class RateLimits:
    """How many requests a token (or an anonymous client) has per window. None: no limit.

    The commit quota answers with a `RateLimit` header that still shows room (r > 0), as reported of
    the real Hub: a client that only reads that header does not learn how long to wait.
    """

    api: int | None = None
    resolver: int | None = None
    commits_per_hour: int | None = None
    _spent: dict[tuple[str, str, int], int] = field(default_factory=lambda: defaultdict(int))

    def spend(self, request: Request, now: float) -> None:
        """Count the request; refuse it with 429 when its window is used up."""
        who = request.bearer or "anonymous"
        if request.method == "POST" and re.search(r"/commit/[^/]+$", request.path):
            self._spend_commit(who, now)
        kind = "resolvers" if "/resolve/" in request.path else "api"
        if kind == "api" and not request.path.startswith("/api/"):
            return
        quota = self.resolver if kind == "resolvers" else self.api
        if quota is None:
            return
        left = WINDOW_SECONDS - int(now) % WINDOW_SECONDS
        if self._count(who, kind, now, WINDOW_SECONDS) > quota:
            raise Refusal(
                429,
                "You have reached your rate limit. Please wait before you try again.",
                headers={
                    "RateLimit": f'"{kind}";r=0;t={left}',
                    "RateLimit-Policy": f'"fixed window";"{kind}";q={quota};w={WINDOW_SECONDS}',
                },
            )

    def _spend_commit(self, who: str, now: float) -> None:
        quota = self.commits_per_hour
        if quota is None or self._count(who, "commits", now, COMMIT_WINDOW_SECONDS) <= quota:
            return
        raise commit_quota_refusal(quota)

    def _count(self, who: str, kind: str, now: float, window_seconds: int) -> int:
        key = (who, kind, int(now) // window_seconds)
        self._spent[key] += 1
        return self._spent[key]


def commit_quota_refusal(quota: int) -> Refusal:
    return Refusal(
        429,
        f"You have exceeded the rate limit for repository commits ({quota} per hour). You can retry"
        " this action in about 1 hour.",
        headers={
            "RateLimit": '"api";r=949;t=120',
            "RateLimit-Policy": '"fixed window";"api";q=1000;w=300',
        },
    )
