"""An address of the Hub as people paste it, taken apart: which repo, which kind, which revision and folder. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from pod_image.contract.hub_inputs import NAME

RepoKind = Literal["dataset", "model", "space", ""]
"""Empty where the address does not say it: owner/name may be any of them."""
KIND_NAMES: dict[RepoKind, str] = {"dataset": "a dataset", "model": "a model", "space": "a Space"}

_HOSTS = re.compile(r"(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com)", re.IGNORECASE)
_KINDS: dict[str, RepoKind] = {"datasets": "dataset", "spaces": "space", "models": "model"}
_VIEWS = ("tree", "blob", "resolve", "raw", "edit", "blame", "commits", "commit")
_FILES = ("blob", "resolve", "raw", "edit", "blame")
_PAGES = ("viewer", "discussions", "settings", "embed", "sql-console", "community", "upload")
_GIT = re.compile(r"git@(?:ssh\.)?(?:huggingface\.co|hf\.co):(.+)", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubAddress:
    """`revision` and `folder` are empty where the address names none."""

    repo: str
    kind: RepoKind = ""
    revision: str = ""
    folder: str = ""


def hub_address(typed: str) -> HubAddress | None:
    """The repo that an address, or owner/name with more behind it, means; None for what names no repo."""
    text = typed.strip().strip("<>\"'`").strip()
    if git := _GIT.fullmatch(text):
        return _of_path(git.group(1))
    if text.lower().startswith("hf://"):
        return _of_path(text[5:].split("?")[0], has_host=True)
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() not in ("http", "https"):
        return None
    host = (rest if separator else text).split("/")[0].rpartition("@")[2]
    if not separator and not _HOSTS.fullmatch(host):
        return _of_path(text.split("?")[0].split("#")[0])
    path = unquote(urlsplit(text if separator else f"https://{text}").path)
    is_hub = bool(_HOSTS.fullmatch(host.split(":")[0]))
    if not is_hub and not path.startswith("/datasets/"):
        return None  # of another site, or of an endpoint of one's own, where only this path is sure
    return _of_path(path, has_host=is_hub)


def _of_path(path: str, *, has_host: bool = False) -> HubAddress | None:
    parts = [part for part in unquote(path).split("/") if part]
    kind: RepoKind = "model" if has_host else ""
    if parts and parts[0] in _KINDS and len(parts) > 2:
        kind = _KINDS[parts.pop(0)]
    if len(parts) < 2:
        return None
    owner, (name, _, revision) = parts[0], parts[1].partition("@")
    name = name.removesuffix(".git")
    if not all(re.fullmatch(NAME, each) for each in (owner, name)) or any(
        part in (".", "..") for part in parts
    ):
        return None
    found_revision, folder = _inside(parts[2:])
    return HubAddress(f"{owner}/{name}", kind, revision or found_revision, folder)


def _inside(parts: list[str]) -> tuple[str, str]:
    """(revision, folder) of what stands behind a repo's name."""
    if not parts or parts[0] in _PAGES:
        return "", ""
    if parts[0] not in _VIEWS:
        return "", "/".join(parts)
    if len(parts) == 1:
        return "", ""
    length = 3 if parts[1] == "refs" else 1
    revision, rest = "/".join(parts[1 : 1 + length]), parts[1 + length :]
    if parts[0] in _FILES:
        rest = rest[:-1]
    if parts[0] == "commit" and not _COMMIT.fullmatch(revision):
        return "", ""
    return revision, "/".join(rest)
