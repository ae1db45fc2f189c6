"""Names and keys in the emulated clouds, the same in every test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launcher.emulator.hub import Scope, Token, TokenKind

GPU = "NVIDIA GeForce RTX 4090"
HUB_URL = "http://hub.test"
CLIPS_REPO = "demo/clips"
RESULTS_REPO = "demo/voices"

FIXED_TOKENS: Mapping[str, Token] = {
    "demo-hub-read-token": Token("read", "demo", TokenKind.READ),
    "demo-hub-write-token": Token("write", "demo", TokenKind.WRITE),
}
JOBS_TOKEN = "demo-hub-jobs"
JOBS = Token(
    "jobs", "demo", TokenKind.FINE_GRAINED, scopes=(Scope("user", "demo", ("job.write",)),)
)
TOKENS = {token.label: value for value, token in FIXED_TOKENS.items()}
READ_TOKEN, WRITE_TOKEN = FIXED_TOKENS


def pod_body(**changes: Any) -> dict[str, Any]:
    """A create body that holds; a change to None takes the key out."""
    body = {"name": "a-pod", "image": "acme/train:1", "gpu": {"id": GPU, "count": 1}, **changes}
    return {key: value for key, value in body.items() if value is not None}
