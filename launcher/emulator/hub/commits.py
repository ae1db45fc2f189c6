"""Committing: what goes to large file storage, the commit itself, and deleting stored large files."""

from __future__ import annotations

import base64
import fnmatch
import json
from collections.abc import Iterator
from typing import Any

from launcher.emulator.hub.accounts import card_complaints
from launcher.emulator.hub.core import Call, HubCore, Route
from launcher.emulator.hub.listings import iso
from launcher.emulator.hub.store import Blob, Repo, Tree
from launcher.emulator.hub.wire import Body, Refusal, Response, json_response

STALE_PARENT = "A commit has happened since. Please refresh and try again."


def preupload(call: Call) -> Response:
    """Per file: large file storage or plain commit, and the id of what is there already."""
    repo = call.writable_repo()
    tree = _branch_tree(repo, call.parts["rev"])
    globs = _lfs_globs(call.hub, tree)
    ignored = str(call.request.body.json().get("gitIgnore", "")).split()
    rows = []
    for wanted in call.request.body.json()["files"]:
        path = wanted["path"]
        row: dict[str, Any] = {
            "path": path,
            "uploadMode": "lfs" if _goes_to_lfs(call.hub, globs, wanted) else "regular",
            "shouldIgnore": _matches(path, ignored),
        }
        if known := tree.get(path):
            row["oid"] = known.etag
        rows.append(row)
    return json_response({"files": rows})


def commit(call: Call) -> Response:
    """Apply one NDJSON commit: all of it, or nothing."""
    repo = call.writable_repo()
    branch = call.parts["rev"]
    if call.request.parameter("create_pr"):
        raise Refusal(400, "Pull requests are not part of this emulator")
    if branch not in repo.branches:
        raise Refusal(404, f"Invalid rev id: {branch}", "RevisionNotFound")
    header, operations = _parsed(call.request.body.read())
    parent = header.get("parentCommit")
    if parent and parent != repo.branches[branch]:
        raise Refusal(412, STALE_PARENT)
    tree = dict(repo.resolve(branch).tree)
    for key, value in operations:
        _apply(call.hub, tree, key, value)
    made = call.hub.store.commit(
        repo,
        branch,
        tree,
        str(header.get("summary") or "Upload files"),
        str(header.get("description") or ""),
        call.signed_in().user,
        call.hub.now(),
    )
    url = f"{call.hub.page_url(repo)}/commit/{made.oid}"
    return json_response(
        {"success": True, "commitUrl": url, "commitOid": made.oid, "hookOutput": ""}
    )


def _parsed(raw: bytes) -> tuple[dict[str, Any], Iterator[tuple[str, dict[str, Any]]]]:
    lines = [json.loads(line) for line in raw.splitlines() if line.strip()]
    if not lines or lines[0].get("key") != "header":
        raise Refusal(400, "The first line of a commit must be its header")
    return lines[0]["value"], ((line["key"], line["value"]) for line in lines[1:])


def _apply(hub: HubCore, tree: Tree, key: str, value: dict[str, Any]) -> None:
    path = _checked(value["path"])
    if key == "file":
        content = value["content"]
        is_base64 = value.get("encoding") == "base64"
        raw = base64.b64decode(content) if is_base64 else content.encode()
        if path == "README.md":
            _check_card(raw)
        tree[path] = hub.store.blob(hub.store.add_object(Body(raw)), is_lfs=False)
    elif key == "lfsFile":
        tree[path] = _large(hub, value["oid"])
    elif key == "deletedFile":
        if tree.pop(path, None) is None:
            raise Refusal(404, "A file with this name doesn't exist", "EntryNotFound")
    elif key == "deletedFolder":
        inside = [name for name in tree if name.startswith(f"{path.rstrip('/')}/")]
        if not inside:
            raise Refusal(404, "A folder with this name doesn't exist", "EntryNotFound")
        for name in inside:
            del tree[name]
    else:
        raise Refusal(400, f"Unknown commit operation: {key}")


def _check_card(raw: bytes) -> None:
    """The Hub holds a card to its rules also where a client has not asked before."""
    errors, _ = card_complaints(raw.decode("utf-8", "replace"))
    if errors:
        raise Refusal(400, errors[0])


def _large(hub: HubCore, sha256: str) -> Blob:
    from launcher.emulator.hub.xet import bring_into_store

    xet_hash = bring_into_store(hub, sha256)
    if not hub.store.has_object(sha256):
        raise Refusal(
            400,
            f"Your push was rejected because an LFS pointer pointed to a file that does not"
            f" exist: {sha256}",
        )
    return hub.store.blob(sha256, is_lfs=True, xet_hash=xet_hash)


def _checked(path: str) -> str:
    pieces = path.rstrip("/").split("/")
    if not path or any(piece in {"", ".", "..", ".git"} for piece in pieces):
        raise Refusal(400, f"Invalid path in repo: {path!r}")
    return path


def _branch_tree(repo: Repo, branch: str) -> Tree:
    return repo.resolve(branch).tree


def _lfs_globs(hub: HubCore, tree: Tree) -> list[str]:
    attributes = tree.get(".gitattributes")
    if attributes is None:
        return []
    text = hub.store.object_path(attributes.sha256).read_text(errors="replace")
    return [line.split()[0] for line in text.splitlines() if "filter=lfs" in line]


def _goes_to_lfs(hub: HubCore, globs: list[str], wanted: dict[str, Any]) -> bool:
    if wanted["size"] > hub.sizes.lfs_from_bytes or _matches(wanted["path"], globs):
        return True
    return b"\0" in base64.b64decode(wanted.get("sample", ""))


def _matches(path: str, globs: list[str]) -> bool:
    name = path.rsplit("/", 1)[-1]
    return any(fnmatch.fnmatch(name, glob) or fnmatch.fnmatch(path, glob) for glob in globs)


def lfs_files(call: Call) -> Response:
    """Every large file the history holds, newest commit first."""
    repo = call.writable_repo()
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for name, oid in repo.branches.items():
        for commit_ in repo.history(repo.commits[oid]):
            for path, blob in commit_.tree.items():
                if blob.is_lfs:
                    rows[path, blob.sha256] = _lfs_row(path, blob, name, commit_.at)
    return json_response(list(rows.values()))


def _lfs_row(path: str, blob: Blob, branch: str, at: float) -> dict[str, Any]:
    return {
        "fileOid": blob.sha1,
        "filename": path,
        "oid": blob.sha256,
        "pushedAt": iso(at),
        "ref": f"refs/heads/{branch}",
        "size": blob.size,
    }


def delete_lfs_files(call: Call) -> Response:
    """Take large files out of every commit; with `rewriteHistory` they leave the trees as well."""
    repo = call.writable_repo()
    doomed = set(call.request.body.json()["deletions"]["sha"])
    for known in repo.commits.values():
        for path in [p for p, blob in known.tree.items() if blob.is_lfs and blob.sha1 in doomed]:
            del known.tree[path]
    call.hub.store.save_history(repo)
    return json_response({})


ROUTES = (
    Route.at("POST", "{repo}/preupload/{rev}", preupload),
    Route.at("POST", "{repo}/commit/{rev}", commit),
    Route.at("GET", "{repo}/lfs-files", lfs_files),
    Route.at("POST", "{repo}/lfs-files/batch", delete_lfs_files),
)
