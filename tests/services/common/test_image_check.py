"""Whether an image is there: asked of a small registry that answers as the OCI distribution description has it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.providers.registry import default_place
from launcher.providers.runpod.place import PYTORCH_IMAGE
from launcher.services.common.image_check import ImageCheck, check_image
from launcher.services.common.image_names import ImageName

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass
class Registry:
    """Repositories by `server/path:tag`; a token for everybody, but for what is private."""

    images: dict[str, list[str]]
    """Platforms of each image; one alone stands without a list, as a plain `docker push` leaves it."""
    private: frozenset[str] = frozenset()
    denies_at: str = "manifest"
    """Where a private repository is refused: GitHub's does so at the token, Docker Hub's at the manifest."""
    seen: list[httpx.Request] = field(default_factory=list)

    async def ask(self, image: str, **options: Any) -> ImageCheck:
        return await check_image(
            image, default_place(), transport=httpx.MockTransport(self.answer), **options
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if request.url.path == "/token":
            return self._token(request)
        server, path = request.url.host, request.url.path.removeprefix("/v2/")
        if request.url.host == "cdn.test":
            assert "Authorization" not in request.headers
            return httpx.Response(
                200, json={"os": "linux", "architecture": path.rpartition("/")[2]}
            )
        repository, kind, reference = path.rsplit("/", 2)
        scope = f"repository:{repository}:pull"
        if request.headers.get("Authorization") != f"Bearer {scope}":
            challenge = f'Bearer realm="https://{server}/token",service="{server}",scope="{scope}"'
            return self._refused(401, "UNAUTHORIZED", {"WWW-Authenticate": challenge})
        if kind == "blobs":
            where = f"https://cdn.test/{reference.removeprefix('sha256:')}"
            return httpx.Response(307, headers={"Location": where})
        return self._manifest(request, repository, reference)

    def _token(self, request: httpx.Request) -> httpx.Response:
        scope = request.url.params["scope"]
        if self.denies_at == "token" and scope.split(":")[1] in self.private:
            return self._refused(403, "DENIED")
        return httpx.Response(200, json={"token": scope})

    def _manifest(self, request: httpx.Request, repository: str, reference: str) -> httpx.Response:
        if repository in self.private:
            return self._refused(401, "UNAUTHORIZED", {"WWW-Authenticate": "Bearer"})
        platforms = self.images.get(f"{request.url.host}/{repository}:{reference}")
        if platforms is None:
            return self._refused(404, "MANIFEST_UNKNOWN")
        pairs = [each.split("/") for each in platforms]
        kind = INDEX
        platform = [{"os": pair[0], "architecture": pair[1]} for pair in pairs]
        document: dict[str, Any] = {"manifests": [{"platform": each} for each in platform]}
        if len(pairs) == 1:
            kind, document = MANIFEST, {"config": {"digest": f"sha256:{pairs[0][1]}"}}
        assert kind in request.headers["Accept"]
        content = b"" if request.method == "HEAD" else json.dumps(document).encode()
        digest = hashlib.sha256(content).hexdigest()
        headers = {"Content-Type": kind, "Docker-Content-Digest": f"sha256:{digest}"}
        return httpx.Response(200, content=content, headers=headers)

    @staticmethod
    def _refused(status: int, code: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return httpx.Response(status, json={"errors": [{"code": code}]}, headers=headers)


@pytest.mark.parametrize(
    ("image", "server", "repository", "reference"),
    [
        ("ghcr.io/a/b:1", "ghcr.io", "a/b", "1"),
        ("python", "registry-1.docker.io", "library/python", "latest"),
        ("runpod/pytorch:1.0", "registry-1.docker.io", "runpod/pytorch", "1.0"),
        ("docker.io/python:3.11", "registry-1.docker.io", "library/python", "3.11"),
        ("localhost:5000/a:2", "localhost:5000", "a", "2"),
        ("ghcr.io/a/b:1@sha256:ab", "ghcr.io", "a/b", "sha256:ab"),
    ],
)
def test_a_name_is_completed_as_container_hosts_do(
    image: str, server: str, repository: str, reference: str
) -> None:
    assert ImageName.parse(image) == ImageName(server, repository, reference)


@pytest.mark.parametrize("platforms", [["linux/arm64", "linux/amd64"], ["linux/amd64"]])
async def test_an_image_that_is_there_is_found_with_a_token_for_everybody(
    platforms: list[str],
) -> None:
    registry = Registry({"ghcr.io/me/pod:1": platforms})
    found = await registry.ask("ghcr.io/me/pod:1")
    assert (found.is_good, found.sentence) == (True, "ghcr.io/me/pod:1 exists for linux/amd64")
    assert registry.seen[0].method == "HEAD"
    assert all(each.url.scheme == "https" for each in registry.seen)


@pytest.mark.parametrize("platforms", [["linux/arm64"], ["linux/arm64", "windows/amd64"]])
async def test_an_image_for_other_machines_is_no_image_for_a_pod(platforms: list[str]) -> None:
    found = await Registry({"ghcr.io/me/pod:1": platforms}).ask("ghcr.io/me/pod:1")
    assert found.is_good is False
    assert all(each in found.sentence for each in platforms)
    assert "--platform linux/amd64" in in_terminal(found.hint)


async def test_a_tag_that_is_not_there_is_said() -> None:
    found = await Registry({"ghcr.io/me/pod:1": ["linux/amd64"]}).ask("ghcr.io/me/pod:2")
    assert (found.is_good, found.sentence) == (False, "ghcr.io/me/pod:2 does not exist")
    assert "--image bootstrap" in in_terminal(found.hint)


@pytest.mark.parametrize("denies_at", ["token", "manifest"])
async def test_a_private_image_is_an_error_without_a_credential_and_unknown_with_one(
    denies_at: str,
) -> None:
    registry = Registry({}, frozenset({"me/pod"}), denies_at)
    without = await registry.ask("ghcr.io/me/pod:1")
    assert without.is_good is False
    assert "--registry" in in_terminal(without.hint)
    given = await registry.ask("ghcr.io/me/pod:1", has_credential=True)
    assert given.is_good is None
    assert "is private" in given.sentence


async def test_bootstrap_looks_for_the_image_that_it_orders() -> None:
    name = ImageName.parse(PYTORCH_IMAGE)
    there = f"{name.server}/{name.repository}:{name.reference}"
    found = await Registry({there: ["linux/amd64"]}).ask("bootstrap")
    assert found.sentence.startswith(PYTORCH_IMAGE)
    assert found.is_good is True


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(429), "ghcr.io answered 429"),
        (httpx.Response(503), "ghcr.io answered 503"),
        (httpx.Response(200, text="<html>"), "JSONDecodeError"),
        (httpx.Response(200, json=[]), "ValueError"),
        (httpx.Response(200, json={"config": None}), "TypeError"),
        (httpx.ConnectError("no network"), "ConnectError"),
    ],
)
async def test_what_cannot_be_asked_is_not_known_and_never_an_error(
    answer: httpx.Response | httpx.HTTPError, said: str
) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = await check_image(
        "ghcr.io/me/pod:1", default_place(), transport=httpx.MockTransport(handle)
    )
    assert (found.is_good, in_terminal(found.hint)) == (None, "")
    assert said in found.sentence
