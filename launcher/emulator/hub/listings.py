"""What is in a repo: its description, its tree in pages, single paths, and repos by owner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote

from launcher.emulator.hub.accounts import card_fields
from launcher.emulator.hub.core import KIND_OF_FOLDER, Call, HubCore, Route
from launcher.emulator.hub.store import Blob, Commit, Repo
from launcher.emulator.hub.wire import Refusal, Response, json_response

POINTER_BYTES = 134
MOST_LISTED = 1000
"""Repos on one page of a listing."""


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def info(call: Call) -> Response:
    repo = call.readable_repo()
    commit = repo.resolve(call.parts.get("rev", "main"))
    return json_response(described(call.hub, repo, commit, with_blobs=_is_true(call, "blobs")))


def described(hub: HubCore, repo: Repo, commit: Commit, *, with_blobs: bool) -> dict[str, Any]:
    siblings = [_sibling(path, blob, with_blobs) for path, blob in commit.tree.items()]
    return {
        "_id": f"repo-{repo.id}",
        "id": repo.id,
        "modelId": repo.id,
        "author": repo.id.split("/")[0],
        "sha": commit.oid,
        "private": repo.is_private,
        "gated": repo.gated,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "createdAt": iso(repo.created_at),
        "lastModified": iso(repo.head.at),
        "siblings": siblings,
        "cardData": _card(hub, commit),
        "usedStorage": _stored_bytes(repo),
    }


def listed(call: Call) -> Response:
    """Repos of one kind that the token may see, by `author` and `search`, in pages of `limit`."""
    kind, token = KIND_OF_FOLDER[call.parts["kinds"]], call.token
    author, search = call.request.parameter("author"), call.request.parameter("search")
    found = [
        repo
        for repo in call.hub.store.repos.values()
        if repo.kind == kind
        and (not repo.is_private or (token and token.may_read_private(kind, repo.id)))
        and (not author or repo.id.split("/")[0].lower() == author.lower())
        and search.lower() in repo.id.lower()
    ]
    if order := _ORDERS.get(call.request.parameter("sort")):
        found.sort(key=order, reverse=True)  # the newest first, as the Hub's own default
    wanted = parse_qs(call.request.query).get("expand", [])
    start = int(call.request.parameter("cursor") or 0)
    page = start + min(int(call.request.parameter("limit") or MOST_LISTED), MOST_LISTED)
    # Described only where they are shown: what is on other pages costs nothing.
    rows: list[dict[str, Any]] = [
        _expanded(call.hub, repo, wanted) if start <= number < page else {}
        for number, repo in enumerate(found)
    ]
    return page_of(call, rows, most=MOST_LISTED)


def _expanded(hub: HubCore, repo: Repo, wanted: list[str]) -> dict[str, Any]:
    """With `expand` only what it names, and what every row has."""
    row = described(hub, repo, repo.head, with_blobs=False)
    if not wanted:
        return row
    return {name: value for name, value in row.items() if name in {"_id", "id", "modelId", *wanted}}


def _changed_at(repo: Repo) -> float:
    return repo.head.at


def _created_at(repo: Repo) -> float:
    return repo.created_at


_ORDERS: dict[str, Callable[[Repo], float]] = {
    "lastModified": _changed_at,
    "createdAt": _created_at,
}


def tree(call: Call) -> Response:
    repo = call.readable_repo()
    commit = repo.resolve(call.parts["rev"])
    folder = call.parts.get("path", "").strip("/")
    rows = _rows_under(call, repo, commit, folder)
    if folder and not rows:
        raise Refusal(404, f'{folder} does not exist on "{call.parts["rev"]}"', "EntryNotFound")
    return page_of(call, rows)


def page_of(call: Call, rows: list[dict[str, Any]], most: int = 0) -> Response:
    """One page of rows, with the `Link` header that leads to the next; `most` stands for the tree's own limit."""
    most = most or call.hub.sizes.rows_per_page
    size = min(int(call.request.parameter("limit") or most), most)
    start = int(call.request.parameter("cursor") or 0)
    answer = json_response(rows[start : start + size])
    if start + size >= len(rows):
        return answer
    asked = parse_qs(call.request.query, keep_blank_values=True)
    kept = [(name, each) for name, values in asked.items() if name != "cursor" for each in values]
    query = "&".join(f"{name}={quote(value)}" for name, value in kept)
    url = f"{call.hub.public_url}{call.request.path}?{query}&cursor={start + size}"
    return answer.with_headers({"Link": f'<{url}>; rel="next"'})


def paths_info(call: Call) -> Response:
    repo = call.readable_repo()
    commit = repo.resolve(call.parts["rev"])
    form = parse_qs(call.request.body.read().decode(), keep_blank_values=True)
    expand = form.get("expand", ["false"])[0].lower() == "true"
    rows = []
    for path in form.get("paths", []):
        if path in commit.tree:
            rows.append(_file_row(call.hub, repo, commit, path, expand))
        elif any(known.startswith(f"{path}/") for known in commit.tree):
            rows.append(_folder_row(commit, path))
    return json_response(rows)


def _rows_under(call: Call, repo: Repo, commit: Commit, folder: str) -> list[dict[str, Any]]:
    recursive, expand = _is_true(call, "recursive"), _is_true(call, "expand")
    prefix = f"{folder}/" if folder else ""
    files: list[dict[str, Any]] = []
    folders: dict[str, dict[str, Any]] = {}
    for path in commit.tree:
        if not path.startswith(prefix):
            continue
        pieces = path.removeprefix(prefix).split("/")
        depth = len(pieces) if recursive else 2
        for size in range(1, min(len(pieces), depth)):
            name = prefix + "/".join(pieces[:size])
            if name not in folders:
                folders[name] = _folder_row(commit, name)
        if recursive or len(pieces) == 1:
            files.append(_file_row(call.hub, repo, commit, path, expand))
    return sorted([*folders.values(), *files], key=lambda row: str(row["path"]))


def _file_row(hub: HubCore, repo: Repo, commit: Commit, path: str, expand: bool) -> dict[str, Any]:
    blob = commit.tree[path]
    row: dict[str, Any] = {"type": "file", "path": path, "oid": blob.sha1, "size": blob.size}
    if blob.is_lfs:
        row["lfs"] = {"oid": blob.sha256, "size": blob.size, "pointerSize": POINTER_BYTES}
    if blob.xet_hash and hub.xet:
        row["xetHash"] = blob.xet_hash
    if expand:
        changed = repo.last_change(commit, path)
        row["lastCommit"] = {"id": changed.oid, "title": changed.title, "date": iso(changed.at)}
        row["securityFileStatus"] = None
    return row


def _folder_row(commit: Commit, path: str) -> dict[str, Any]:
    # Any 40 digits that change with the content will do: clients only compare them.
    inside = "".join(b.sha1 for name, b in commit.tree.items() if name.startswith(f"{path}/"))
    return {"type": "directory", "path": path, "oid": _digits(inside), "size": 0}


def _digits(text: str) -> str:
    import hashlib

    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _sibling(path: str, blob: Blob, with_blobs: bool) -> dict[str, Any]:
    if not with_blobs:
        return {"rfilename": path}
    row: dict[str, Any] = {"rfilename": path, "size": blob.size, "blobId": blob.sha1}
    if blob.is_lfs:
        row["lfs"] = {"sha256": blob.sha256, "size": blob.size, "pointerSize": POINTER_BYTES}
    return row


def _card(hub: HubCore, commit: Commit) -> dict[str, Any]:
    readme = commit.tree.get("README.md")
    if readme is None:
        return {}
    text = hub.store.object_path(readme.sha256).read_text(errors="replace")
    return {name: value for name, value in card_fields(text).items() if _is_json(value)}


def _is_json(value: object) -> bool:
    return isinstance(value, str | int | float | bool | list | dict | None)


def _stored_bytes(repo: Repo) -> int:
    sizes = {b.sha256: b.size for c in repo.commits.values() for b in c.tree.values()}
    return sum(sizes.values())


def _is_true(call: Call, name: str) -> bool:
    return call.request.parameter(name).lower() in {"true", "1"}


ROUTES = (
    Route.at("GET", "/api/(?P<kinds>models|datasets|spaces)", listed),
    Route.at("GET", "{repo}", info),
    Route.at("GET", "{repo}/revision/{rev}", info),
    Route.at("GET", "{repo}/tree/{rev}(?:/{path})?", tree),
    Route.at("POST", "{repo}/paths-info/{rev}", paths_info),
)
