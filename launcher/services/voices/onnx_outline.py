"""`python -m launcher.services.voices.onnx_outline`: what an `.onnx` says of itself, read shut in, for `packing`.

The outermost fields are read one by one, and the names of its inputs. No weight is loaded, and nothing of it is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pod_image.foreign.apart import Found, Refused, serve

MODULE = "launcher.services.voices.onnx_outline"
MOST_FIELDS = 1_000_000
MOST_ENTRIES = 1_000
"""Of metadata, and of inputs: a voice has a dozen."""
MOST_WORDS = 4_096
"""Bytes of a name or a value in the metadata."""

_GRAPH, _METADATA = 7, 14
_INITIALIZER, _GRAPH_INPUT, _INPUT_NAME = 5, 11, 1
_EXTERNAL_DATA = 13
"""Of a weight that lies in another file, which could be any of the reader's."""
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_MOST_VARINT_BYTES = 10


class Field(NamedTuple):
    """A field of a protobuf message: where it begins, where its content lies, and where the next one begins."""

    number: int
    kind: int
    start: int
    content: int
    end: int


def fields(file: BinaryIO, start: int, end: int) -> Iterator[Field]:
    """The fields between two places of the file. Raises Refused for what is no message."""
    at = start
    for _ in range(MOST_FIELDS):
        if at == end:
            return
        file.seek(at)
        key = _varint(file)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            content = file.tell()
            _varint(file)
            after = file.tell()
        else:
            size = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind)
            if kind == _LENGTH:
                size = _varint(file)
            if size is None:
                raise _no_model()
            content = file.tell()
            after = content + size
        if number == 0 or after > end:
            raise _no_model()
        yield Field(number, kind, at, content, after)
        at = after
    raise _no_model()


def outline(path: Path) -> dict[str, Any]:
    """`inputs` by name in order; `metadata`; and `spans`, where in the file the metadata's fields lie."""
    size = path.stat().st_size
    inputs: list[str] = []
    metadata: dict[str, str] = {}
    spans: list[tuple[int, int]] = []
    has_graph = False
    with path.open("rb") as file:
        for field in fields(file, 0, size):
            if field.number == _GRAPH and field.kind == _LENGTH:
                has_graph = True
                inputs += _input_names(file, field)
                _check_weights(file, field)
            elif field.number == _METADATA and field.kind == _LENGTH:
                key, value = _entry(file, field)
                metadata[key] = value
                spans.append((field.start, field.end))
            if max(len(inputs), len(spans)) > MOST_ENTRIES:
                raise _no_model()
    if not has_graph:
        raise _no_model()
    return {"inputs": inputs, "metadata": metadata, "spans": spans}


def _input_names(file: BinaryIO, graph: Field) -> list[str]:
    return [
        _text(file, part)
        for field in fields(file, graph.content, graph.end)
        if field.number == _GRAPH_INPUT and field.kind == _LENGTH
        for part in fields(file, field.content, field.end)
        if part.number == _INPUT_NAME and part.kind == _LENGTH
    ]


def _check_weights(file: BinaryIO, graph: Field) -> None:
    """Raises Refused where the file is not the whole voice."""
    for field in fields(file, graph.content, graph.end):
        if field.number == _INITIALIZER and field.kind == _LENGTH:
            for part in fields(file, field.content, field.end):
                if part.number == _EXTERNAL_DATA:
                    raise Refused(
                        "Some of its weights are in another file.",
                        hint="Choose a voice in a single .onnx file, as Piper's programs make them.",
                    )


def _entry(file: BinaryIO, entry: Field) -> tuple[str, str]:
    parts = {
        part.number: _text(file, part)
        for part in fields(file, entry.content, entry.end)
        if part.kind == _LENGTH
    }
    return parts.get(_ENTRY_KEY, ""), parts.get(_ENTRY_VALUE, "")


def _text(file: BinaryIO, field: Field) -> str:
    size = field.end - field.content
    if size > MOST_WORDS:
        raise _no_model()
    file.seek(field.content)
    return file.read(size).decode("utf-8", "replace")


def _varint(file: BinaryIO) -> int:
    value = 0
    for place in range(_MOST_VARINT_BYTES):
        byte = file.read(1)
        if not byte:
            raise _no_model()
        value |= (byte[0] & 0x7F) << (7 * place)
        if byte[0] < 0x80:
            return value
    raise _no_model()


def _no_model() -> Refused:
    return Refused(
        "This file is not an ONNX model.",
        hint="It may be incomplete. Compare its size with the one in its repo, and download it again.",
    )


def _read(files: list[Path], words: dict[str, str]) -> Found:
    return Found(outline(files[0]))


if __name__ == "__main__":
    serve(lambda: None, _read)
