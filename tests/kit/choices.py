"""What there is to choose from on the stand-in Hub: Piper's published voices, and repos of many ages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from launcher.emulator.hub.core import HubCore
from launcher.emulator.hub.wire import Body
from launcher.recipes.published_voices import CHECKPOINTS_REPO, LIST_NAME, VOICES_REPO
from launcher.services.choosing.option import Option, folded

THORSTEN = "de_DE-thorsten-medium"
THORSTEN_CHECKPOINT = "de/de_DE/thorsten/medium/epoch=3135-step=2702056.ckpt"
SOUND = (b"\xff\xfb\x90\x00" + bytes(413)) * 40
"""A second of silence as MP3."""
KEYS = (
    THORSTEN,
    "de_DE-thorsten-high",
    "de_DE-kerstin-low",
    "de_AT-anna-medium",
    "en_US-amy-medium",
    "en_US-libritts_r-medium",
    "pl_PL-gosia-medium",
)


def published_list(*keys: str, **rows: Any) -> bytes:
    """As the repo's voices.json has it; `rows` are further ones, whatever they are."""
    return json.dumps({**{key: voice_row(key) for key in keys or KEYS}, **rows}).encode()


def voice_row(key: str) -> dict[str, Any]:
    language, name, quality = key.split("-")
    folder = f"{language[:2]}/{language}/{name}/{quality}"
    return {
        "key": key,
        "name": name,
        "language": {"code": language},
        "quality": quality,
        "num_speakers": 904 if name == "libritts_r" else 1,
        "files": {
            f"{folder}/{key}.onnx": {"size_bytes": 63_201_294, "md5_digest": "0" * 32},
            f"{folder}/{key}.onnx.json": {"size_bytes": 4_882, "md5_digest": "0" * 32},
        },
    }


def publish_piper(core: HubCore, voices: bytes | None = None) -> None:
    """Both repos: the voices with their list, a card and a sound for one of them, and its checkpoint."""
    folder = "de/de_DE/thorsten/medium"
    card = (
        b"# Model card for thorsten (medium)\n\n* Language: de_DE\n\n## Dataset\n\n* License: CC0\n"
    )
    put_files(
        core,
        "model",
        VOICES_REPO,
        {
            LIST_NAME: published_list() if voices is None else voices,
            f"{folder}/MODEL_CARD": card,
            f"{folder}/samples/speaker_0.mp3": SOUND,
        },
    )
    put_files(core, "dataset", CHECKPOINTS_REPO, {THORSTEN_CHECKPOINT: b"weights" * 100})


def put_files(core: HubCore, kind: str, name: str, files: Mapping[str, bytes]) -> None:
    """A public repo with these files."""
    store, now = core.store, core.now()
    repo = store.create(kind, name, is_private=False, author=name.split("/")[0], at=now)
    tree = {
        path: store.blob(store.add_object(Body(raw)), is_lfs=path.endswith((".ckpt", ".onnx")))
        for path, raw in files.items()
    }
    store.commit(repo, "main", tree, "files", "", repo.id.split("/")[0], now)


def put_repos(
    core: HubCore, kind: str, account: str, count: int, *, is_private: bool = False
) -> None:
    """So many repos of an account, `NAME-0` the oldest; one commit serves them all."""
    first = core.store.create(kind, f"{account}/first", is_private=is_private, author=account, at=0)
    del core.store.repos[kind, first.id.lower()]
    for number in range(count):
        at = core.now() - 3600 * (count - number)
        commit = replace(first.head, at=at)
        repo = replace(first, id=f"{account}/set-{number}", commits={commit.oid: commit})
        core.store.repos[kind, repo.id.lower()] = repo


def words_of(option: Option) -> str:
    """Everything an option is found by on a page."""
    return folded(
        " ".join((option.value, option.title, option.detail, *option.marks, option.found_by))
    )


def found(options: Sequence[Option], typed: str) -> list[Option]:
    """Those that have every word that was typed, in their order."""
    wanted = folded(typed).split()
    return [one for one in options if all(word in words_of(one) for word in wanted)]
