"""Branches, tags, the list of commits, and squashing a branch's history."""

from __future__ import annotations

import re

from launcher.emulator.hub.core import Call, Route
from launcher.emulator.hub.listings import iso, page_of
from launcher.emulator.hub.wire import Refusal, Response, json_response

_NO_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|(^|/)\.|^@?$")


def refs(call: Call) -> Response:
    repo = call.readable_repo()
    heads = [
        {"name": name, "ref": f"refs/heads/{name}", "targetCommit": oid}
        for name, oid in repo.branches.items()
    ]
    tags = [
        {"name": name, "ref": f"refs/tags/{name}", "targetCommit": oid}
        for name, oid in repo.tags.items()
    ]
    return json_response({"branches": heads, "tags": tags, "converts": [], "pullRequests": []})


def commits(call: Call) -> Response:
    repo = call.readable_repo()
    rows = [
        {
            "id": commit.oid,
            "title": commit.title,
            "message": commit.message,
            "date": iso(commit.at),
            "authors": [{"user": commit.author}],
        }
        for commit in repo.history(repo.resolve(call.parts["rev"]))
    ]
    return page_of(call, rows)


def create_branch(call: Call) -> Response:
    repo = call.writable_repo()
    name = call.parts["branch"]
    if name in repo.branches:
        raise Refusal(409, f"Reference already exists: refs/heads/{name}")
    start = call.request.body.json().get("startingPoint") or "main"
    repo.branches[name] = repo.resolve(start).oid
    call.hub.store.save(repo)
    return json_response({}, 201)


def delete_branch(call: Call) -> Response:
    repo = call.writable_repo()
    name = call.parts["branch"]
    if name == "main":
        raise Refusal(403, "Cannot delete the default branch")
    if repo.branches.pop(name, None) is None:
        raise Refusal(404, f"Reference does not exist: refs/heads/{name}", "RevisionNotFound")
    call.hub.store.save(repo)
    return json_response({})


def create_tag(call: Call) -> Response:
    repo = call.writable_repo()
    name = call.request.body.json().get("tag")
    if not isinstance(name, str) or not _is_ref_name(name):
        raise Refusal(400, f"Invalid tag name: {name!r}")
    if name in repo.tags:
        raise Refusal(409, f"Tag reference exists already: refs/tags/{name}")
    repo.tags[name] = repo.resolve(call.parts["rev"]).oid
    call.hub.store.save(repo)
    return json_response({}, 201)


def _is_ref_name(name: str) -> bool:
    """By git's rules for references."""
    return not (_NO_REF.search(name) or name.startswith("/") or name.endswith(("/", ".", ".lock")))


def delete_tag(call: Call) -> Response:
    repo = call.writable_repo()
    if repo.tags.pop(call.parts["rev"], None) is None:
        raise Refusal(404, f"Tag does not exist: {call.parts['rev']}", "RevisionNotFound")
    call.hub.store.save(repo)
    return json_response({})


def squash(call: Call) -> Response:
    """One commit without a parent takes the place of a branch's history."""
    repo = call.writable_repo()
    branch = call.parts["branch"]
    if branch not in repo.branches:
        raise Refusal(404, f"Invalid rev id: {branch}", "RevisionNotFound")
    title = call.request.body.json().get("message") or f"Super-squash branch '{branch}'"
    head = repo.resolve(branch)
    call.hub.store.commit(
        repo, branch, head.tree, title, "", call.signed_in().user, call.hub.now(), orphan=True
    )
    return json_response({})


ROUTES = (
    Route.at("GET", "{repo}/refs", refs),
    Route.at("GET", "{repo}/commits/{rev}", commits),
    Route.at("POST", "{repo}/branch/(?P<branch>[^/]+)", create_branch),
    Route.at("DELETE", "{repo}/branch/(?P<branch>[^/]+)", delete_branch),
    Route.at("POST", "{repo}/tag/{rev}", create_tag),
    Route.at("DELETE", "{repo}/tag/{rev}", delete_tag),
    Route.at("POST", "{repo}/super-squash/(?P<branch>[^/]+)", squash),
)
