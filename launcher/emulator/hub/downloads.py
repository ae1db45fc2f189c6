"""Fetching one file: `resolve` with its headers, and the CDN that large files are redirected to."""

from __future__ import annotations

from urllib.parse import quote

from launcher.emulator.hub.core import Call, Route
from launcher.emulator.hub.store import Blob, Commit, Repo
from launcher.emulator.hub.wire import Refusal, Response, file_response


def resolve(call: Call) -> Response:
    repo = call.content_repo()
    commit = repo.resolve(call.parts["rev"])
    path = call.parts["path"]
    blob = commit.tree.get(path)
    if blob is None:
        raise Refusal(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": commit.oid})
    if blob.is_lfs:
        return _redirect(call, repo, commit, path, blob)
    name = path.rsplit("/", 1)[-1]
    headers = {
        "ETag": f'"{blob.sha1}"',
        "X-Repo-Commit": commit.oid,
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}",
    }
    return file_response(call.request, call.hub.store.object_path(blob.sha256), headers)


def _redirect(call: Call, repo: Repo, commit: Commit, path: str, blob: Blob) -> Response:
    headers = {
        "Location": f"{call.hub.cdn_url}/cdn/{blob.sha256}/{quote(path.rsplit('/', 1)[-1])}",
        "X-Repo-Commit": commit.oid,
        "X-Linked-Etag": f'"{blob.sha256}"',
        "X-Linked-Size": str(blob.size),
        "ETag": f'"{blob.sha1}"',
    }
    if blob.xet_hash and call.hub.xet:
        api = f"{call.hub.public_url}/api/{repo.kind_folder}/{repo.id}"
        headers["X-Xet-Hash"] = blob.xet_hash
        headers["Link"] = f'<{api}/xet-read-token/{commit.oid}>; rel="xet-auth"'
    return Response(302, headers, b"Found. Redirecting")


def cdn(call: Call) -> Response:
    if "authorization" in call.request.headers:
        raise Refusal(400, "Only one auth mechanism allowed: a Hub token was sent to the CDN")
    path = call.hub.store.object_path(call.parts["sha256"])
    if not path.is_file():
        raise Refusal(404, "NoSuchKey")
    return file_response(call.request, path, {"ETag": f'"{call.parts["sha256"]}"'})


ROUTES = (
    Route.at("GET", "/cdn/(?P<sha256>[0-9a-f]{64})/[^/]*", cdn),
    Route.at("GET", "{page}/resolve/{rev}/{path}", resolve),
)
