"""What a registry tells of an image, against the emulated one; and what a hostile one cannot make of its answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.emulator.registry import KnownImage, RegistryApp, RegistryContents
from launcher.emulator.registry.contents import AMD64, ARM64
from launcher.providers.registry import default_place
from launcher.services.common.image_check import ImageCheck, Verdict, check_image
from launcher.services.common.image_registry import MOST_BYTES

URL = "http://127.0.0.1:5000"
NAME = "ghcr.io/me/pod:1"


async def ask(
    contents: RegistryContents, image: str = NAME, **options: Any
) -> tuple[ImageCheck, RegistryApp]:
    app = RegistryApp(contents)
    found = await check_image(
        image,
        default_place(),
        registry_url=URL,
        transport=httpx.ASGITransport(app),
        **options,
    )
    return found, app


def having(name: str = NAME, **image: Any) -> RegistryContents:
    contents = RegistryContents()
    contents.add(name, KnownImage(**image))
    return contents


@pytest.mark.parametrize("is_listed", [True, False])
async def test_size_platform_and_digest_are_told_of_an_image_that_is_there(
    is_listed: bool,
) -> None:
    contents = RegistryContents()
    digest = contents.add(NAME, KnownImage(2_900_000_000, is_listed=is_listed))
    found, app = await ask(contents)
    assert (found.verdict, found.size_bytes, found.digest) == (
        Verdict.THERE,
        2_900_000_000,
        digest,
    )
    assert {one.method for one in app.seen} == {"HEAD", "GET"}
    assert app.seen[0].method == "HEAD"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("python:3.12", "docker.io/library/python:3.12"),
        ("runpod/pytorch:1", "docker.io/runpod/pytorch:1"),
        ("quay.io/a/b:1", "quay.io/a/b:1"),
        ("nvcr.io/nvidia/x:1-py3", "nvcr.io/nvidia/x:1-py3"),
        ("localhost:5000/a:2", "localhost:5000/a:2"),
    ],
)
async def test_a_stand_in_is_told_whose_image_is_meant(written: str, kept: str) -> None:
    found, _ = await ask(having(kept), written)
    assert found.verdict is Verdict.THERE


async def test_an_image_is_asked_for_by_its_digest_too() -> None:
    contents = RegistryContents()
    digest = contents.add(NAME)
    found, _ = await ask(contents, f"ghcr.io/me/pod@{digest}")
    assert (found.verdict, found.digest) == (Verdict.THERE, digest)
    absent, _ = await ask(contents, f"ghcr.io/me/pod@sha256:{'0' * 64}")
    assert absent.verdict is Verdict.ABSENT


@pytest.mark.parametrize("has_several", [True, False])
async def test_which_python_is_in_it_is_read_for_bootstrap_alone(has_several: bool) -> None:
    platforms = (ARM64, AMD64) if has_several else (AMD64,)
    contents = having("python:3.12", python="3.12.4", platforms=platforms)
    found, _ = await ask(contents, "bootstrap:python:3.12")
    assert found.python == (3, 12)
    other, app = await ask(contents, "python:3.12")
    assert other.python is None
    assert not any("/blobs/" in one.path for one in app.seen)


async def test_the_last_pulls_of_docker_hubs_limit_are_left_to_others() -> None:
    app = RegistryApp(having("python:3.12"))

    async def limited(scope: Any, receive: Any, send: Any) -> None:
        async def tagged(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"ratelimit-remaining", b"2;w=21600")]
            await send(message)

        await app(scope, receive, tagged)

    found = await check_image(
        "python:3.12", default_place(), registry_url=URL, transport=httpx.ASGITransport(limited)
    )
    assert (found.verdict, found.size_bytes) == (Verdict.THERE, None)
    assert {one.method for one in app.seen if one.path != "/token"} == {"HEAD"}


async def test_a_limit_that_is_met_while_reading_leaves_what_was_told_before() -> None:
    found, _ = await ask(having(is_readable=False))
    assert (found.verdict, found.size_bytes, found.sentence) == (
        Verdict.THERE,
        None,
        f"{NAME} exists",
    )


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ("image-absent", Verdict.ABSENT),
        ("image-other-platform", Verdict.OTHER_PLATFORM),
        ("image-private", Verdict.DENIED),
        ("registry-busy", Verdict.UNKNOWN),
        ("registry-down", Verdict.UNKNOWN),
    ],
)
async def test_each_fault_of_a_registry_has_its_verdict(fault: str, verdict: Verdict) -> None:
    contents = having()
    contents.switch_on(fault)
    assert (await ask(contents))[0].verdict is verdict


async def test_a_name_that_no_registry_could_have_is_absent_and_nobody_is_asked() -> None:
    found, app = await ask(having(), "ghcr.io/Me/Pod:1")
    assert found.verdict is Verdict.ABSENT
    assert "lower-case letters" in found.sentence
    assert app.seen == []


# --- strangers' answers


Answer = Callable[[httpx.Request], httpx.Response]
DOCUMENT = {"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]}


class Hostile:
    """One server that answers as told, and what anybody was asked with."""

    def __init__(self, **answers: Answer | httpx.Response) -> None:
        self.answers = answers
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        key = "token" if request.url.path.endswith("/token") else request.method.lower()
        if "authorization" not in request.headers and key == "head" and "token" in self.answers:
            return self._of("challenge", request)
        return self._of(key, request)

    def _of(self, key: str, request: httpx.Request) -> httpx.Response:
        answer = self.answers.get(key, httpx.Response(200, json=DOCUMENT))
        return answer(request) if callable(answer) else answer

    async def ask(self, image: str = NAME) -> ImageCheck:
        return await check_image(image, default_place(), transport=httpx.MockTransport(self))


def challenge(realm: str) -> httpx.Response:
    return httpx.Response(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}"'})


TOKEN = httpx.Response(200, json={"token": "demo-ticket"})


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.example.com/token",
        "https://127.0.0.1/token",
        "https://[::1]/token",
        "https://localhost/token",
        "https://169.254.169.254/token",
        "file:///etc/passwd",
        "//",
        "ftp://auth.example.com/token",
    ],
)
async def test_a_ticket_is_fetched_over_https_from_a_named_host_alone(realm: str) -> None:
    server = Hostile(challenge=challenge(realm), token=TOKEN)
    assert (await server.ask()).verdict is Verdict.UNKNOWN
    assert [one.url.host for one in server.seen] == ["ghcr.io"]


async def test_a_registry_on_this_machine_may_send_to_its_own_tokens() -> None:
    server = Hostile(challenge=challenge("http://127.0.0.1:5001/token"), token=TOKEN)
    assert (await server.ask("localhost:5000/a:1")).verdict is Verdict.THERE


async def test_the_ticket_goes_to_no_other_host_that_a_registry_redirects_to() -> None:
    def elsewhere(request: httpx.Request) -> httpx.Response:
        if request.url.host == "ghcr.io":
            return httpx.Response(307, headers={"Location": "https://cdn.example.com/m"})
        return httpx.Response(200, json=DOCUMENT)

    server = Hostile(challenge=challenge("https://ghcr.io/token"), token=TOKEN, get=elsewhere)
    assert (await server.ask()).verdict is Verdict.THERE
    given = {one.url.host: "authorization" in one.headers for one in server.seen}
    assert given == {"ghcr.io": True, "cdn.example.com": False}


@pytest.mark.parametrize(
    "where",
    [
        "http://cdn.example.com/x",
        "https://10.0.0.1/x",
        "https://localhost/x",
        "http://169.254.169.254/latest/meta-data",
    ],
)
async def test_a_redirect_to_where_only_this_computer_gets_is_not_followed(where: str) -> None:
    server = Hostile(get=httpx.Response(307, headers={"Location": where}))
    assert (await server.ask()).verdict is Verdict.UNKNOWN
    assert {one.url.host for one in server.seen} == {"ghcr.io"}


async def test_redirects_in_a_circle_end() -> None:
    server = Hostile(get=httpx.Response(307, headers={"Location": "/again"}))
    assert (await server.ask()).verdict is Verdict.UNKNOWN
    assert len(server.seen) < 8


class Endless(httpx.AsyncByteStream):
    def __init__(self) -> None:
        self.sent = 0

    async def __aiter__(self) -> Any:
        while True:
            self.sent += 2**16
            yield b" " * 2**16


async def test_an_endless_answer_is_read_to_its_bound_alone() -> None:
    stream = Endless()
    server = Hostile(get=httpx.Response(200, stream=stream))
    assert (await server.ask()).verdict is Verdict.UNKNOWN
    assert stream.sent <= MOST_BYTES + 2**17


async def test_a_packed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(json.dumps(DOCUMENT).encode())
    answer = httpx.Response(
        200, stream=httpx.ByteStream(packed), headers={"Content-Encoding": "gzip"}
    )
    assert (await Hostile(get=answer).ask()).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "document",
    [
        {"manifests": "x"},
        {"manifests": [1]},
        {"manifests": [{"platform": {"os": "unknown", "architecture": "unknown"}}]},
        {"manifests": []},
        {"config": {"digest": ["x"]}},
        {"config": {}},
        {},
    ],
)
async def test_odd_documents_are_unknown_and_no_error(document: Any) -> None:
    server = Hostile(get=httpx.Response(200, json=document))
    assert (await server.ask()).verdict is Verdict.UNKNOWN


async def test_deep_documents_are_unknown_and_no_error() -> None:
    server = Hostile(get=httpx.Response(200, content=b"[" * 100_000))
    assert (await server.ask()).verdict is Verdict.UNKNOWN


async def test_a_content_that_is_not_what_its_digest_says_is_not_believed() -> None:
    found = await Hostile().ask(f"ghcr.io/me/pod@sha256:{'0' * 64}")
    assert found.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("size", [-1, True, "9", 2**60, None, 1.5])
async def test_a_layer_of_no_size_leaves_the_size_untold(size: Any) -> None:
    layers = [{"size": 5}, {"size": size}]
    config = {"os": "linux", "architecture": "amd64"}

    def answer(request: httpx.Request) -> httpx.Response:
        is_config = "/blobs/" in request.url.path
        manifest = {"config": {"digest": "sha256:x"}, "layers": layers}
        return httpx.Response(200, json=config if is_config else manifest)

    found = await Hostile(get=answer).ask()
    assert (found.verdict, found.size_bytes) == (Verdict.THERE, None)


@pytest.mark.parametrize("url", ["http://mirror.example.com", "ftp://127.0.0.1", "mirror"])
async def test_a_stand_in_that_is_no_https_address_is_said_and_nobody_asked(url: str) -> None:
    server = Hostile()
    found = await check_image(
        NAME, default_place(), registry_url=url, transport=httpx.MockTransport(server)
    )
    assert found.verdict is Verdict.UNKNOWN
    assert "LAUNCHER_REGISTRY_URL" in in_terminal(found.sentence)
    assert server.seen == []
