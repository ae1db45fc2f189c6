"""One token's way to the Hub: timeouts, retries and errors in one place, for every call we make.

Nobody else decides about waiting.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import httpx2
from huggingface_hub import __version__ as library_version
from huggingface_hub.utils import _http as library_http
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    get_session,
    hf_raise_for_status,
    set_client_factory,
)
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.late_certificates import LateCertificates
from pod_image.contract.surroundings import (
    Fault,
    hub_faults,
    network_faults,
    odd_letters,
    read_no_proxy,
)
from pod_image.contract.variables import PUBLIC_HUB_URL
from pod_image.hub.in_folder import OpenDataset, OpenFolder, own_dataset, own_folder
from pod_image.hub.refusals import (
    HubConflict,
    HubRefused,
    HubUnavailable,
    NotToBeAsked,
    RepoMissing,
    translated,
)

if TYPE_CHECKING:  # it takes longer to load than a look at a repo takes
    from huggingface_hub import HfApi

Answer = TypeVar("Answer")

BRIEF_SECONDS = 20.0
WITHOUT_TOKEN = (
    "No Hugging Face token was given: give one that may do this. Without one only what is public is found; check the "
    "name too."
)
TROUBLED = frozenset({408, 429, 500, 502, 503, 504})


class Secret(Protocol):
    """Pydantic's SecretStr, or anything that shows its value only when asked."""

    def get_secret_value(self) -> str: ...


@dataclass(frozen=True)
class Patience:
    """How long to wait for what. All in seconds but `slow_bytes_per_second` and `workers`.

    A call is tried again for `keep_trying_seconds`. A wait the Hub asks for is slept through if it
    is at most `asked_wait_seconds`; a longer one is raised, so that the caller can do better.
    """

    connect_seconds: float = 10.0
    answer_seconds: float = 75.0  # the Hub itself ends a request after 60
    keep_trying_seconds: float = 120.0
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 30.0
    asked_wait_seconds: float = 60.0
    # A xet transfer may take this long plus its size at the slow rate; then it counts as stalled.
    stall_seconds: float = 60.0
    slow_bytes_per_second: float = 250_000.0
    workers: int = 8


class NoAnswer(httpx2.TransportError):
    """A connection that failed, under a name that the library's own retries do not know."""


class OneTryClient(httpx2.Client):
    """An HTTP client that lets every failure out at once.

    The library's backoff sleeps on the real clock, gives up after 23 s and covers half of its own
    calls. Waiting is decided in `Hub.ask` alone, so here nothing may look worth a retry to it.
    """

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        try:
            response = super().send(request, **options)
            if response.status_code in TROUBLED:
                response.read()
                hf_raise_for_status(response)
        except (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError) as exc:
            raise NoAnswer(str(exc) or "no answer", request=request) from exc
        return response


@dataclass(frozen=True)
class ClientFactory:
    """Makes the one HTTP client the library shares. Equal factories make the same client."""

    connect_seconds: float
    answer_seconds: float
    transport: httpx2.BaseTransport | None

    def __call__(self) -> httpx2.Client:
        return OneTryClient(
            transport=self.transport,
            verify=LateCertificates(httpx2.create_ssl_context),
            follow_redirects=True,
            timeout=httpx2.Timeout(self.answer_seconds, connect=self.connect_seconds),
            event_hooks={"request": [_offline_check]},
        )


def _offline_check(request: httpx2.Request) -> None:
    library_http.hf_request_event_hook(request)


@dataclass
class Hub:
    """The Hub as one token sees it. Blocking; safe to use from several threads.

    `endpoint` defaults to HF_ENDPOINT, else the public Hub. `now` (unix seconds) and `sleep` are
    the clock. `transport` replaces the network (then `use_xet` must be False: xet brings its own).
    The library shares one HTTP client per process, so all Hubs of a process share a transport.
    """

    token: Secret | None = field(repr=False)
    endpoint: str = ""
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    transport: httpx2.BaseTransport | None = field(default=None, repr=False)
    use_xet: bool = True
    patience: Patience = field(default_factory=Patience)
    agent: str = "pod-launcher"
    open_folder: OpenFolder = own_folder
    """How a folder of a person's own is reached, where one stands in the place of a repo."""
    open_dataset: OpenDataset = own_dataset
    """The same for one that a person filled with a dataset."""

    def __post_init__(self) -> None:
        self.endpoint = (self.endpoint or os.environ.get("HF_ENDPOINT") or PUBLIC_HUB_URL).rstrip(
            "/"
        )
        factory = ClientFactory(
            self.patience.connect_seconds, self.patience.answer_seconds, self.transport
        )
        # Setting it closes the shared client, which another thread may be using: only on change.
        if factory != library_http._GLOBAL_CLIENT_FACTORY:
            set_client_factory(factory)
        self._api: HfApi | None = None

    def hasty(self) -> Hub:
        """The same Hub, but each call is made once: for steps of something that is itself retried."""
        return replace(self, patience=replace(self.patience, keep_trying_seconds=0.0))

    def brief(self) -> Hub:
        """The same Hub with less patience: a person waits for the answer."""
        seconds = min(BRIEF_SECONDS, self.patience.keep_trying_seconds)
        return replace(self, patience=replace(self.patience, keep_trying_seconds=seconds))

    @property
    def goes_by_xet(self) -> bool:
        """Whether large files go by xet, which is wanted and installed."""
        if not self.use_xet or self.transport is not None:
            return False
        from huggingface_hub.utils._runtime import is_xet_available

        return is_xet_available()

    @property
    def api(self) -> HfApi:
        """The library, loaded when it is used. Raises HubRefused for a token that could not even be sent,
        NotToBeAsked where this machine's environment keeps every call from being made.
        """
        value = self._sendable_token()
        if self._api is None:
            from huggingface_hub import HfApi

            self._api = HfApi(endpoint=self.endpoint, token=value or False, library_name=self.agent)
        return self._api

    def _sendable_token(self) -> str:
        """The token, empty without one. Raises as `api` does."""
        for fault in self._faults():
            raise NotToBeAsked(fault.message, hint=fault.hint)
        value = self.token.get_secret_value() if self.token else ""
        if value and (odd := odd_letters(value)):
            raise HubRefused(
                f"The Hugging Face token contains characters that no token has: {odd}.",
                hint="Copy only the key, and all of it.",
            )
        return value

    def _faults(self) -> tuple[Fault, ...]:
        read_no_proxy()
        network = () if self.transport is not None else network_faults()
        return (*hub_faults(self.endpoint), *network)

    def client(self) -> httpx2.Client:
        """The shared HTTP client. Closed and made anew by the library at times: do not keep it."""
        return get_session()

    def headers(self) -> dict[str, str]:
        """Headers with this Hub's token and our user agent."""
        value = self._sendable_token()
        named = {"user-agent": f"{self.agent}/{CONTRACT_VERSION}; hf_hub/{library_version}"}
        return {**named, "authorization": f"Bearer {value}"} if value else named

    def once(self, doing: str, action: Callable[[HfApi], Answer]) -> Answer:
        """One call, not retried. Raises HubError; what is not the Hub's passes through."""
        return self._translating(doing, lambda: action(self.api))

    def _translating(self, doing: str, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except Exception as exc:
            error = translated(exc, doing)
            if error is None or error is exc:
                raise
            if self.token is None and isinstance(error, HubRefused | RepoMissing):
                error.hint = WITHOUT_TOKEN  # none is no wrong one
            raise error from exc

    def ask(self, doing: str, action: Callable[[HfApi], Answer]) -> Answer:
        """One call that may be repeated, retried while the Hub is unavailable. Raises HubError."""
        return self.retrying(lambda: self.once(doing, action))

    def read(self, doing: str, action: Callable[[], Answer]) -> Answer:
        """The same for what goes by `client` and `headers` alone, for which the library's API is not loaded."""

        def checked() -> Answer:
            self._sendable_token()  # before a client is made, which an odd environment keeps from being made
            return action()

        return self.retrying(lambda: self._translating(doing, checked))

    def get_json(self, doing: str, path: Callable[[], str]) -> Any:
        """What the Hub answers at a path below its address, such as /api/whoami-v2. Raises HubError."""

        def get() -> Any:
            answer = self.client().get(f"{self.endpoint}{path()}", headers=self.headers())
            hf_raise_for_status(answer)
            return answer.json()

        return self.read(doing, get)

    def retrying(
        self,
        step: Callable[[], Answer],
        on: tuple[type[Exception], ...] = (HubUnavailable,),
    ) -> Answer:
        """Repeat a step that raises one of `on`, with growing waits, within our patience."""
        started = self.now()
        retry = Retrying(
            retry=retry_if_exception_type(on),
            wait=self._wait_seconds,
            stop=lambda state: self._is_enough(state, started),
            sleep=self.sleep,
            reraise=True,
        )
        return retry(step)

    def _wait_seconds(self, state: RetryCallState) -> float:
        growing = self.patience.first_wait_seconds * 2.0 ** (state.attempt_number - 1)
        return max(min(growing, self.patience.longest_wait_seconds), _asked(state) or 0.0)

    def _is_enough(self, state: RetryCallState, started: float) -> bool:
        if (_asked(state) or 0.0) > self.patience.asked_wait_seconds:
            return True
        waited = self.now() - started + self._wait_seconds(state)
        return waited > self.patience.keep_trying_seconds


def _asked(state: RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after_seconds if isinstance(error, HubUnavailable) else None


TRY_AGAIN: tuple[type[Exception], ...] = (HubUnavailable, HubConflict)
