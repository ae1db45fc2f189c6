"""Runs a TensorFlow Lite file of full layers by its published schema, in numpy: what reads our files in tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flatbuffers.number_types as kinds
import numpy as np
from flatbuffers.table import Table

NAMES = {
    0: "add",
    9: "full",
    14: "sigmoid",
    18: "mul",
    19: "relu",
    22: "reshape",
    40: "mean",
    41: "sub",
    76: "rsqrt",
}


def run_flat_model(raw: bytes, given: np.ndarray) -> np.ndarray:
    """The outcome for one input. A tensor has to have the shape that the file says."""
    assert raw[4:8] == b"TFL3"
    model = Table(bytearray(raw), int.from_bytes(raw[:4], "little"))
    assert _number(model, 0, kinds.Uint32Flags) == 3
    codes = [_number(code, 3, kinds.Int32Flags) for code in _tables(model, 1)]
    buffers = [_bytes(buffer, 0) for buffer in _tables(model, 4)]
    assert buffers[0] == b""
    (graph,) = _tables(model, 2)
    shapes: list[tuple[int, ...]] = []
    values: list[Any] = []
    for tensor in _tables(graph, 0):
        shape = _numbers(tensor, 0)
        kind = [np.float32, None, np.int32][_number(tensor, 1, kinds.Int8Flags)]
        content = buffers[_number(tensor, 2, kinds.Uint32Flags)]
        shapes.append(tuple(shape))
        values.append(np.frombuffer(content, kind).reshape(shape) if content else None)
    (first,), (last,) = _numbers(graph, 1), _numbers(graph, 2)
    assert shapes[first] == given.shape
    values[first] = given
    for operator in _tables(graph, 3):
        name = NAMES[codes[_number(operator, 0, kinds.Uint32Flags)]]
        inputs = [values[each] for each in _numbers(operator, 1)]
        (number,) = _numbers(operator, 2)
        values[number] = _RUN[name](*inputs)
        assert values[number].shape == shapes[number], name
    outcome: np.ndarray = values[last]
    return outcome


_RUN: dict[str, Callable[..., Any]] = {
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "mul": lambda one, other: one * other,
    "full": lambda value, weight, bias: value @ weight.T + bias,
    "mean": lambda value, axis: value.mean(axis=tuple(axis.tolist()), keepdims=True),
    "relu": lambda value: np.maximum(value, 0),
    "reshape": lambda value, shape: value.reshape(shape),
    "rsqrt": lambda value: 1 / np.sqrt(value),
    "sigmoid": lambda value: 1 / (1 + np.exp(-value)),
}


def _slot(table: Table, slot: int) -> int:
    return table.Offset(4 + 2 * slot)


def _number(table: Table, slot: int, kind: Any) -> int:
    at = _slot(table, slot)
    return int(table.Get(kind, table.Pos + at)) if at else 0


def _tables(table: Table, slot: int) -> list[Table]:
    at = _slot(table, slot)
    start, count = table.Vector(at), table.VectorLen(at)
    return [Table(table.Bytes, table.Indirect(start + 4 * n)) for n in range(count)]


def _numbers(table: Table, slot: int) -> list[int]:
    at = _slot(table, slot)
    start, count = table.Vector(at), table.VectorLen(at)
    return [int(table.Get(kinds.Int32Flags, start + 4 * n)) for n in range(count)]


def _bytes(table: Table, slot: int) -> bytes:
    at = _slot(table, slot)
    if not at:
        return b""
    start = table.Vector(at)
    assert start % 16 == 0, "a runtime maps weights as they lie"
    return bytes(table.Bytes[start : start + table.VectorLen(at)])
