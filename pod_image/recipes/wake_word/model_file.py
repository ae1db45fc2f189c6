"""The finished model as openWakeWord's runtimes take it: `.onnx`, and `.tflite`, which Home Assistant asks for."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from pod_image.contract.whole_file import replacing, write_whole
from pod_image.recipes.wake_word.ears import WIDTH
from pod_image.recipes.wake_word.examples import Windows
from pod_image.recipes.wake_word.flat_model import Layer, flat_model

OPSET = 13
"""That of openWakeWord's own models: older runtimes read no newer one."""
LARGEST_DIFFERENCE = 1e-4
TRIES = 32


class NotEqual(Exception):
    """The file answers otherwise than the network it was made from."""


def write_onnx(network: Any, window: int, path: Path) -> None:
    """One file, whole or not there. Raises NotEqual."""
    network = network.to("cpu").eval()
    with replacing(path) as part:
        with warnings.catch_warnings():
            # That there is a newer exporter: it writes two files, at a newer opset.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (torch.rand(1, window, WIDTH),),
                str(part),
                opset_version=OPSET,
                input_names=["features"],
                output_names=["probability"],
                dynamo=False,
            )
        check_equal(network, window, onnx_predictor(part))


def write_tflite(network: Any, window: int, path: Path) -> None:
    """The same network for TensorFlow Lite. Needs no TensorFlow."""
    write_whole(path, flat_model(window, WIDTH, layers_of(network)))


def layers_of(network: Any) -> list[Layer]:
    """A network of openWakeWord's, layer by layer: the first, its blocks, the last."""
    hidden = [(network.layer1, network.layernorm1)]
    hidden += [(block.fcn_layer, block.layer_norm) for block in network.blocks]
    return [
        *(Layer(*_pair(linear), *_pair(norm), float(norm.eps)) for linear, norm in hidden),
        Layer(*_pair(network.last_layer)),
    ]


def onnx_predictor(path: Path) -> Any:
    """What says a probability for each window, by the file alone."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name

    def predict(windows: Windows) -> NDArray[np.float32]:
        # A model in openWakeWord's format takes one window at a time.
        found = [session.run(None, {name: window[None]})[0].reshape(-1) for window in windows]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)

    return predict


def check_equal(network: Any, window: int, predict: Any) -> None:
    """Raises NotEqual unless both give the same probabilities."""
    windows = np.random.default_rng(0).normal(0, 10, (TRIES, window, WIDTH)).astype(np.float32)
    with torch.no_grad():
        wanted = network(torch.from_numpy(windows)).numpy().reshape(-1)
    difference = float(np.abs(predict(windows) - wanted).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise NotEqual(f"The exported model differs from the trained one by {difference:.2g}.")


def _pair(module: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    weight, bias = (
        each.detach().cpu().numpy().astype(np.float32) for each in (module.weight, module.bias)
    )
    return weight, bias
