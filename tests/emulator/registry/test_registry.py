"""The emulated registries: what any client of the OCI distribution interface is answered, and each fault."""

from __future__ import annotations

import json
from hashlib import sha256

import httpx
import pytest

from launcher.emulator.registry import FAULTS, KnownImage, RegistryApp, RegistryContents
from launcher.emulator.registry.contents import AMD64, ARM64, INDEX, MANIFEST
from launcher.emulator.runpod.conditions import Images

NAME = "ghcr.io/me/pod:1"
PATH = "/v2/me/pod/manifests/1"


class Client:
    """A client that knows the challenge and answers it."""

    def __init__(self, contents: RegistryContents) -> None:
        self.app = RegistryApp(contents, sleep=self._sleep)
        self.slept = 0.0

    async def _sleep(self, seconds: float) -> None:
        self.slept += seconds

    async def get(self, path: str, method: str = "GET", token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
            return await client.request(method, f"{path}?ns=ghcr.io", headers=headers)

    async def pull(self, path: str = PATH, method: str = "GET") -> httpx.Response:
        first = await self.get(path, method)
        assert first.status_code == 401
        realm, service, scope = (
            part.split("=", 1)[1].strip('"')
            for part in first.headers["www-authenticate"].removeprefix("Bearer ").split(",")
        )
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport) as client:
            given = await client.get(realm, params={"service": service, "scope": scope})
        return await self.get(path, method, given.json()["token"])


def contents(image: KnownImage | None = None) -> RegistryContents:
    made = RegistryContents()
    made.add(NAME, image)
    return made


async def test_a_list_of_platforms_leads_to_layers_with_sizes_and_a_description() -> None:
    client = Client(contents(KnownImage(1_000_000_001, (AMD64, ARM64), python="3.12.4")))
    found = await client.pull()
    assert (found.status_code, found.headers["content-type"]) == (200, INDEX)
    digest = f"sha256:{sha256(found.content).hexdigest()}"
    assert found.headers["docker-content-digest"] == digest
    platforms = [each["platform"]["architecture"] for each in found.json()["manifests"]]
    assert platforms == ["amd64", "arm64", "unknown"]
    one = await client.pull(f"/v2/me/pod/manifests/{found.json()['manifests'][0]['digest']}")
    assert one.headers["content-type"] == MANIFEST
    assert sum(layer["size"] for layer in one.json()["layers"]) == 1_000_000_001
    described = await client.pull(f"/v2/me/pod/blobs/{one.json()['config']['digest']}")
    assert "PYTHON_VERSION=3.12.4" in described.json()["config"]["Env"]


async def test_head_has_the_headers_and_no_content() -> None:
    client = Client(contents(KnownImage(is_listed=False)))
    head, whole = await client.pull(method="HEAD"), await client.pull()
    assert head.content == b""
    assert head.headers["docker-content-digest"] == whole.headers["docker-content-digest"]
    assert head.headers["content-length"] == str(len(whole.content))


async def test_a_token_opens_its_own_repository_alone() -> None:
    made = contents()
    made.add("ghcr.io/me/other:1")
    client = Client(made)
    await client.pull()
    (token,) = client.app._tokens
    assert (await client.get("/v2/me/other/manifests/1", token=token)).status_code == 401


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("image-absent", 404),
        ("image-private", 401),
        ("registry-busy", 429),
        ("registry-down", 503),
    ],
)
async def test_a_fault_is_answered_with_its_status(fault: str, status: int) -> None:
    made = contents()
    client = Client(made)
    assert (await client.pull()).status_code == 200
    made.switch_on(fault)
    (token, *_) = client.app._tokens
    assert (await client.get(PATH, token=token)).status_code == status
    assert made.struck[fault] == 1


async def test_slowness_and_another_platform_are_faults_too() -> None:
    made = contents()
    made.switch_on("registry-slow", seconds=7.0)
    made.switch_on("image-other-platform")
    client = Client(made)
    document = json.loads((await client.pull()).content)
    assert document["manifests"][0]["platform"]["architecture"] == "arm64"
    assert client.slept == 21.0


def test_every_fault_has_a_sentence_and_no_other_can_be_switched_on() -> None:
    assert all(sentence.endswith(".") for sentence in FAULTS.values())
    with pytest.raises(KeyError, match="no such fault"):
        contents().switch_on("no-such")


@pytest.mark.parametrize(
    ("image", "fault", "has_credential", "words"),
    [
        (NAME, "", False, None),
        ("ghcr.io/me/pod:2", "", False, "manifest unknown"),
        (NAME, "image-absent", True, "manifest unknown"),
        (NAME, "image-private", False, "pull access denied"),
        (NAME, "image-private", True, None),
        (NAME, "image-other-platform", False, "no matching manifest for linux/amd64"),
        (NAME, "registry-busy", False, None),
    ],
)
def test_a_host_of_the_emulated_cloud_pulls_what_the_registry_has_and_nothing_else(
    image: str, fault: str, has_credential: bool, words: str | None
) -> None:
    made = contents()
    if fault:
        made.switch_on(fault)
    said = Images(registries=made).obstacle(image, has_credential)
    assert (said is None) if words is None else (said is not None and words in said)
