"""A voice of half a kilobyte that the Piper runtime loads and speaks with: one tone, as long as the text."""

from __future__ import annotations

import json
from functools import cache

from pod_image.recipes.piper.quality import Quality
from pod_image.recipes.piper.voice import VoiceIdentity

RATE_HZ = 16_000
SAMPLES_PER_SOUND = 320
TONE_HZ = 220.0
WHO = VoiceIdentity("anna", "en_US", Quality.X_LOW, RATE_HZ, "en-us")


@cache
def tiny_voice() -> dict[str, bytes]:
    """The `.onnx` and its `.onnx.json`, by file name."""
    name = f"{WHO.stem}.onnx"
    return {name: _network(), f"{name}.json": json.dumps(WHO.to_json()).encode()}


def _network() -> bytes:
    """A graph with Piper's inputs and output: (1, ids) -> (1, 1, samples)."""
    from math import tau

    from onnx import TensorProto, helper

    def number(name: str, value: float, kind: int = TensorProto.FLOAT) -> TensorProto:
        return helper.make_tensor(name, kind, [], [value])

    constants = [
        number("none", 0, TensorProto.INT64),
        number("one", 1, TensorProto.INT64),
        number("each", SAMPLES_PER_SOUND, TensorProto.INT64),
        number("turn", tau * TONE_HZ / RATE_HZ),
        number("loudness", 0.3),
        helper.make_tensor("shape", TensorProto.INT64, [3], [1, 1, -1]),
    ]
    nodes = [
        helper.make_node("Size", ["input"], ["sounds"]),
        helper.make_node("Mul", ["sounds", "each"], ["length"]),
        helper.make_node("Range", ["none", "length", "one"], ["places"]),
        helper.make_node("Cast", ["places"], ["times"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["times", "turn"], ["angles"]),
        helper.make_node("Sin", ["angles"], ["waves"]),
        helper.make_node("Mul", ["waves", "loudness"], ["quiet"]),
        helper.make_node("Reshape", ["quiet", "shape"], ["output"]),
    ]
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "ids"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, "samples"])
    graph = helper.make_graph(nodes, "tone", inputs, [output], constants)
    version = [helper.make_opsetid("", 15)]
    return bytes(helper.make_model(graph, opset_imports=version, ir_version=8).SerializeToString())
