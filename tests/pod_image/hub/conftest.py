"""A Hub emulator and our own way to it: by xet, by plain HTTP, and without a socket."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from huggingface_hub import set_client_factory
from huggingface_hub.utils._http import default_client_factory
from pydantic import SecretStr

from launcher.emulator.hub import (
    HubEmulator,
    HubTransport,
    Scope,
    Sizes,
    Token,
    TokenKind,
)
from pod_image.hub import Hub, Patience, Repo
from tests.kit.clocks import HandClock

# hf_xet waits on the real clock, three seconds at first.
os.environ.setdefault("HF_XET_CLIENT_RETRY_BASE_DELAY", "20ms")

Way = Literal["xet", "plain", "in-process"]
MakeHub = Callable[..., Hub]

TOKENS = {
    "demo-write": Token("write", "demo", TokenKind.WRITE),
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
        scopes=(Scope("user", "demo", ("repo.content.read", "repo.write")),),
    ),
    "demo-stranger": Token("stranger", "somebody", TokenKind.WRITE),
}

CLIPS = Repo("demo/clips", "dataset")
VOICE = Repo("demo/voice", "model")


@pytest.fixture
def clock() -> HandClock:
    """It starts at the real time: hf_xet looks at that."""
    return HandClock(time.time())


@pytest.fixture
def emulator(tmp_path: Path, clock: HandClock) -> Iterator[HubEmulator]:
    sizes = Sizes(lfs_from_bytes=50_000, multipart_from_bytes=200_000, part_bytes=80_000)
    with HubEmulator(tmp_path / "hub", tokens=TOKENS, now=clock, sizes=sizes) as running:
        yield running
    set_client_factory(default_client_factory)


@pytest.fixture
def make_hub(emulator: HubEmulator, clock: HandClock) -> MakeHub:
    transport = HubTransport(emulator.core, clock.sleep)

    def made(label: str | None = "write", way: Way = "plain", **patience: Any) -> Hub:
        return Hub(
            SecretStr(emulator.tokens[label]) if label else None,
            emulator.url,
            now=clock,
            sleep=clock.sleep,
            use_xet=way == "xet",
            transport=transport if way == "in-process" else None,
            patience=Patience(**patience),
        )

    return made


@pytest.fixture(params=["xet", "plain", "in-process"])
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


@pytest.fixture
def hub(make_hub: MakeHub, way: Way) -> Hub:
    """The write token's Hub, once by each way."""
    return make_hub("write", way)


@pytest.fixture
def recordings(tmp_path: Path) -> dict[str, bytes]:
    noise = random.Random(3)
    return {
        "metadata.csv": b"one|Hello.\ntwo|Goodbye.\n",
        "wavs/one.wav": noise.randbytes(30_000),
        "wavs/two & drei.wav": noise.randbytes(20_000),
        "archive.tar": noise.randbytes(300_000),
        "empty.txt": b"",
    }


@pytest.fixture
def clips_commit(make_hub: MakeHub, recordings: dict[str, bytes]) -> str:
    """A private dataset repo with the recordings, and its commit."""
    from pod_image.hub import publish

    hub = make_hub("write", "plain")
    hub.api.create_repo(CLIPS.id, repo_type="dataset", private=True)
    return publish(hub, CLIPS, recordings, "Add recordings").commit


@pytest.fixture
def voice(make_hub: MakeHub) -> Repo:
    make_hub().api.create_repo(VOICE.id, private=True)
    return VOICE


def content_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".gitattributes"
    }
