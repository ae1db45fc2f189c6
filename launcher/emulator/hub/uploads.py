"""Git LFS uploads: the batch call, one PUT or several parts, and the check at the end."""

from __future__ import annotations

import hashlib
import math
from typing import Any

from launcher.emulator.hub.core import Call, Route
from launcher.emulator.hub.wire import Body, Refusal, Response, json_response


def batch(call: Call) -> Response:
    call.writable_repo()
    wanted = call.request.body.json()
    if wanted.get("operation") != "upload":
        raise Refusal(400, "Only uploads are answered here")
    objects = [_actions(call, item["oid"], int(item["size"])) for item in wanted["objects"]]
    has_parts = any("chunk_size" in _header(item) for item in objects)
    answer = {"transfer": "multipart" if has_parts else "basic", "objects": objects}
    return json_response(answer, content_type="application/vnd.git-lfs+json")


def _header(item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = item.get("actions", {}).get("upload", {}).get("header", {})
    return found


def _actions(call: Call, oid: str, size: int) -> dict[str, Any]:
    row: dict[str, Any] = {"oid": oid, "size": size}
    if call.hub.store.has_object(oid):
        return row
    verify = {"href": f"{call.hub.page_url(call.writable_repo())}.git/info/lfs/objects/verify"}
    if size <= call.hub.sizes.multipart_from_bytes:
        upload: dict[str, Any] = {"href": f"{call.hub.cdn_url}/lfs-upload/{oid}?size={size}"}
    else:
        upload = _in_parts(call, oid, size)
    return {**row, "actions": {"upload": upload, "verify": verify}}


def _in_parts(call: Call, oid: str, size: int) -> dict[str, Any]:
    part_bytes = call.hub.sizes.part_bytes
    count = math.ceil(size / part_bytes)
    urls = {str(n): f"{call.hub.cdn_url}/lfs-part/{oid}/{n}" for n in range(1, count + 1)}
    href = f"{call.hub.public_url}/lfs-complete/{oid}?size={size}"
    return {"href": href, "header": {"chunk_size": str(part_bytes), **urls}}


def put_whole(call: Call) -> Response:
    _no_token_here(call)
    body = call.request.body
    if body.sha256 != call.parts["oid"] or body.size != int(call.request.parameter("size")):
        raise Refusal(400, "The content does not have the announced sha256 and size")
    call.hub.store.add_object(body)
    return Response(200, {"ETag": f'"{body.sha256}"'})


def put_part(call: Call) -> Response:
    _no_token_here(call)
    body = call.request.body
    number = int(call.parts["number"])
    body.save_as(call.hub.store.incoming / call.parts["oid"] / f"{number:05d}")
    return Response(200, {"ETag": f'"{body.sha256}"'})


def complete(call: Call) -> Response:
    """Put the parts together; refuse what does not add up to the announced sha256."""
    oid, store = call.parts["oid"], call.hub.store
    if store.has_object(oid):
        return json_response({"success": True})
    folder = store.incoming / oid
    wanted = [int(part["partNumber"]) for part in call.request.body.json()["parts"]]
    whole, digest = store.incoming / f"{oid}.whole", hashlib.sha256()
    with whole.open("wb") as stream:
        for number in sorted(wanted):
            piece = (folder / f"{number:05d}").read_bytes()
            digest.update(piece)
            stream.write(piece)
    if digest.hexdigest() != oid:
        raise Refusal(400, "The parts do not add up to the announced sha256")
    store.add_object(Body(whole, oid))
    for part in folder.iterdir():
        part.unlink()
    folder.rmdir()
    return json_response({"success": True})


def verify(call: Call) -> Response:
    call.writable_repo()
    wanted = call.request.body.json()
    path = call.hub.store.object_path(wanted["oid"])
    if not path.is_file() or path.stat().st_size != wanted["size"]:
        raise Refusal(404, "Object not found or of another size")
    return json_response({})


def _no_token_here(call: Call) -> None:
    """Storage behind presigned addresses refuses a request that brings a token as well."""
    if "authorization" in call.request.headers:
        raise Refusal(400, "Only one auth mechanism allowed: a Hub token was sent to the CDN")


ROUTES = (
    Route.at("POST", r"{page}\.git/info/lfs/objects/batch", batch),
    Route.at("POST", r"{page}\.git/info/lfs/objects/verify", verify),
    Route.at("PUT", "/lfs-upload/(?P<oid>[0-9a-f]{64})", put_whole),
    Route.at("PUT", r"/lfs-part/(?P<oid>[0-9a-f]{64})/(?P<number>\d+)", put_part),
    Route.at("POST", "/lfs-complete/(?P<oid>[0-9a-f]{64})", complete),
)
