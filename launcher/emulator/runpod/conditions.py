"""How the cloud behaves, as data: its times, which images it can pull, and what it writes down of a request."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Protocol


@dataclass
class Timing:
    """How long the cloud takes, in seconds. `launcher demo` uses these."""

    provisioning_seconds: float = 1.0
    restart_seconds: float = 2.0
    """From the exit of a container to its next start."""
    removal_seconds: float = 0.3
    """From the accepted end of a pod to SIGTERM in its container: its own last reply gets through."""
    gone_seconds: float = 2.0
    """How long GET still answers TERMINATED before it answers 404."""
    heartbeat_seconds: float = 15.0
    billing_lag_seconds: float = 0.0
    """How far behind the records of /v2/billing are."""


class Registries(Protocol):
    """Where images come from, if somebody stands for that too."""

    def obstacle(self, image: str, has_credential: bool) -> str | None: ...


@dataclass
class Images:
    """Patterns of image names. Pulling a private one needs a registry credential; an absent one never ends."""

    private: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    registries: Registries | None = None
    """Whose word holds where there is one: what it does not have no host can pull."""

    def obstacle(self, image: str, has_credential: bool) -> str | None:
        """What the system log says when the image cannot be pulled."""
        if any(fnmatchcase(image, pattern) for pattern in self.absent):
            return f"error pulling image: manifest for {image} not found: manifest unknown"
        if not has_credential and any(fnmatchcase(image, pattern) for pattern in self.private):
            return (
                f"error pulling image: pull access denied for {image}, repository does not exist "
                "or may require authorization"
            )
        return self.registries.obstacle(image, has_credential) if self.registries else None


@dataclass(frozen=True)
class RequestRecord:
    """One request as the server saw it. Holds no secret: neither keys, nor bodies, nor queries."""

    method: str
    path: str
    status: int
    key_kind: str
    """`full`, `read-only`, `restricted`, `pod`, or `none`."""
    request_id: str
    at: float
    user_agent: str = ""
