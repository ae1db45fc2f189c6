"""Repos as a whole: create, delete, move, settings, and what a token may do with one."""

from __future__ import annotations

from launcher.emulator.hub.core import Call, Route
from launcher.emulator.hub.store import Repo
from launcher.emulator.hub.wire import Body, Refusal, Response, json_response

SPACE_SDKS = ("gradio", "docker", "static")


def create(call: Call) -> Response:
    wanted = call.request.body.json()
    token = call.signed_in()
    kind = wanted.get("type") or "model"
    namespace = wanted.get("organization") or token.user
    repo_id = f"{namespace}/{wanted['name']}"
    if not token.may_create_in(namespace):
        raise Refusal(
            403, f'You don\'t have the rights to create a {kind} under the namespace "{namespace}"'
        )
    if existing := call.hub.store.repos.get((kind, repo_id.lower())):
        raise Refusal(409, f"You already created this {kind} repo", url=call.hub.page_url(existing))
    if kind == "space" and wanted.get("sdk") not in SPACE_SDKS:
        raise Refusal(400, f'"sdk" must be one of [{", ".join(SPACE_SDKS)}]')
    is_private = bool(wanted.get("private")) or wanted.get("visibility") == "private"
    made = call.hub.store.create(
        kind, repo_id, is_private=is_private, author=token.user, at=call.hub.now()
    )
    if kind == "space":
        _begin_space(call, made, wanted["sdk"])
    return json_response({"url": call.hub.page_url(made), "name": made.id, "id": made.id})


def _begin_space(call: Call, space: Repo, sdk: str) -> None:
    """What the Hub puts into a new Space: a card that names its kind, and a page to begin with where that is static."""
    files = {
        "README.md": f"---\ntitle: {space.id.partition('/')[2]}\nsdk: {sdk}\npinned: false\n---\n"
    }
    if sdk == "static":
        page = '<!doctype html>\n<link rel="stylesheet" href="style.css" />\n<h1>Welcome to your static Space!</h1>\n'
        files |= {"index.html": page, "style.css": "body { padding: 2rem; }\n"}
    store = call.hub.store
    tree = dict(space.resolve("main").tree)
    for path, text in files.items():
        tree[path] = store.blob(store.add_object(Body(text.encode())), is_lfs=False)
    user = call.signed_in().user
    store.commit(space, "main", tree, "initial commit", "", user, call.hub.now())


def delete(call: Call) -> Response:
    wanted = call.request.body.json()
    token = call.signed_in()
    namespace = wanted.get("organization") or token.user
    repo = call.hub.writable_repo(
        wanted.get("type") or "model", f"{namespace}/{wanted['name']}", token
    )
    call.hub.store.delete(repo)
    return json_response({})


def move(call: Call) -> Response:
    wanted = call.request.body.json()
    token = call.signed_in()
    kind = wanted.get("type") or "model"
    target = wanted["toRepo"]
    repo = call.hub.writable_repo(kind, wanted["fromRepo"], token)
    if not token.may_create_in(target.split("/")[0]):
        raise Refusal(403, f"You don't have the rights to create a {kind} under this namespace")
    if (kind, target.lower()) in call.hub.store.repos:
        raise Refusal(409, f"The {kind} {target} already exists")
    call.hub.store.move(repo, target)
    return json_response({"url": call.hub.page_url(repo)})


def settings(call: Call) -> Response:
    repo = call.writable_repo()
    wanted = call.request.body.json()
    if "visibility" in wanted or "private" in wanted:
        repo.is_private = wanted.get("visibility") == "private" or bool(wanted.get("private"))
    if "gated" in wanted:
        repo.gated = wanted["gated"]
    call.hub.store.save(repo)
    return json_response({"private": repo.is_private, "gated": repo.gated})


def auth_check(call: Call) -> Response:
    call.content_repo()
    return Response(200)


def auth_check_write(call: Call) -> Response:
    call.writable_repo()
    return Response(200)


ROUTES = (
    Route.at("POST", "/api/repos/create", create),
    Route.at("DELETE", "/api/repos/delete", delete),
    Route.at("POST", "/api/repos/move", move),
    Route.at("PUT", "{repo}/settings", settings),
    Route.at("GET", "{repo}/auth-check", auth_check),
    Route.at("GET", "{repo}/auth-check/write", auth_check_write),
)
