"""HTTP to RunPod: what is sent, what is repeated, and what every refusal becomes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from launcher import __version__
from launcher.cli.terminal.next_steps import in_terminal
from launcher.errors import (
    ApiDrift,
    InsufficientBalance,
    InvalidRequest,
    LauncherError,
    NoCapacity,
    NoRight,
    NotConfigured,
    PodGone,
    ProviderError,
    ProviderUnavailable,
    RentUnclear,
)
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.limits import wait_seconds
from launcher.providers.runpod.refusals import NO_CAPACITY_PHRASES, read_refusal_text
from tests.kit.virtual_time import in_virtual_time
from tests.providers.runpod.harness import KEY, Server, client_of, problem

PAGE = httpx.Response(
    502,
    text="<!DOCTYPE html><html><head><title>api.runpod.io | 502</title></head>gone</html>",
    headers={"content-type": "text/html"},
)


# --- what is sent


async def test_every_request_carries_the_key_and_our_own_user_agent() -> None:
    server = Server(httpx.Response(200, json={"pods": []}))
    client = client_of(server)
    await client.pods()
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.requests[0].headers["user-agent"] == f"pod-launcher/{__version__}"
    assert server.requests[0].url == "https://cloud/v2/pods?includeClusterPods=true"
    assert client.calls == 1
    await client.aclose()


async def test_the_key_is_in_no_repr_log_or_message(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = Server(problem(400, f"you sent {KEY} and demo-token", [f"$: {KEY}"]))
    client = client_of(server)
    with pytest.raises(InvalidRequest) as caught:
        await client.create_pod({"env": {"T": "demo-token"}}, hidden=[SecretStr("demo-token")])
    shown = f"{caught.value!r} {caught.value.message} {caught.value.hint} {client!r} {caplog.text}"
    assert KEY not in shown
    assert "demo-token" not in in_terminal(caught.value.message)
    assert "you sent ***" in in_terminal(caught.value.message)


async def test_the_catalogue_is_asked_with_product_and_count() -> None:
    server = Server(httpx.Response(200, json={"gpus": []}))
    await client_of(server).gpu_types(2, "COMMUNITY")
    assert dict(server.requests[0].url.params) == {
        "include": "AVAILABILITY",
        "product": "POD",
        "count": "2",
        "cloud": "COMMUNITY",
    }


async def test_ids_cannot_break_out_of_their_place_in_the_path() -> None:
    server = Server(httpx.Response(204))
    client = client_of(server)
    await client.delete_pod("a/../b?c")
    await client.delete_secret("x y")
    assert [request.url.raw_path for request in server.requests] == [
        b"/v2/pods/a%2F..%2Fb%3Fc",
        b"/v2/account/secrets/x%20y",
    ]


@pytest.mark.parametrize(
    "url", ["", "api.runpod.io", "ftp://x", "http://api.runpod.io", "http://[", "http://10.0.0.1"]
)
def test_an_address_that_would_carry_the_key_in_clear_is_refused(url: str) -> None:
    with pytest.raises(NotConfigured, match="not an https address"):
        RunPodClient(SecretStr(KEY), url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"]
)
def test_this_machine_may_be_reached_without_tls(url: str) -> None:
    assert url in repr(RunPodClient(SecretStr(KEY), url))


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(NotConfigured, match="empty or contains characters") as caught:
        RunPodClient(SecretStr(key), "https://cloud")
    assert not key.strip() or key not in in_terminal(caught.value.message)


# --- what is repeated


async def test_a_read_is_repeated_until_the_cloud_answers() -> None:
    server = Server(
        problem(503, "x"), PAGE, httpx.ReadTimeout("late"), httpx.Response(200, json={"id": "p"})
    )
    assert await client_of(server).pod("p") == {"id": "p"}
    assert len(server.requests) == 4


async def test_a_read_is_given_up_after_its_attempts() -> None:
    server = Server(problem(503, "upstream unavailable", x_request_id="req-7"))
    with pytest.raises(
        ProviderUnavailable, match=r"upstream unavailable \(HTTP 503, request req-7\)"
    ):
        await client_of(server, attempts=3).pods()
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 410, 413, 422])
async def test_a_clear_no_is_not_repeated(status: int) -> None:
    server = Server(problem(status, "no"))
    with pytest.raises(LauncherError):
        await client_of(server).pod("p")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        problem(500, "internal server error"),
        problem(503, "x"),
        PAGE,
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("cut"),
        httpx.WriteError("cut"),
        httpx.Response(201, text="<html>"),
        httpx.Response(201, text=""),
    ],
)
async def test_a_create_of_unclear_outcome_is_sent_once_and_says_so(answer: Any) -> None:
    server = Server(answer)
    with pytest.raises(RentUnclear):
        await client_of(server).create_pod({})
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [httpx.ConnectError("no route"), httpx.ConnectTimeout("x")])
async def test_a_create_that_never_left_is_not_unclear(answer: Exception) -> None:
    server = Server(answer)
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        await client_of(server).create_pod({})
    assert len(server.requests) == 1


async def test_a_command_and_a_secret_are_sent_once() -> None:
    server = Server(problem(503, "x"))
    with pytest.raises(ProviderUnavailable):
        await client_of(server).execute("p", ["true"], 20)
    with pytest.raises(ProviderUnavailable):
        await client_of(server).create_secret("n", SecretStr("demo-value"))
    assert len(server.requests) == 2
    assert json.loads(server.requests[0].content) == {"command": ["true"], "timeoutSeconds": 20}


# --- rate limits


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0),
        ({"ratelimit": '"minute";r=3;t=40, "hour";r=10;t=100'}, 0),
        ({"ratelimit": '"minute";r=0;t=40, "hour";r=0;t=2701, "day";r=5;t=9999'}, 2701),
        ({"retry-after": "60", "ratelimit": '"minute";r=0;t=40'}, 60),
        ({"ratelimit": "minute;r=0;t=12"}, 12),
        ({"ratelimit": "nonsense"}, 0),
        ({"ratelimit": '"minute";r=0'}, 0),
    ],
)
def test_the_longest_window_at_zero_decides_the_wait(
    headers: dict[str, str], seconds: float
) -> None:
    assert wait_seconds(headers) == seconds


@in_virtual_time
async def test_a_limit_that_one_call_met_holds_back_all_calls() -> None:
    server = Server(
        problem(429, "rate limit exceeded for the minute window", Retry_After="30"),
        httpx.Response(200, json={"pods": []}),
    )
    client = client_of(server)
    loop = asyncio.get_running_loop()
    await asyncio.gather(client.pods(), client.pods())
    assert loop.time() == pytest.approx(30)
    assert len(server.requests) == 3


@in_virtual_time
async def test_a_window_that_is_empty_after_a_success_is_waited_for() -> None:
    server = Server(
        httpx.Response(200, json={"pods": []}, headers={"ratelimit": '"minute";r=0;t=20'}),
        httpx.Response(200, json={"pods": []}),
    )
    client = client_of(server)
    await client.pods()
    await client.pods()
    assert asyncio.get_running_loop().time() == pytest.approx(20)


@in_virtual_time
async def test_a_limit_of_hours_is_reported_and_not_slept_through() -> None:
    server = Server(
        problem(429, "rate limit exceeded for the hour window", ratelimit='"hour";r=0;t=2701')
    )
    client = client_of(server)
    with pytest.raises(ProviderUnavailable, match="another 45 minutes") as caught:
        await client.pods()
    assert caught.value.retry_after_seconds == pytest.approx(2701)
    assert len(server.requests) == 1


# --- what refusals become


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (400, InvalidRequest, "refused to rent the pod"),
        (401, NotConfigured, "refused the key"),
        (402, InsufficientBalance, "balance is too low"),
        (403, NoRight, "may not rent the pod"),
        (404, ProviderError, "refused to rent the pod"),
        (405, ApiDrift, "no longer accepts"),
        (409, ProviderError, "current state"),
        (410, ApiDrift, "REST v1 is"),
        (413, InvalidRequest, "too large"),
        (422, InvalidRequest, "refused to rent the pod"),
        (429, ProviderUnavailable, "rate limit"),
        (500, RentUnclear, "a pod may exist"),
        (302, ApiDrift, "answered 302"),
        (418, ProviderError, "refused to rent the pod"),
    ],
)
async def test_each_status_of_a_create_has_its_meaning(
    status: int, kind: type[LauncherError], said: str
) -> None:
    server = Server(problem(status, "words of theirs", x_request_id="req-1"))
    with pytest.raises(LauncherError) as caught:
        await client_of(server).create_pod({})
    assert type(caught.value) is kind
    assert said in in_terminal(caught.value.message)
    assert "words of theirs" in in_terminal(caught.value.message)
    assert "req-1" in in_terminal(caught.value.message)


@pytest.mark.parametrize("phrase", NO_CAPACITY_PHRASES)
async def test_every_known_phrase_of_no_capacity_is_understood(phrase: str) -> None:
    server = Server(problem(400, f"Sorry: {phrase.upper()} just now."))
    with pytest.raises(NoCapacity):
        await client_of(server).create_pod({})


async def test_a_phrase_of_no_capacity_means_nothing_elsewhere() -> None:
    with pytest.raises(ProviderError) as caught:
        await client_of(Server(problem(400, "no capacity"))).pods()
    assert type(caught.value) is ProviderError


async def test_what_is_missing_is_named_before_what_is_not_allowed() -> None:
    errors = ["$: additional properties 'image' not allowed", "$: missing property 'name'"]
    with pytest.raises(InvalidRequest) as caught:
        await client_of(Server(problem(422, "Request validation failed.", errors))).create_pod({})
    message = in_terminal(caught.value.message)
    assert message.index("missing property") < message.index("not allowed")


async def test_a_pod_that_is_not_there_and_a_call_that_is_not_there_differ() -> None:
    with pytest.raises(PodGone):
        await client_of(Server(problem(404, "pod not found"))).pod("p")
    with pytest.raises(ApiDrift, match="no call to run a command"):
        await client_of(Server(problem(404, "The requested path was not found."))).execute(
            "p", ["x"], 5
        )
    with pytest.raises(ProviderError) as caught:
        await client_of(Server(problem(404, "resource not found"))).secrets()
    assert type(caught.value) is ProviderError


async def test_a_block_of_cloudflare_is_not_blamed_on_the_key() -> None:
    page = httpx.Response(403, text="<html><title>Denied</title>error code: 1010</html>")
    with pytest.raises(ProviderError, match="between here and RunPod") as caught:
        await client_of(Server(page)).pods()
    assert not isinstance(caught.value, NoRight)
    assert "1010" in in_terminal(caught.value.message)


@pytest.mark.parametrize(
    ("body", "kind", "detail"),
    [
        (b"", "", ""),
        (b"plain words", "text/plain", "plain words"),
        (b'{"detail": "d"}', "application/json", "d"),
        (b'{"error": "e", "status": 500}', "application/json", "e"),
        (b'[{"error": "e", "problems": ["p"]}]', "application/json", "e"),
        (b'{"message": "m"}', "", "m"),
        (b'{"detail": 3, "title": "t"}', "", "t"),
        (b"{}", "", ""),
        (b"[]", "", "[]"),
        (b"[1]", "", "[1]"),
        (b'"text"', "", '"text"'),
        (b"<html>no title</html>", "text/html", "a web page instead of an answer"),
        (b"\xff\xfe", "", "\ufffd\ufffd"),
        (b"[" * 60_000, "", "[" * 299 + "\u2026"),
        (b"x" * 1000, "", "x" * 299 + "\u2026"),
    ],
)
def test_any_body_of_a_refusal_can_be_read(body: bytes, kind: str, detail: str) -> None:
    assert read_refusal_text(body, kind).detail == detail


async def test_a_refusal_whose_body_breaks_off_keeps_its_status() -> None:
    class Breaks(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"{"
            raise httpx.ReadError("cut")

    stream = httpx.Response(503, stream=Breaks())
    with pytest.raises(ProviderUnavailable):
        async for _ in client_of(Server(stream)).log("p", "", 10):
            pass


# --- answers that are no refusals


@pytest.mark.parametrize("body", ["", "<html>", "[[["])
async def test_a_success_that_is_not_json_is_drift(body: str) -> None:
    with pytest.raises(ApiDrift, match="not JSON"):
        await client_of(Server(httpx.Response(200, text=body))).pod("p")


@pytest.mark.parametrize("document", [{}, {"pods": None}, {"pods": {}}, "pods", 3])
async def test_a_list_that_is_none_is_drift(document: Any) -> None:
    with pytest.raises(ApiDrift, match="has no list of pods"):
        await client_of(Server(httpx.Response(200, json=document))).pods()


async def test_pages_are_followed_and_a_repeated_cursor_ends_them() -> None:
    def page(pods: list[str], cursor: Any) -> httpx.Response:
        paging = {"hasNextPage": cursor is not None, "nextCursor": cursor}
        return httpx.Response(200, json={"pods": pods, "pagination": paging})

    server = Server(page(["a"], "1"), page(["b"], "2"), page(["c"], "2"))
    assert await client_of(server).pods() == ["a", "b", "c"]
    assert [request.url.params.get("cursor") for request in server.requests] == [None, "1", "2"]
    for last in (page(["a"], None), page(["a"], 7), httpx.Response(200, json=["a"])):
        assert await client_of(Server(last)).pods() == ["a"]


# --- the log stream


async def test_events_of_the_log_are_read_and_heartbeats_passed_over() -> None:
    text = ': hello\n\nid: 7/1\ndata: {"a":1}\n\n: beat\n\ndata: x\ndata: y\nevent: z\n\nid: 9\ndata: cut off'
    server = Server(httpx.Response(200, text=text))
    events = [event async for event in client_of(server).log("p", "5/1", 100)]
    assert [(event.id, event.data) for event in events] == [("7/1", '{"a":1}'), ("7/1", "x\ny")]
    assert server.requests[0].headers["last-event-id"] == "5/1"
    assert server.requests[0].url.params["tail"] == "100"


async def test_a_log_that_breaks_is_unavailable_not_over() -> None:
    class Breaks(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"id: 1\ndata: a\n\n"
            raise httpx.ReadTimeout("silence")

    seen: list[str] = []
    client = client_of(Server(httpx.Response(200, stream=Breaks())))

    async def read() -> None:
        async for event in client.log("p", "", 1):
            seen.append(event.data)  # noqa: PERF401  what came before the break counts

    with pytest.raises(ProviderUnavailable, match="broke off: ReadTimeout"):
        await read()
    assert seen == ["a"]


async def test_the_balance_is_asked_by_graphql_with_the_key_in_the_header() -> None:
    server = Server(httpx.Response(200, json={"data": {"myself": {"clientBalance": 3}}}))
    await client_of(server).balance()
    assert str(server.requests[0].url) == "https://cloud/graphql"
    assert "clientBalance" in json.loads(server.requests[0].content)["query"]
