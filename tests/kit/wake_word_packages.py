"""What the trainer of wake words installs, as packages of a few kilobytes that answer in the same shapes.

Its shared models hear loudness and nothing else; its training code has the methods and the order of calls of the real
one, and learns by plain gradient steps.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

PIECE, MELS, WIDTH = 1_760, 32, 96

TRAINING_CODE = """
import collections, copy
import numpy as np
import scipy, torchinfo
import torch
import openwakeword
from openwakeword.data import generate_adversarial_texts, augment_clips, mmap_batch_generator
from openwakeword.utils import AudioFeatures


class Block(torch.nn.Module):
    def __init__(self, size):
        super().__init__()
        self.fcn_layer, self.layer_norm = torch.nn.Linear(size, size), torch.nn.LayerNorm(size)

    def forward(self, x):
        return torch.relu(self.layer_norm(self.fcn_layer(x)))


class Net(torch.nn.Module):
    def __init__(self, shape, size):
        super().__init__()
        self.layer1 = torch.nn.Linear(shape[0] * shape[1], size)
        self.layernorm1 = torch.nn.LayerNorm(size)
        self.blocks = torch.nn.ModuleList([Block(size)])
        self.last_layer = torch.nn.Linear(size, 1)

    def forward(self, x):
        x = torch.relu(self.layernorm1(self.layer1(torch.flatten(x, 1))))
        for block in self.blocks:
            x = block(x)
        return torch.sigmoid(self.last_layer(x))


class Model(torch.nn.Module):
    def __init__(self, n_classes, input_shape, layer_dim):
        super().__init__()
        torch.manual_seed(0)
        self.device = torch.device("cpu")
        self.model = Net(input_shape, layer_dim)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001)
        self.history = collections.defaultdict(list)
        self.best_models, self.best_model_scores = [], []

    def auto_train(self, X_train, X_val, false_positive_val_data, steps, max_negative_weight, target_fp_per_hour):
        for number in range(3):
            self.train_model(
                X=X_train, X_val=X_val, false_positive_val_data=false_positive_val_data, max_steps=steps,
                negative_weight_schedule=[max_negative_weight] * int(steps), val_steps=[int(steps) - 1],
                warmup_steps=steps // 5, hold_steps=steps // 3, lr=0.001, val_set_hrs=11.3,
            )
            if number == 0:
                steps = steps / 10
        return self.best_models[-1]

    def train_model(self, X, max_steps, val_steps, val_set_hrs, X_val, **rest):
        for step, (x, y) in enumerate(X):
            self.optimizer.param_groups[0]["lr"] = np.where(step < max_steps, rest["lr"], 0.0)
            self.optimizer.zero_grad()
            predictions = self.model(x)
            if predictions.shape[0]:
                loss = torch.nn.functional.binary_cross_entropy(predictions, y[..., None])
                loss.backward()
                self.optimizer.step()
                self.history["loss"].append(loss.detach().numpy())
            if step in val_steps:
                self.best_models.append(copy.deepcopy(self.model))
                self.best_model_scores.append({"training_step_ndx": step})
            if step == max_steps - 1:
                break
"""


def install_packages(environment: Path) -> Path:
    """As pip would put them into an environment, which is the answer."""
    packages = environment / "lib" / "python3.11" / "site-packages"
    for name, version in (("openwakeword", "0.6.0"), ("livekit_wakeword", "0.3.0")):
        info = packages / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        project = name.replace("_", "-")
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
        )
    (packages / "openwakeword").mkdir()
    (packages / "openwakeword" / "train.py").write_text(TRAINING_CODE)
    write_ears(packages / "livekit" / "wakeword" / "resources")
    return environment


def write_ears(folder: Path) -> Path:
    """The two shared models: loudness in each hundredth of a second, and the mean of it by bands of their own."""
    from onnx import GraphProto, TensorProto, helper, numpy_helper

    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(3)

    def constant(name: str, values: np.ndarray) -> TensorProto:
        return numpy_helper.from_array(values, name)

    def save(name: str, graph: GraphProto) -> None:
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        (folder / name).write_bytes(model.SerializeToString())

    some = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Abs", ["input"], ["loud"]),
        helper.make_node("Unsqueeze", ["loud", "first"], ["line"]),
        helper.make_node("MaxPool", ["line"], ["peaks"], kernel_shape=[512], strides=[160]),
        helper.make_node("Unsqueeze", ["peaks", "last"], ["column"]),
        helper.make_node("Mul", ["column", "bands"], ["output"]),
    ]
    constants = [
        constant("first", np.array([1])),
        constant("last", np.array([3])),
        constant("bands", (draw.random((1, 1, 1, MELS)) / 300).astype(np.float32)),
    ]
    save(
        "melspectrogram.onnx",
        helper.make_graph(
            nodes,
            "mel",
            [some("input", TensorProto.FLOAT, [1, "samples"])],
            [some("output", TensorProto.FLOAT, [1, 1, "time", MELS])],
            constants,
        ),
    )
    nodes = [
        helper.make_node("Reshape", ["input_1", "flat"], ["row"]),
        helper.make_node("MatMul", ["row", "bands"], ["mixed"]),
        helper.make_node("Reshape", ["mixed", "shape"], ["output"]),
    ]
    weights = draw.normal(0, 0.02, (76 * MELS, WIDTH)).astype(np.float32)
    constants = [
        constant("flat", np.array([-1, 76 * MELS])),
        constant("shape", np.array([-1, 1, 1, WIDTH])),
        constant("bands", weights),
    ]
    save(
        "embedding_model.onnx",
        helper.make_graph(
            nodes,
            "embedding",
            [some("input_1", TensorProto.FLOAT, ["batch", 76, MELS, 1])],
            [some("output", TensorProto.FLOAT, ["batch", 1, 1, WIDTH])],
            constants,
        ),
    )
    return folder
