"""A model of the tests' own in g2pW's place: files of the same names that know a handful of characters."""

from __future__ import annotations

import tarfile
from pathlib import Path

from onnx import TensorProto, helper

MONOPHONIC = {"今": "ㄐㄧㄣ1", "天": "ㄊㄧㄢ1", "你": "ㄋㄧ3", "氣": "ㄑㄧ4", "五": "ㄨ3"}
POLYPHONIC = {"好": ("ㄏㄠ3", "ㄏㄠ4")}
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *MONOPHONIC, *POLYPHONIC)
TEXT = "今天你好，五？"


def write_model(folder: Path, config: str = "window_size = 32\nuse_mask = True\n") -> Path:
    """The files as the published archive has them, less the tables that come with the package g2pw."""
    folder.mkdir(parents=True, exist_ok=True)
    one = "\n".join(f"{char}\t{sound}" for char, sound in MONOPHONIC.items())
    many = "\n".join(f"{char}\t{sound}" for char, sounds in POLYPHONIC.items() for sound in sounds)
    (folder / "g2pw.onnx").write_bytes(_network())
    (folder / "MONOPHONIC_CHARS.txt").write_text(one, encoding="utf-8")
    (folder / "POLYPHONIC_CHARS.txt").write_text(many, encoding="utf-8")
    (folder / "config.py").write_text(config, encoding="utf-8")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    return folder


def packed(folder: Path, archive: Path, below: str = "G2PWModel") -> Path:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, f"{below}/{path.name}")
    return archive


def _network() -> bytes:
    """Takes what g2pW takes, and finds the first of a character's readings the likeliest."""
    numbers = ("input_ids", "token_type_ids", "attention_mask")
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["b", "n"]) for n in numbers]
    inputs += [
        helper.make_tensor_value_info("phoneme_mask", TensorProto.FLOAT, ["b", "labels"]),
        helper.make_tensor_value_info("char_ids", TensorProto.INT64, ["b"]),
        helper.make_tensor_value_info("position_ids", TensorProto.INT64, ["b"]),
    ]
    output = helper.make_tensor_value_info("probs", TensorProto.FLOAT, ["b", "labels"])
    node = helper.make_node("Identity", ["phoneme_mask"], ["probs"])
    graph = helper.make_graph([node], "readings", inputs, [output])
    version = [helper.make_opsetid("", 15)]
    return bytes(helper.make_model(graph, opset_imports=version, ir_version=8).SerializeToString())
