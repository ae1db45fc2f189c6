"""One request and one response of the emulated Hub, free of any web framework or socket."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from pod_image.contract.whole_file import write_whole

READ_BYTES = 1 << 20


class Body:
    """The bytes of a request, in memory or in a file on disk, with their size and sha256."""

    def __init__(self, content: bytes | Path, sha256: str | None = None) -> None:
        self._content = content
        self._sha256 = sha256
        self.size = content.stat().st_size if isinstance(content, Path) else len(content)

    @property
    def sha256(self) -> str:
        if self._sha256 is None:
            self._sha256 = hashlib.sha256(self.read()).hexdigest()
        return self._sha256

    def read(self) -> bytes:
        return self._content.read_bytes() if isinstance(self._content, Path) else self._content

    def json(self) -> Any:
        """The JSON document in the body, or an empty dict when the body is empty."""
        raw = self.read()
        return json.loads(raw) if raw.strip() else {}

    def save_as(self, target: Path) -> None:
        """Put the bytes at `target`, in one step, without copying a body that is on disk."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(self._content, Path):
            self._content.replace(target)
            self._content = target
            return
        write_whole(target, self._content, is_shared=True)


@dataclass(frozen=True)
class Request:
    """What arrived. `path` is still percent-encoded, header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = field(default_factory=lambda: Body(b""))

    def parameters(self, name: str) -> list[str]:
        """Every value of one query parameter, in order."""
        pairs = parse_qsl(self.query, keep_blank_values=True)
        return [value for key, value in pairs if key == name]

    def parameter(self, name: str, default: str = "") -> str:
        return next(iter(self.parameters(name)), default)

    @property
    def bearer(self) -> str | None:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value if scheme.lower() == "bearer" and value else None


@dataclass(frozen=True)
class FileSlice:
    """`length` bytes of a file from `start`, read only when they are sent."""

    path: Path
    start: int
    length: int

    def pieces(self) -> Iterator[bytes]:
        with self.path.open("rb") as stream:
            stream.seek(self.start)
            left = self.length
            while left > 0 and (piece := stream.read(min(READ_BYTES, left))):
                left -= len(piece)
                yield piece


@dataclass(frozen=True)
class Cut:
    """The connection ends after this many bytes of body (None: before any reply), by FIN or by RST."""

    after_bytes: int | None = None
    by_reset: bool = False


@dataclass(frozen=True)
class Response:
    """What goes back. `delay_seconds` and `cut` are carried out by whoever owns the connection."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | FileSlice = b""
    delay_seconds: float = 0.0
    cut: Cut | None = None
    follow: Callable[[], bytes | None] | None = None
    """A stream in place of a body: what has come since it was asked last, None at its end."""

    @property
    def size(self) -> int:
        return self.body.length if isinstance(self.body, FileSlice) else len(self.body)

    def pieces(self) -> Iterator[bytes]:
        """The body in pieces, ended where `cut` says."""
        limit = self.cut.after_bytes if self.cut else None
        left = self.size if limit is None else limit
        source = self.body.pieces() if isinstance(self.body, FileSlice) else iter([self.body])
        for piece in source:
            if left <= 0:
                return
            yield piece[:left]
            left -= len(piece)

    def with_headers(self, extra: Mapping[str, str]) -> Response:
        return replace(self, headers={**self.headers, **extra})


def json_response(document: object, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(document).encode()
    return Response(status, {"content-type": "application/json; charset=utf-8", **named}, body)


class Refusal(Exception):
    """An answer other than success, raised anywhere while a request is handled.

    `code` becomes `X-Error-Code`, which the client turns into its own exception classes.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = dict(headers or {})
        self.extra = extra

    def response(self) -> Response:
        answer = json_response({"error": self.message, **self.extra}, self.status)
        named = {"X-Error-Message": self.message.encode("ascii", "replace").decode()}
        if self.code:
            named["X-Error-Code"] = self.code
        return answer.with_headers({**named, **self.headers})


def file_response(request: Request, path: Path, headers: Mapping[str, str]) -> Response:
    """A file with `Range` honoured: 200, 206 or 416."""
    total = path.stat().st_size
    shared = {"Accept-Ranges": "bytes", "content-type": "application/octet-stream", **headers}
    wanted = byte_range(request.headers.get("range"), total)
    if wanted is None:
        return Response(200, shared, FileSlice(path, 0, total))
    start, end = wanted
    if start > end or start >= total:
        return Response(416, {"Content-Range": f"bytes */{total}"})
    shared["Content-Range"] = f"bytes {start}-{end}/{total}"
    return Response(206, shared, FileSlice(path, start, end - start + 1))


def byte_range(header: str | None, total: int) -> tuple[int, int] | None:
    """First and last byte asked for, or None when the whole file is wanted."""
    if not header or not header.startswith("bytes="):
        return None
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not first:
        return max(0, total - int(last)), total - 1
    return int(first), min(int(last), total - 1) if last else total - 1
