"""A small network of full layers as a TensorFlow Lite file, put together by its published schema.

The usual ways from torch lead over TensorFlow and converters, gigabytes that seldom fit each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32] | NDArray[np.int32]
SCHEMA = 3
IDENTIFIER = b"TFL3"
FLOAT32, INT32 = 0, 2
BUFFER_ALIGNMENT = 16


class Operation(IntEnum):
    """Builtin operators, by their numbers in the schema; all in their first version."""

    ADD = 0
    FULLY_CONNECTED = 9
    LOGISTIC = 14
    MUL = 18
    RELU = 19
    RESHAPE = 22
    MEAN = 40
    SUB = 41
    RSQRT = 76


_OPTIONS: Mapping[Operation, int] = {
    Operation.ADD: 11,
    Operation.FULLY_CONNECTED: 8,
    Operation.MUL: 21,
    Operation.RESHAPE: 17,
    Operation.MEAN: 27,
    Operation.SUB: 28,
}
"""The number of each operator's options in the schema's union; the others have none."""
KEEPS_DIMENSIONS = 0
"""The field of that name in the options of MEAN."""


@dataclass(frozen=True)
class Layer:
    """A full layer; with `scale` and `shift` its outcome is normalised and what is below zero is cut."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    scale: NDArray[np.float32] | None = None
    shift: NDArray[np.float32] | None = None
    epsilon: float = 1e-5


def flat_model(window: int, width: int, layers: Sequence[Layer]) -> bytes:
    """Input (1, window, width), output (1, 1): the probability."""
    graph = _Graph()
    at = graph.tensor("features", (1, window, width))
    first = at
    flat = np.array([1, window * width], dtype=np.int32)
    at = graph.run(Operation.RESHAPE, [at, graph.constant(flat)], (1, window * width))
    for layer in layers:
        size = (1, len(layer.bias))
        inputs = [at, graph.constant(layer.weight), graph.constant(layer.bias)]
        at = graph.run(Operation.FULLY_CONNECTED, inputs, size)
        if layer.scale is not None and layer.shift is not None:
            at = _normalised(graph, at, size, layer.scale, layer.shift, layer.epsilon)
    at = graph.run(Operation.LOGISTIC, [at], (1, len(layers[-1].bias)))
    return graph.written(first, at)


def _normalised(
    graph: _Graph,
    at: int,
    size: tuple[int, int],
    scale: NDArray[np.float32],
    shift: NDArray[np.float32],
    epsilon: float,
) -> int:
    axis = graph.constant(np.array([1], dtype=np.int32))
    mean = graph.run(Operation.MEAN, [at, axis], (1, 1))
    apart = graph.run(Operation.SUB, [at, mean], size)
    square = graph.run(Operation.MUL, [apart, apart], size)
    variance = graph.run(Operation.MEAN, [square, axis], (1, 1))
    least = graph.constant(np.array([[epsilon]], dtype=np.float32))
    bounded = graph.run(Operation.ADD, [variance, least], (1, 1))
    inverse = graph.run(Operation.RSQRT, [bounded], (1, 1))
    even = graph.run(Operation.MUL, [apart, inverse], size)
    scaled = graph.run(Operation.MUL, [even, graph.constant(scale[None])], size)
    shifted = graph.run(Operation.ADD, [scaled, graph.constant(shift[None])], size)
    return graph.run(Operation.RELU, [shifted], size)


@dataclass
class _Graph:
    """Tensors and operators in their order; a tensor is named by its number."""

    tensors: list[tuple[str, tuple[int, ...], int, Numbers | None]] = field(default_factory=list)
    operators: list[tuple[Operation, list[int], int]] = field(default_factory=list)

    def tensor(self, name: str, shape: tuple[int, ...], content: Numbers | None = None) -> int:
        kind = INT32 if content is not None and content.dtype == np.int32 else FLOAT32
        self.tensors.append((name, shape, kind, content))
        return len(self.tensors) - 1

    def constant(self, content: Numbers) -> int:
        return self.tensor(f"constant_{len(self.tensors)}", content.shape, content)

    def run(self, operation: Operation, inputs: list[int], shape: tuple[int, ...]) -> int:
        outcome = self.tensor(f"{operation.name.lower()}_{len(self.tensors)}", shape)
        self.operators.append((operation, inputs, outcome))
        return outcome

    def written(self, first: int, last: int) -> bytes:
        builder = flatbuffers.Builder(1 << 16)
        contents = [content for *_, content in self.tensors if content is not None]
        # The first buffer is nobody's: a tensor that is computed names it.
        buffers = [_table(builder, 1, {})] + [_buffer(builder, each) for each in contents]
        codes = sorted({operation for operation, *_ in self.operators})
        subgraph = self._subgraph(builder, first, last, codes)
        written = {
            0: lambda: builder.PrependUint32Slot(0, SCHEMA, 0),
            1: _list_of(builder, [_code(builder, code) for code in codes]),
            2: _list_of(builder, [subgraph]),
            3: builder.CreateString("wake word"),
            4: _list_of(builder, buffers),
        }
        builder.Finish(_table(builder, 5, written), file_identifier=IDENTIFIER)
        return bytes(builder.Output())

    def _subgraph(self, builder: Any, first: int, last: int, codes: Sequence[Operation]) -> int:
        buffer, tensors = 0, []
        for name, shape, kind, content in self.tensors:
            buffer += content is not None
            tensors.append(
                _tensor(builder, name, shape, kind, buffer if content is not None else 0)
            )
        operators = [
            _operator(builder, codes.index(operation), operation, inputs, outcome)
            for operation, inputs, outcome in self.operators
        ]
        fields = {
            0: _list_of(builder, tensors),
            1: _numbers(builder, [first]),
            2: _numbers(builder, [last]),
            3: _list_of(builder, operators),
            4: builder.CreateString("main"),
        }
        return _table(builder, 5, fields)


Field = int | Callable[[], None]
"""Where something lies that was written before, or what writes a number into the table."""


def _table(builder: Any, slots: int, fields: Mapping[int, Field]) -> int:
    builder.StartObject(slots)
    for slot, value in fields.items():
        if callable(value):
            value()
        else:
            builder.PrependUOffsetTRelativeSlot(slot, value, 0)
    return int(builder.EndObject())


def _list_of(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _numbers(builder: Any, values: Sequence[int]) -> int:
    return int(builder.CreateNumpyVector(np.array(values, dtype=np.int32)))


def _buffer(builder: Any, content: Numbers) -> int:
    raw = np.frombuffer(np.ascontiguousarray(content).tobytes(), dtype=np.uint8)
    builder.StartVector(1, len(raw), BUFFER_ALIGNMENT)
    builder.head -= len(raw)
    builder.Bytes[builder.head : builder.head + len(raw)] = raw.tobytes()
    return _table(builder, 1, {0: int(builder.EndVector())})


def _code(builder: Any, operation: Operation) -> int:
    fields: dict[int, Field] = {
        0: lambda: builder.PrependInt8Slot(0, operation, 0),
        2: lambda: builder.PrependInt32Slot(2, 1, 0),
        3: lambda: builder.PrependInt32Slot(3, operation, 0),
    }
    return _table(builder, 4, fields)


def _tensor(builder: Any, name: str, shape: tuple[int, ...], kind: int, buffer: int) -> int:
    fields: dict[int, Field] = {
        0: _numbers(builder, shape),
        1: lambda: builder.PrependInt8Slot(1, kind, 0),
        2: lambda: builder.PrependUint32Slot(2, buffer, 0),
        3: builder.CreateString(name),
    }
    return _table(builder, 8, fields)


def _operator(
    builder: Any, code: int, operation: Operation, inputs: Sequence[int], outcome: int
) -> int:
    options = _OPTIONS.get(operation, 0)
    fields: dict[int, Field] = {
        0: lambda: builder.PrependUint32Slot(0, code, 0),
        1: _numbers(builder, inputs),
        2: _numbers(builder, [outcome]),
    }
    if options:
        keeps: dict[int, Field] = {
            KEEPS_DIMENSIONS: lambda: builder.PrependBoolSlot(KEEPS_DIMENSIONS, True, False)
        }
        table = _table(builder, 5, keeps if operation is Operation.MEAN else {})
        fields |= {3: lambda: builder.PrependUint8Slot(3, options, 0), 4: table}
    return _table(builder, 9, fields)
