"""Whether a registry has an image for a pod's machine: asked the way every container host asks, without a login."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from launcher.errors import BadEnvironment
from launcher.open_http import open_http
from launcher.providers.place import Place
from launcher.services.common.images import image_of
from pod_image.contract.next_steps import Said, Sentence, setting

DOCKER_HUB = "registry-1.docker.io"
PLATFORM = ("linux", "amd64")
_LISTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_SINGLES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_DENIED = (401, 403)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_SECONDS = 15.0


@dataclass(frozen=True)
class ImageCheck:
    """`is_good` is None when nobody without a login, or without a network, can tell."""

    is_good: bool | None
    sentence: str
    hint: Said = ""
    digest: str = ""
    """Of what the name stands for now, reckoned from its own bytes; empty where it is not there."""


@dataclass(frozen=True)
class ImageName:
    """An image's name in its parts, as container hosts complete it."""

    server: str
    repository: str
    reference: str
    """A tag, or a digest that begins with `sha256:`."""

    @classmethod
    def parse(cls, image: str) -> ImageName:
        """`python:3.11` is `library/python` of Docker Hub; without a tag it is `latest`."""
        rest, _, digest = image.partition("@")
        first, slash, below = rest.partition("/")
        if not slash or not (set(first) & {".", ":"} or first == "localhost"):
            first, below = "docker.io", rest
        path, _, tag = below.partition(":")
        if first in ("docker.io", "index.docker.io"):
            first = DOCKER_HUB
            path = path if "/" in path else f"library/{path}"
        return cls(first, path, digest or tag or "latest")

    def url(self, kind: str, reference: str) -> str:
        # A registry on this very machine speaks plain HTTP, as for every container host.
        is_here = self.server.partition(":")[0] in ("localhost", "127.0.0.1")
        scheme = "http" if is_here else "https"
        return f"{scheme}://{self.server}/v2/{self.repository}/{kind}/{reference}"


class _Answered(Exception):
    """The registry's answer settles it."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


async def check_image(
    image: str,
    place: Place,
    *,
    has_credential: bool = False,
    transport: httpx.AsyncBaseTransport | None = None,
) -> ImageCheck:
    """Ask the image's registry for it. `has_credential`: the place pulls with one that is not ours to use.

    `bootstrap` stands for the image it orders. Never raises for the network or for a registry's odd answers.
    """
    wanted = image_of(image, place)
    name = ImageName.parse(wanted)
    try:
        async with open_http(transport, timeout=_SECONDS, follow_redirects=True) as client:
            registry = _Registry(client, name)
            platforms = await registry.platforms()
    except _Answered as exc:
        return _refusal(wanted, name, exc.answer.status_code, place, has_credential=has_credential)
    except BadEnvironment as exc:
        return ImageCheck(None, f"{wanted} could not be looked for: {exc.message}", exc.hint)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError) as exc:
        return ImageCheck(None, f"{wanted} could not be looked for ({type(exc).__name__})")
    if PLATFORM in platforms:
        sentence = f"{wanted} is there for {'/'.join(PLATFORM)}"
        return ImageCheck(True, sentence, digest=registry.digest)
    others = ", ".join(sorted({"/".join(each) for each in platforms})) or "nothing it names"
    return ImageCheck(
        False,
        f"{wanted} is there, but for {others} alone",
        f"Build it with --platform {'/'.join(PLATFORM)}: that is what pods are.",
    )


def _refusal(
    image: str, name: ImageName, status: int, place: Place, *, has_credential: bool
) -> ImageCheck:
    if status in _DENIED and has_credential:
        return ImageCheck(
            None,
            f"{image} is private: only a pod, with the credential, can tell whether it is there",
        )
    if status in _DENIED:
        return ImageCheck(
            False,
            f"{image} is not there, or not for everybody: {name.server} refused to show it",
            Sentence(
                "A private image needs ",
                setting("registry"),
                f" with {place.images.credential}; ",
                setting("image", "bootstrap"),
                " needs no image of ours.",
            ),
        )
    if status == 404:
        return ImageCheck(
            False,
            f"{image} is not there",
            Sentence(
                "Look at the name and the tag; ",
                setting("image", "bootstrap"),
                " needs no image of ours.",
            ),
        )
    return ImageCheck(None, f"{image} could not be looked for ({name.server} answered {status})")


class _Registry:
    """The few calls of the registry's interface (OCI distribution, version 1.1) that this takes."""

    def __init__(self, client: httpx.AsyncClient, name: ImageName) -> None:
        self._client, self._name = client, name
        self._headers = {"Accept": ", ".join((*_LISTS, *_SINGLES))}
        self.digest = ""

    async def platforms(self) -> set[tuple[str, str]]:
        """Operating system and processor of each image below the name. Raises _Answered for a refusal."""
        url = self._name.url("manifests", self._name.reference)
        # HEAD first: Docker Hub counts every GET of a manifest as a pull, of which there are few.
        found = await self._client.head(url, headers=self._headers)
        if found.status_code == 401:
            self._headers["Authorization"] = await self._ticket(found)
            found = await self._client.head(url, headers=self._headers)
        if not found.is_success:
            raise _Answered(found)
        manifest, content = await self._document(url)
        self.digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if "manifests" in manifest:
            return {_platform(each["platform"]) for each in manifest["manifests"]}
        config = self._name.url("blobs", manifest["config"]["digest"])
        described, _ = await self._document(config)
        return {_platform(described)}

    async def _ticket(self, refused: httpx.Response) -> str:
        """What everybody may have who asks where the registry says."""
        challenge = refused.headers.get("WWW-Authenticate", "")
        words = dict(_CHALLENGE.findall(challenge))
        if not challenge.lower().startswith("bearer") or "realm" not in words:
            raise _Answered(refused)
        asked = {name: words[name] for name in ("service", "scope") if name in words}
        answer = await self._client.get(words["realm"], params=asked)
        if not answer.is_success:
            raise _Answered(answer)
        document = answer.json()
        return f"Bearer {document.get('token') or document['access_token']}"

    async def _document(self, url: str) -> tuple[dict[str, Any], bytes]:
        answer = await self._client.get(url, headers=self._headers)
        if not answer.is_success:
            raise _Answered(answer)
        document = answer.json()
        if not isinstance(document, dict):
            raise ValueError("a registry's document is an object")
        return document, answer.content


def _platform(described: Mapping[str, Any]) -> tuple[str, str]:
    return (str(described["os"]), str(described["architecture"]))
