"""Xet storage as hf_xet speaks it: tokens, xorbs, shards and the plan to rebuild a file."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lz4.frame  # type: ignore[import-untyped]

from launcher.emulator.hub.core import Call, HubCore, Route
from launcher.emulator.hub.wire import (
    Body,
    Refusal,
    Response,
    byte_range,
    file_response,
    json_response,
)

TOKEN_SECONDS = 3600
RECORD_BYTES = 48
HAS_VERIFICATION, HAS_METADATA = 1 << 31, 1 << 30


# Tokens: the Hub hands them out, the storage asks for them.


def read_token(call: Call) -> Response:
    repo = call.content_repo()
    repo.resolve(call.parts["rev"])
    return issue_token(call, f"{repo.kind}:{repo.id}", may_write=False)


def write_token(call: Call) -> Response:
    repo = call.writable_repo()
    return issue_token(call, f"{repo.kind}:{repo.id}", may_write=True)


def issue_token(call: Call, owner: str, *, may_write: bool) -> Response:
    """A short-lived storage token, in the body (hf_xet reads it) and in headers (Python does)."""
    if not call.hub.xet:
        raise Refusal(404, "This Hub has no xet storage")
    right = "write" if may_write else "read"
    value = f"xet-{right}-{len(call.hub.grants) + 1}"
    call.hub.grants[value] = (owner, may_write)
    expires = int(call.hub.now()) + TOKEN_SECONDS
    url = f"{call.hub.public_url}/xet/{call.hub.store.xet_id}"
    headers = {
        "X-Xet-Cas-Url": url,
        "X-Xet-Access-Token": value,
        "X-Xet-Token-Expiration": str(expires),
    }
    document = {"casUrl": url, "accessToken": value, "exp": expires}
    return json_response(document).with_headers(headers)


def _granted(call: Call, *, to_write: bool = False) -> None:
    grant = call.hub.grants.get(call.request.bearer or "")
    if grant is None:
        raise Refusal(401, "Unknown or expired storage token")
    if to_write and not grant[1]:
        raise Refusal(403, "This storage token may only read")


# Xorbs: chunks of many files, packed one after another.


def put_xorb(call: Call) -> Response:
    _granted(call, to_write=True)
    target = call.hub.store.xorbs / call.parts["hash"]
    is_new = not target.exists()
    if is_new:
        call.request.body.save_as(target)
    return json_response({"was_inserted": is_new})


def get_xorb(call: Call) -> Response:
    if "authorization" in call.request.headers:
        raise Refusal(400, "Only one auth mechanism allowed: a token was sent to the CDN")
    path = call.hub.store.xorbs / call.parts["hash"]
    if not path.is_file():
        raise Refusal(404, "NoSuchKey")
    return file_response(call.request, path, {})


@dataclass(frozen=True)
class Chunk:
    """Where a packed chunk lies in its xorb, how it is packed, and its size unpacked."""

    start: int
    end: int
    scheme: int
    unpacked_bytes: int


def chunks_of(xorb: bytes) -> list[Chunk]:
    """Walk the 8-byte chunk headers; what follows the last chunk (a footer) is not a header."""
    found, at = [], 0
    while at + 8 <= len(xorb) and xorb[at] == 0:
        packed = int.from_bytes(xorb[at + 1 : at + 4], "little")
        unpacked = int.from_bytes(xorb[at + 5 : at + 8], "little")
        if at + 8 + packed > len(xorb):
            break
        found.append(Chunk(at, at + 8 + packed, xorb[at + 4], unpacked))
        at += 8 + packed
    return found


class Xorbs:
    """The xorbs of one file, each read once: a file of repeated content names the same one often."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bytes: dict[str, bytes] = {}
        self._chunks: dict[str, list[Chunk]] = {}

    def bytes_of(self, name: str) -> bytes:
        if name not in self._bytes:
            self._bytes[name] = (self._folder / name).read_bytes()
        return self._bytes[name]

    def chunks_of(self, name: str) -> list[Chunk]:
        if name not in self._chunks:
            self._chunks[name] = chunks_of(self.bytes_of(name))
        return self._chunks[name]


def unpack_chunk(xorb: bytes, chunk: Chunk) -> bytes:
    packed = xorb[chunk.start + 8 : chunk.end]
    if chunk.scheme == 0:
        return packed
    content: bytes = lz4.frame.decompress(packed)
    return _joined_byte_groups(content) if chunk.scheme == 2 else content


def _joined_byte_groups(grouped: bytes) -> bytes:
    """Undo grouping by four: all first bytes of each 4-byte word come first, then the second ones."""
    out, at = bytearray(len(grouped)), 0
    for index in range(4):
        count = (len(grouped) - index + 3) // 4
        out[index::4] = grouped[at : at + count]
        at += count
    return bytes(out)


# Shards: which chunks of which xorbs make up which file.


@dataclass(frozen=True)
class Term:
    """A run of chunks `[first, end)` in one xorb, and their size unpacked."""

    xorb: str
    first: int
    end: int
    unpacked_bytes: int


def put_shard(call: Call) -> Response:
    _granted(call, to_write=True)
    for file_hash, sha256, terms in files_in_shard(call.request.body.read()):
        for name in {term.xorb for term in terms}:
            if not (call.hub.store.xorbs / name).is_file():
                raise Refusal(400, f"The shard names a xorb that is not stored here: {name}")
        rows = [[term.xorb, term.first, term.end, term.unpacked_bytes] for term in terms]
        document = {"sha256": sha256, "terms": rows}
        (call.hub.store.xet / file_hash).write_text(json.dumps(document))
        if sha256:
            (call.hub.store.xet / f"sha256-{sha256}").write_text(file_hash)
    return json_response({"result": 1})


def files_in_shard(shard: bytes) -> Iterator[tuple[str, str | None, list[Term]]]:
    """File hash, sha256 (when given) and terms of every file a shard describes."""
    at = RECORD_BYTES
    while shard[at : at + 32] != b"\xff" * 32:
        file_hash = _printed(shard[at : at + 32])
        flags, count = struct.unpack_from("<II", shard, at + 32)
        at += RECORD_BYTES
        terms = []
        for _ in range(count):
            unpacked, first, end = struct.unpack_from("<III", shard, at + 36)
            terms.append(Term(_printed(shard[at : at + 32]), first, end, unpacked))
            at += RECORD_BYTES
        at += RECORD_BYTES * count if flags & HAS_VERIFICATION else 0
        sha256 = None
        if flags & HAS_METADATA:
            sha256 = _printed(shard[at : at + 32])
            at += RECORD_BYTES
        yield file_hash, sha256, terms


def _printed(raw: bytes) -> str:
    """Hashes are written as four little-endian 64-bit numbers in hex."""
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", raw))


# Rebuilding


def reconstruction(call: Call) -> Response:
    """How to rebuild a file, or the part of it that `Range` names."""
    _granted(call)
    terms = terms_of(call.hub, call.parts["hash"])
    if terms is None:
        raise Refusal(404, "No such file")
    total = sum(term.unpacked_bytes for term in terms)
    wanted = byte_range(call.request.headers.get("range"), total)
    if wanted is not None and wanted[0] >= total:
        raise Refusal(416, "Range not satisfiable")
    skipped, xorbs = 0, Xorbs(call.hub.store.xorbs)
    if wanted is not None:
        terms, skipped = _cut_to(xorbs, terms, *wanted)
    answer: dict[str, Any] = {
        "offset_into_first_range": skipped,
        "terms": [_term_row(term) for term in terms],
        "fetch_info": _fetch_rows(call.hub, xorbs, terms),
    }
    return json_response(answer)


def _term_row(term: Term) -> dict[str, Any]:
    return {
        "hash": term.xorb,
        "unpacked_length": term.unpacked_bytes,
        "range": {"start": term.first, "end": term.end},
    }


def _fetch_rows(hub: HubCore, xorbs: Xorbs, terms: list[Term]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, group in itertools.groupby(
        sorted(set(terms), key=lambda term: (term.xorb, term.first)), key=lambda term: term.xorb
    ):
        chunks = xorbs.chunks_of(name)
        rows[name] = [
            {
                "range": {"start": term.first, "end": term.end},
                "url": f"{hub.cdn_url}/xorb/{name}",
                "url_range": {
                    "start": chunks[term.first].start,
                    "end": chunks[term.end - 1].end - 1,
                },
            }
            for term in group
        ]
    return rows


def _cut_to(xorbs: Xorbs, terms: list[Term], first: int, last: int) -> tuple[list[Term], int]:
    """The terms that hold bytes first..last, cut to whole chunks, and the bytes to skip in front."""
    kept: list[Term] = []
    skipped, at = 0, 0
    for term in terms:
        chunks = xorbs.chunks_of(term.xorb)
        for index in range(term.first, term.end):
            size = chunks[index].unpacked_bytes
            if at + size > first and at <= last:
                if not kept:
                    skipped = first - at
                kept.append(Term(term.xorb, index, index + 1, size))
            at += size
    return kept, skipped


def terms_of(hub: HubCore, file_hash: str) -> list[Term] | None:
    path = hub.store.xet / file_hash
    if not path.is_file():
        return None
    return [Term(*row) for row in json.loads(path.read_text())["terms"]]


def bring_into_store(hub: HubCore, sha256: str) -> str | None:
    """Make a xet upload an object like any other. Returns its xet hash, None if there is none.

    Raises Refusal when the chunks do not add up to the sha256 that the client claimed.
    """
    named = hub.store.xet / f"sha256-{sha256}"
    if not named.is_file():
        return None
    file_hash = named.read_text()
    if not hub.store.has_object(sha256):
        body = Body(rebuilt(hub, file_hash))
        if body.sha256 != sha256:
            raise Refusal(400, f"The content uploaded for {sha256} has another sha256")
        hub.store.add_object(body)
    return file_hash


def rebuilt(hub: HubCore, file_hash: str) -> bytes:
    """The bytes of a file, from its chunks."""
    terms = terms_of(hub, file_hash)
    if terms is None:
        raise Refusal(404, "No such file in xet storage")
    content, xorbs = bytearray(), Xorbs(hub.store.xorbs)
    unpacked: dict[Term, bytes] = {}
    for term in terms:
        if term not in unpacked:
            unpacked[term] = _unpacked_term(xorbs, term)
        content += unpacked[term]
    return bytes(content)


def _unpacked_term(xorbs: Xorbs, term: Term) -> bytes:
    xorb = xorbs.bytes_of(term.xorb)
    wanted = xorbs.chunks_of(term.xorb)[term.first : term.end]
    return b"".join(unpack_chunk(xorb, chunk) for chunk in wanted)


def not_offered(call: Call) -> Response:
    """Newer or optional calls that a client asks for first and does without."""
    raise Refusal(404, "Not offered here")


STORAGE = "/xet/[0-9a-f]+"
HASH = "(?P<hash>[0-9a-f]{64})"
ROUTES = (
    Route.at("GET", "{repo}/xet-read-token/{rev}", read_token),
    Route.at("GET", "{repo}/xet-write-token/{rev}", write_token),
    Route.at("POST", f"{STORAGE}/v1/xorbs/default/{HASH}", put_xorb),
    Route.at("POST", f"{STORAGE}/v1/shards", put_shard),
    Route.at("POST", f"{STORAGE}/shards", put_shard),
    Route.at("GET", f"{STORAGE}/v1/reconstructions/{HASH}", reconstruction),
    Route.at("GET", f"/xorb/{HASH}", get_xorb),
    Route.at("GET", "/xet/.*", not_offered),
    Route.at("POST", "/xet/.*", not_offered),
)
