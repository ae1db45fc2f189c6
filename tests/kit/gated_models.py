"""A model of somebody else on an emulated Hub, behind a gate, as many models that people train from are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from launcher.emulator.hub import Token, TokenKind
from launcher.emulator.hub.core import HubCore
from pod_image.hub import Hub, Repo, publish

GATED_MODEL = "acme/base"
OWNERS_TOKEN = "acme-hub-write-token"
WEIGHTS = {"config.json": b"{}", "weights/model.bin": bytes(range(256)) * 40}


def put_gated_model(
    core: HubCore,
    hub: Hub,
    *accepted: str,
    repo: str = GATED_MODEL,
    files: dict[str, bytes] | None = None,
) -> str:
    """The commit of what was pushed. Of strangers only the accounts that `accepted` its terms read its files."""
    core.tokens[OWNERS_TOKEN] = Token("acme", "acme", TokenKind.WRITE)
    owner = replace(hub, token=SecretStr(OWNERS_TOKEN))
    owner.ask("", lambda api: api.create_repo(repo, exist_ok=True))
    content: dict[str, Path | bytes] = {**(files or WEIGHTS)}
    commit = publish(owner, Repo(repo, "model"), content, "a model").commit
    there = core.store.repos["model", repo]
    there.gated, there.granted = "auto", list(accepted)
    return str(commit)
