"""The calls of a registry (OCI distribution, version 1.1) that tell of an image. What comes back is a stranger's."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from launcher.services.common.image_names import ImageName
from pod_image.contract.loopback import is_loopback

PLATFORM = ("linux", "amd64")
MOST_REDIRECTS = 4
MOST_BYTES = 4 * 2**20
"""Of a manifest: what the distribution description asks registries to take."""
MOST_BYTES_OF_TOKEN = 2**16
FEW_PULLS_LEFT = 5
"""Docker Hub counts each reading of a manifest as a pull, a hundred in six hours; the last ones are for others."""
_LISTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_SINGLES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_NO_HEAD = (405, 501)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes = b""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def document(self) -> dict[str, Any]:
        document = json.loads(self.content)
        if not isinstance(document, dict):
            raise ValueError("the registry's answer is not a JSON object")
        return document


class Refused(Exception):
    """The registry's answer settles it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.status = answer.status


@dataclass
class Described:
    """What the registry told of the image, part after part: a later part may be missing."""

    is_there: bool = False
    digest: str = ""
    """Reckoned from the bytes of what the name stands for."""
    platforms: set[tuple[str, str]] = field(default_factory=set)
    size_bytes: int | None = None
    """Of its layers as they are fetched."""
    python: tuple[int, int] | None = None
    """By the variable that images of Python set."""


class Registry:
    """Asks for one image. `base_url` stands in for the image's own registry, as a mirror that is told whose it is."""

    def __init__(self, client: httpx.AsyncClient, name: ImageName, base_url: str = "") -> None:
        self._client, self._name = client, name
        scheme = "http" if name.is_here else "https"
        self._base = httpx.URL(base_url or f"{scheme}://{name.server}")
        self._query = {"ns": name.known_as} if base_url else {}
        self._authorization = ""
        self.found = Described()

    async def describe(self, *, wants_python: bool) -> None:
        """Put into `found` what is told, part after part. Raises Refused where the registry says no, and what odd
        answers raise.
        """
        head = await self._head()
        self.found.is_there = True
        if head is not None and _pulls_left(head.headers) < FEW_PULLS_LEFT:
            return
        manifest, content = await self._document("manifests", self._name.reference)
        self.found.digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if "manifests" in manifest:
            await self._describe_listed(_listed(manifest["manifests"]), wants_python=wants_python)
        else:
            await self._describe_alone(manifest)

    async def _describe_listed(
        self, listed: Mapping[tuple[str, str], str], *, wants_python: bool
    ) -> None:
        self.found.platforms = set(listed)
        if chosen := listed.get(PLATFORM, ""):
            manifest, _ = await self._document("manifests", chosen)
            self.found.size_bytes = _layers_bytes(manifest)
            if wants_python:
                self.found.python = _python(await self._config(manifest))

    async def _describe_alone(self, manifest: Mapping[str, Any]) -> None:
        described = await self._config(manifest)
        self.found.platforms = {(str(described["os"]), str(described["architecture"]))}
        self.found.size_bytes = _layers_bytes(manifest)
        self.found.python = _python(described)

    async def _head(self) -> Answer | None:
        """HEAD first: it is no pull, and settles whether there is anything. None where a registry knows no HEAD."""
        url = self._url("manifests", self._name.reference)
        answer = await self._sent("HEAD", url)
        if answer.status == 401:
            self._authorization = await self._ticket(answer)
            answer = await self._sent("HEAD", url)
        if answer.status in _NO_HEAD:
            return None
        if not answer.is_success:
            raise Refused(answer)
        return answer

    async def _ticket(self, refused: Answer) -> str:
        """What everybody may have who asks where the registry says."""
        challenge = refused.headers.get("www-authenticate", "")
        words = dict(_CHALLENGE.findall(challenge))
        if not challenge.lower().startswith("bearer") or "realm" not in words:
            raise Refused(refused)
        realm = self._checked(httpx.URL(words["realm"]))
        asked = {name: words[name] for name in ("service", "scope") if name in words}
        answer = await self._sent("GET", realm.copy_merge_params(asked), MOST_BYTES_OF_TOKEN)
        if not answer.is_success:
            raise Refused(answer)
        document = answer.document()
        token = str(document.get("token") or document["access_token"])
        if not token.isascii() or not token.isprintable():
            raise ValueError("the token contains invalid characters")
        return f"Bearer {token}"

    async def _config(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        digest = str(manifest["config"]["digest"])
        described, _ = await self._document("blobs", digest)
        return described

    async def _document(self, kind: str, reference: str) -> tuple[dict[str, Any], bytes]:
        answer = await self._sent("GET", self._url(kind, reference))
        if not answer.is_success:
            raise Refused(answer)
        document = answer.document()
        is_pinned = _SHA256.fullmatch(reference)
        if is_pinned and hashlib.sha256(answer.content).hexdigest() != reference[7:]:
            raise ValueError("its content does not match its digest")
        return document, answer.content

    def _url(self, kind: str, reference: str) -> httpx.URL:
        path = f"{self._base.path.rstrip('/')}/v2/{self._name.repository}/{kind}/{reference}"
        url = self._base.copy_with(path=path, query=None)
        return url.copy_merge_params(self._query) if self._query else url

    async def _sent(self, method: str, url: httpx.URL, most_bytes: int = MOST_BYTES) -> Answer:
        """Redirects are followed by hand: what proves us to the registry goes to no other host, and none leads to a
        place that only this computer can reach.
        """
        home = _origin(url)
        for _ in range(MOST_REDIRECTS):
            headers = {"Accept": ", ".join((*_LISTS, *_SINGLES)), "Accept-Encoding": "identity"}
            if self._authorization and _origin(url) == home == _origin(self._base):
                headers["Authorization"] = self._authorization
            async with self._client.stream(method, url, headers=headers) as response:
                where = response.headers.get("location")
                if 300 <= response.status_code < 400 and where:
                    url = self._checked(url.join(where))
                    continue
                content = b"" if method == "HEAD" else await _bounded(response, most_bytes)
                return Answer(response.status_code, response.headers, content)
        raise ValueError("it redirects endlessly")

    def _checked(self, url: httpx.URL) -> httpx.URL:
        """Where the registry sends us: over https alone and by a name, or within this machine if it is here itself."""
        if _origin(url) == _origin(self._base):
            return url
        if is_loopback(self._base.host) and is_loopback(url.host):
            return url
        if url.scheme != "https" or not url.host or _is_number(url.host) or url.host == "localhost":
            raise ValueError("it redirects to another host")
        return url


async def _bounded(response: httpx.Response, most_bytes: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ValueError("it is packed")  # what it would unpack to is not known beforehand
    content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > most_bytes:
            raise ValueError("it is too long")
    return content


def _listed(manifests: Any) -> dict[tuple[str, str], str]:
    """Platforms and their manifests' digests; plainest first where one has several. Raises LookupError for none."""
    found: dict[tuple[str, str], str] = {}
    for each in sorted(manifests, key=lambda one: bool((one.get("platform") or {}).get("variant"))):
        platform = each.get("platform") or {}
        pair = (str(platform.get("os", "")), str(platform.get("architecture", "")))
        if all(pair) and "unknown" not in pair:  # attestations stand beside images
            digest = each.get("digest", "")
            is_digest = isinstance(digest, str) and _SHA256.fullmatch(digest)
            found.setdefault(pair, digest if is_digest else "")
    if not found:
        raise LookupError("it has no platform")
    return found


def _layers_bytes(manifest: Mapping[str, Any]) -> int | None:
    sizes: list[object] = [each["size"] for each in manifest.get("layers") or ()]
    whole = [each for each in sizes if type(each) is int and 0 <= each < 2**50]
    return sum(whole) if whole and len(whole) == len(sizes) else None


def _python(described: Mapping[str, Any]) -> tuple[int, int] | None:
    settings = described.get("config")
    variables = (settings.get("Env") if isinstance(settings, dict) else None) or ()
    for each in variables:
        name, _, value = str(each).partition("=")
        version = _VERSION.match(value) if name == "PYTHON_VERSION" else None
        if version:
            return int(version[1][:3]), int(version[2][:3])
    return None


def _pulls_left(headers: Mapping[str, str]) -> float:
    told = headers.get("ratelimit-remaining", "").partition(";")[0].strip()
    return float(told) if told.isdigit() else float("inf")


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
