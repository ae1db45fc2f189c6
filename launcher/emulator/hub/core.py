"""The emulated Hub itself: a request in, a response out. No threads, no sockets, the clock handed in."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote

from launcher.emulator.hub.faults import Faults
from launcher.emulator.hub.jobs import Jobs
from launcher.emulator.hub.limits import RateLimits
from launcher.emulator.hub.store import Repo, Store
from launcher.emulator.hub.tokens import Token, drawn_tokens
from launcher.emulator.hub.wire import Refusal, Request, Response, json_response
from launcher.emulator.runpod.runner import PodRunner, ScriptedRunner

Now = Callable[[], float]

REVOKED = "Invalid credentials in Authorization header"
NO_REPO = "Repository not found"
KIND_OF_FOLDER = {"models": "model", "datasets": "dataset", "spaces": "space"}


@dataclass(frozen=True)
class Sizes:
    """Byte limits a test may shrink, so that it need not move hundreds of megabytes."""

    lfs_from_bytes: int = 10 << 20
    multipart_from_bytes: int = 64 << 20
    part_bytes: int = 16 << 20
    rows_per_page: int = 1000


@dataclass(frozen=True)
class LogEntry:
    """One answered request, with the token's label and never its value."""

    method: str
    path: str
    status: int
    token: str | None
    at: float
    user_agent: str = ""


@dataclass(frozen=True)
class Call:
    """A request that found its route: the hub, the named parts of the path, and who asks."""

    hub: HubCore
    request: Request
    parts: Mapping[str, str]

    @property
    def token(self) -> Token | None:
        return self.hub.token_of(self.request)

    def signed_in(self) -> Token:
        token = self.token
        if token is None:
            raise Refusal(401, "Invalid username or password.")
        return token

    @property
    def kind(self) -> str:
        return KIND_OF_FOLDER[self.parts.get("kinds") or "models"]

    @property
    def repo_id(self) -> str:
        return f"{self.parts['ns']}/{self.parts['name']}"

    def readable_repo(self) -> Repo:
        return self.hub.readable_repo(self.kind, self.repo_id, self.token)

    def writable_repo(self) -> Repo:
        return self.hub.writable_repo(self.kind, self.repo_id, self.token)

    def content_repo(self) -> Repo:
        """A repo whose files this token may have: readable, and past the gate if it has one."""
        repo = self.readable_repo()
        self.hub.check_gate(repo, self.token)
        return repo


Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Route:
    """A method and a pattern over the raw path; named groups are percent-decoded into `parts`."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler

    @classmethod
    def at(cls, method: str, pattern: str, handler: Handler) -> Route:
        return cls(method, re.compile(_spelt_out(pattern)), handler)


def _spelt_out(pattern: str) -> str:
    """`{repo}` is kind, namespace and name under /api; `{page}` the same as in web addresses."""
    return (
        pattern.replace(
            "{repo}", r"/api/(?P<kinds>models|datasets|spaces)/(?P<ns>[^/]+)/(?P<name>[^/]+)"
        )
        .replace("{page}", r"/(?:(?P<kinds>datasets|spaces)/)?(?P<ns>[^/]+)/(?P<name>[^/]+)")
        .replace("{rev}", r"(?P<rev>[^/]+)")
        .replace("{path}", r"(?P<path>.+)")
    )


@dataclass
class HubCore:
    """State and rules of the emulated Hub over the folder `root`.

    `public_url` and `cdn_url` are what its answers point to; they must differ in origin, so that a
    client that sends its token to the CDN is caught (400). With `xet=False` it is a Hub without xet.
    """

    root: Path
    now: Now
    routes: Sequence[Route]
    """What it answers, in the order they are tried."""
    tokens: dict[str, Token] = field(default_factory=drawn_tokens)
    xet: bool = True
    sizes: Sizes = field(default_factory=Sizes)
    limits: RateLimits = field(default_factory=RateLimits)
    job_runner: PodRunner | None = None
    """What jobs run in; without one their containers only wait."""
    public_url: str = "http://hub.test"
    cdn_url: str = "http://cdn.hub.test"

    def __post_init__(self) -> None:
        # Copies, since revoking one changes it.
        self.tokens = {value: replace(token) for value, token in self.tokens.items()}
        self.store = Store(self.root)
        self.faults = Faults(self.now)
        self.jobs = Jobs(self.now, self.job_runner or ScriptedRunner())
        self.log: list[LogEntry] = []
        self.grants: dict[str, tuple[str, bool]] = {}
        self._lock = threading.RLock()

    def handle(self, request: Request) -> Response:
        """Answer one request. One at a time: the caller may use many threads."""
        with self._lock:
            date = formatdate(self.now(), usegmt=True)
            response = self._answer(request).with_headers({"Date": date})
            token = self.tokens.get(request.bearer or "")
            label = token.label if token else None
            agent = request.headers.get("user-agent", "")
            self.log.append(
                LogEntry(request.method, request.path, response.status, label, self.now(), agent)
            )
            return response

    def more_of(self, follow: Callable[[], bytes | None]) -> bytes | None:
        """The next piece of a stream, while no request is handled."""
        with self._lock:
            return follow()

    def look_after_jobs(self) -> None:
        """Let jobs start and end whose time has come."""
        with self._lock:
            self.jobs.advance()

    def seen(self, method: str, pattern: str) -> list[LogEntry]:
        """The logged requests of a method whose decoded path matches a regular expression."""
        rule = re.compile(pattern)
        return [row for row in self.log if row.method == method and rule.search(unquote(row.path))]

    # Who may do what

    def token_of(self, request: Request) -> Token | None:
        """The token sent, None for an anonymous request; an unknown or revoked one is refused."""
        if "authorization" not in request.headers:
            return None
        token = self.tokens.get(request.bearer or "")
        if token is None or token.is_revoked:
            raise Refusal(401, REVOKED)
        return token

    def readable_repo(self, kind: str, repo_id: str, token: Token | None) -> Repo:
        repo = self.store.repos.get((kind, repo_id.lower()))
        hidden = repo is None or (
            repo.is_private and not (token and token.may_read_private(kind, repo.id))
        )
        if repo is None or hidden:
            # Without a token the Hub does not say whether a repo is absent or private.
            if token is None:
                raise Refusal(401, "Invalid username or password.", "RepoNotFound")
            raise Refusal(404, NO_REPO, "RepoNotFound")
        return repo

    def writable_repo(self, kind: str, repo_id: str, token: Token | None) -> Repo:
        repo = self.readable_repo(kind, repo_id, token)
        if token is None:
            raise Refusal(401, "Invalid username or password.")
        if not token.may_write(kind, repo.id):
            raise Refusal(
                403,
                f"Forbidden: You don't have the rights to write to the {kind} {repo.id}:"
                " pass a token with write access.",
            )
        return repo

    def check_gate(self, repo: Repo, token: Token | None) -> None:
        """Refuse what a gate keeps back; the owner and those granted pass."""
        if not repo.gated:
            return
        if token is None:
            raise Refusal(
                401,
                f"Access to {repo.kind} {repo.id} is restricted. You must have access to it and be"
                " authenticated to access it. Please log in.",
                "GatedRepo",
            )
        is_granted = token.is_member_of(repo.id.split("/")[0]) or token.user in repo.granted
        if not (is_granted and token.may_read_gated):
            raise Refusal(
                403,
                f"Access to {repo.kind} {repo.id} is restricted and you are not in the authorized"
                f" list. Visit {self.public_url}/{repo.id} to ask for access.",
                "GatedRepo",
            )

    def page_url(self, repo: Repo) -> str:
        prefix = "" if repo.kind == "model" else f"{repo.kind_folder}/"
        return f"{self.public_url}/{prefix}{repo.id}"

    # One request

    def _answer(self, request: Request) -> Response:
        rule = self.faults.draw(request)
        for put_off in self.faults.take_due():
            self._routed(put_off)
        early = rule.instead_of_answer(request) if rule else None
        response = self._routed(request) if early is None else early
        if rule is None:
            return response
        spoilt = rule.spoil(response) if early is None else early
        if spoilt is early or spoilt != response:
            self.faults.count(rule)
        return spoilt

    def _routed(self, request: Request) -> Response:
        try:
            self.limits.spend(request, self.now())
            for route in self.routes:
                if route.method != request.method and (route.method, request.method) != (
                    "GET",
                    "HEAD",
                ):
                    continue
                if found := route.pattern.fullmatch(request.path):
                    named = {k: unquote(v) for k, v in found.groupdict().items() if v is not None}
                    return route.handler(Call(self, request, named))
        except Refusal as refusal:
            return refusal.response()
        except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError, ValueError) as error:
            return json_response({"error": f"Bad request: {type(error).__name__} {error}"}, 400)
        return json_response({"error": "Sorry, we can't find the page you are looking for."}, 404)


__all__ = ["Call", "HubCore", "LogEntry", "Route", "Sizes"]
