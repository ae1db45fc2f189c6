"""An image's name in its parts, as container hosts complete it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

DOCKER_HUB = "registry-1.docker.io"
_DOCKER_HUBS = ("docker.io", "index.docker.io", DOCKER_HUB)
_SERVER = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d{1,5})?"
)
_PATH = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}")
_LONGEST_PATH = 255


@dataclass(frozen=True)
class ImageName:
    """Where a registry is asked for an image, and for which."""

    server: str
    repository: str
    reference: str
    """A tag, or a digest that begins with `sha256:`."""

    @classmethod
    def parse(cls, image: str) -> ImageName:
        """`python:3.11` is `library/python` of Docker Hub; without a tag it is `latest`; a digest goes before a tag."""
        rest, _, digest = image.partition("@")
        first, slash, below = rest.partition("/")
        if not slash or not (set(first) & {".", ":"} or first == "localhost"):
            first, below = "docker.io", rest
        path, _, tag = below.partition(":")
        if first in _DOCKER_HUBS:
            first = DOCKER_HUB
            path = path if "/" in path else f"library/{path}"
        return cls(first, path, digest or tag or "latest")

    @property
    def fault(self) -> str:
        """Why no registry can have an image of this name, as the end of a sentence; empty where one could."""
        if not _SERVER.fullmatch(self.server):
            return f"{self.server!r} is not the name of a registry"
        if self.repository != self.repository.lower():
            return "image names contain only lower-case letters"
        if not _PATH.fullmatch(self.repository) or len(self.repository) > _LONGEST_PATH:
            return f"{self.repository!r} is not an image name"
        if self.is_pinned:
            return (
                "" if _DIGEST.fullmatch(self.reference) else f"{self.reference!r} is not a digest"
            )
        return "" if _TAG.fullmatch(self.reference) else f"{self.reference!r} is not a tag"

    @property
    def is_pinned(self) -> bool:
        """Whether it names a content, which no registry can change, and not a tag."""
        return ":" in self.reference

    @property
    def known_as(self) -> str:
        """The registry as a mirror is told of it: Docker Hub by the name that people write."""
        return "docker.io" if self.server == DOCKER_HUB else self.server

    @property
    def is_here(self) -> bool:
        """Whether its registry is on this very machine, which speaks plain HTTP as for every container host."""
        return self.server.partition(":")[0] in ("localhost", "127.0.0.1")
