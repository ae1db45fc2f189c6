"""What the emulated registries have: manifests, lists of platforms and descriptions, made of a few words. No HTTP."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
AMD64 = ("linux", "amd64")
ARM64 = ("linux", "arm64")
FAULTS: dict[str, str] = {
    "image-absent": "No registry has the image, and no pod can fetch it.",
    "image-other-platform": "The image is there for linux/arm64 alone, and no pod can run it.",
    "image-private": "The image is shown to nobody without a login, and a pod needs a credential for it.",
    "registry-busy": "Registries answer 429.",
    "registry-down": "Registries answer 503.",
    "registry-slow": "Registries answer after `seconds` (default 30).",
}


@dataclass(frozen=True)
class KnownImage:
    """One image under one tag. `size_bytes`: of its layers for each platform, as a machine fetches them."""

    size_bytes: int = 50_000_000
    platforms: tuple[tuple[str, str], ...] = (AMD64,)
    python: str = ""
    """What its variable PYTHON_VERSION says; empty where it has none."""
    is_private: bool = False
    is_listed: bool = True
    """Behind a list of platforms, with an attestation beside it; else a manifest alone, as a plain push leaves it."""
    is_readable: bool = True
    """Else that it is there is told, and reading it is answered as a limit that is used up."""


@dataclass(frozen=True)
class Content:
    kind: str
    body: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"


class RegistryContents:
    """Every image that there is, by `server/path:tag`; faults by name. Docker Hub's server is `docker.io`."""

    def __init__(self) -> None:
        self._tags: dict[tuple[str, str], tuple[KnownImage, Content]] = {}
        self._blobs: dict[tuple[str, str], Content] = {}
        self._faults: dict[str, dict[str, Any]] = {}
        self.struck: dict[str, int] = {}

    def add(self, name: str, image: KnownImage | None = None) -> str:
        """Put an image under its name; the digest of what the name stands for comes back."""
        repository, tag = _split(name)
        image = image or KnownImage()
        content = self._content(repository, image)
        self._tags[repository, tag] = (image, content)
        return content.digest

    def switch_on(self, fault: str, **options: Any) -> None:
        """Raises KeyError for a name not in FAULTS."""
        if fault not in FAULTS:
            raise KeyError(f"no such fault: {fault}; there are {', '.join(FAULTS)}")
        self._faults[fault] = options

    def strikes(self, fault: str) -> dict[str, Any] | None:
        """The fault's options where it is on; each time counts."""
        if fault not in self._faults:
            return None
        self.struck[fault] = self.struck.get(fault, 0) + 1
        return self._faults[fault]

    def is_private(self, repository: str) -> bool:
        if self.strikes("image-private") is not None:
            return True
        return any(
            image.is_private for (known, _), (image, _) in self._tags.items() if known == repository
        )

    def manifest(self, repository: str, reference: str) -> Content | None:
        """Under a tag or a digest; None for what is not there."""
        if self.strikes("image-absent") is not None:
            return None
        kept = self._tags.get((repository, reference))
        if kept is None:
            return self._blobs.get((repository, reference))
        image, content = kept
        if self.strikes("image-other-platform") is not None:
            other = KnownImage(image.size_bytes, (ARM64,), image.python, is_listed=image.is_listed)
            return self._content(repository, other)
        return content

    def is_readable(self, repository: str, reference: str) -> bool:
        kept = self._tags.get((repository, reference))
        return kept is None or kept[0].is_readable

    def blob(self, repository: str, digest: str) -> Content | None:
        return self._blobs.get((repository, digest))

    def obstacle(self, image: str, has_credential: bool) -> str | None:
        """What the system log of a host says that cannot fetch the image; the registry answers the same."""
        repository, reference = _split(image)
        if self.is_private(repository) and not has_credential:
            return (
                f"error pulling image: pull access denied for {image}, repository does not exist "
                "or may require authorization"
            )
        content = self.manifest(repository, reference)
        if content is None:
            return f"error pulling image: manifest for {image} not found: manifest unknown"
        if "/".join(AMD64) not in self._platforms(repository, content):
            return (
                f"error pulling image: no matching manifest for linux/amd64 in the manifest list entries of {image}: "
                "manifest unknown"
            )
        return None

    def _platforms(self, repository: str, content: Content) -> set[str]:
        document = json.loads(content.body)
        if content.kind == INDEX:
            named = [each["platform"] for each in document["manifests"]]
        else:
            described = self._blobs[repository, document["config"]["digest"]]
            named = [json.loads(described.body)]
        return {f"{each['os']}/{each['architecture']}" for each in named}

    def _content(self, repository: str, image: KnownImage) -> Content:
        manifests = [self._manifest(repository, image, platform) for platform in image.platforms]
        if not image.is_listed:
            return manifests[0]
        listed = [
            _descriptor(content) | {"platform": {"os": platform[0], "architecture": platform[1]}}
            for content, platform in zip(manifests, image.platforms, strict=True)
        ]
        proof = self._kept(repository, MANIFEST, {"config": {}, "layers": []})
        unknown = {"os": "unknown", "architecture": "unknown"}
        listed.append(_descriptor(proof) | {"platform": unknown})
        return self._kept(
            repository, INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}
        )

    def _manifest(self, repository: str, image: KnownImage, platform: tuple[str, str]) -> Content:
        variables = ["PATH=/usr/local/bin:/usr/bin:/bin"]
        if image.python:
            variables.append(f"PYTHON_VERSION={image.python}")
        described = {"os": platform[0], "architecture": platform[1], "config": {"Env": variables}}
        config = self._kept(repository, CONFIG, described)
        larger = image.size_bytes * 3 // 4
        layers = [
            {"mediaType": LAYER, "size": size, "digest": _digest_of(f"{repository} {size} {place}")}
            for place, size in enumerate((larger, image.size_bytes - larger))
        ]
        document = {"schemaVersion": 2, "mediaType": MANIFEST}
        return self._kept(
            repository, MANIFEST, document | {"config": _descriptor(config), "layers": layers}
        )

    def _kept(self, repository: str, kind: str, document: dict[str, Any]) -> Content:
        content = Content(kind, json.dumps(document).encode())
        self._blobs[repository, content.digest] = content
        return content


def _descriptor(content: Content) -> dict[str, Any]:
    return {"mediaType": content.kind, "size": len(content.body), "digest": content.digest}


def _digest_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _split(name: str) -> tuple[str, str]:
    """`server/path` and tag or digest, completed as container hosts do."""
    rest, _, digest = name.partition("@")
    first, slash, below = rest.partition("/")
    if not slash or not (set(first) & {".", ":"} or first == "localhost"):
        first, below = "docker.io", rest
    path, _, tag = below.partition(":")
    if first == "docker.io" and "/" not in path:
        path = f"library/{path}"
    return f"{first}/{path}", digest or tag or "latest"
