"""A Hub emulator per test and unmodified huggingface_hub clients that speak to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi, set_client_factory
from huggingface_hub.utils._http import default_client_factory

from launcher.emulator.hub import HubEmulator, Scope, Sizes, Token, TokenKind
from tests.kit.clocks import HandClock

SMALL = Sizes(
    lfs_from_bytes=100_000, multipart_from_bytes=1_000_000, part_bytes=400_000, rows_per_page=5
)

TOKENS = {
    "demo-write": Token("write", "demo", TokenKind.WRITE, orgs=("lab",)),
    "demo-read": Token("read", "demo", TokenKind.READ),
    "demo-one-repo": Token(
        "one repo",
        "demo",
        TokenKind.FINE_GRAINED,
        scopes=(
            Scope("model", "demo/voice", ("repo.content.read", "repo.write")),
            Scope("dataset", "demo/clips", ("repo.content.read",)),
        ),
    ),
    "demo-namespace": Token(
        "namespace",
        "demo",
        TokenKind.FINE_GRAINED,
        scopes=(Scope("user", "demo", ("repo.write",)),),
    ),
    "demo-stranger": Token("stranger", "somebody", TokenKind.WRITE),
}


@pytest.fixture
def clock() -> HandClock:
    return HandClock(1_790_000_100.0)


@pytest.fixture(autouse=True)
def unmodified_library() -> Iterator[None]:
    """Its client as it makes it itself, whatever one an earlier test has given it."""
    set_client_factory(default_client_factory)
    yield
    set_client_factory(default_client_factory)


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[HubEmulator]:
    with HubEmulator(tmp_path / "hub", tokens=TOKENS, sizes=SMALL) as running:
        yield running


@pytest.fixture
def client(emulator: HubEmulator) -> Callable[..., HfApi]:
    """The library's own client, with the token of a label; `client(None)` is anonymous."""

    def made(label: str | None = "write") -> HfApi:
        return HfApi(endpoint=emulator.url, token=emulator.tokens[label] if label else False)

    return made
