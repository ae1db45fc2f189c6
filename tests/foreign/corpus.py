"""Small valid files of each kind that strangers send, how they are changed, and what reads them."""

from __future__ import annotations

import io
import json
import random
import tarfile
import wave
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path, PosixPath
from typing import Any

from tests.foreign.fuzz import mutated

Case = dict[str, bytes]
"""Files that belong together, by name; the first is the one that is opened."""


# Checkpoints


@cache
def checkpoints() -> tuple[bytes, ...]:
    """A zip, one from before torch 1.6, and the pickle that stands in the zip."""
    import torch

    document = {
        "epoch": 3,
        "state_dict": OrderedDict(
            {"model_g.enc_p.emb.weight": torch.arange(12.0).reshape(4, 3), "model_g.b": torch.ones(2)}
        ),
        "hyper_parameters": {"sample_rate": 22050, "dataset_dir": PosixPath("/data"), "betas": (0.8, 0.99)},
        "optimizer_states": [{"state": {0: {"step": 3}}, "param_groups": [{"lr": 1e-4}]}],
    }  # fmt: skip
    files = []
    for is_zip in (True, False):
        out = io.BytesIO()
        torch.save(document, out, _use_new_zipfile_serialization=is_zip)
        files.append(out.getvalue())
    return tuple(files)


def _changed_inside(draw: random.Random, archive: bytes) -> bytes:
    """The pickle changed and the checksums right again: what stops at a checksum reaches nobody."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename.endswith("data.pkl"):
                content = mutated(draw, content, [content])
            target.writestr(info.filename, content)
    return out.getvalue()


def _bombs() -> Iterator[bytes]:
    """Small files that ask for much: depth, numbers of a million digits, strings, memory by doubling."""
    nested = b"(" * 30_000 + b"t" * 30_000
    doubled = b"]q\x00" + b"(h\x00h\x00lq\x00" * 64
    digits = b"\x8b" + (50_000_000).to_bytes(4, "little")
    sized = b"X" + (1 << 31).to_bytes(4, "little")
    for inside in (nested, doubled, digits, sized, b"\x80\x02" + b"]" * 100_000 + b"."):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("archive/data.pkl", inside)
            archive.writestr("archive/version", "3\n")
            archive.writestr("archive/byteorder", "little")
        yield out.getvalue()
        yield inside
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(5_000):
            archive.writestr(f"archive/data/{number}", b"")
    yield many.getvalue()


def checkpoint_files(draw: random.Random, count: int) -> Iterator[Case]:
    bombs = list(_bombs())
    for number in range(count):
        if number < len(bombs):
            yield {"voice.ckpt": bombs[number]}
            continue
        whole = draw.choice(checkpoints())
        if whole[:2] == b"PK" and draw.random() < 0.7:
            yield {"voice.ckpt": _changed_inside(draw, whole)}
        else:
            yield {"voice.ckpt": mutated(draw, whole, list(checkpoints()))}


def _read_weights(path: Path) -> str:
    from pod_image.foreign.apart import Refused
    from pod_image.foreign.frames import read_answer, write_answer
    from pod_image.recipes.piper.foreign_voice import _read

    try:
        found = _read([path], {})
    except Refused:
        return "refused"
    out = io.BytesIO()
    write_answer(out, found.said, found.arrays, found.contents)
    out.seek(0)
    read_answer(out, 2 * path.stat().st_size + (1 << 20))
    return "value"


# Voices


@cache
def voice() -> bytes:
    """As much of a voice as its reader asks for."""
    import onnx
    from onnx import TensorProto, helper

    def weights(name: str, *shape: int) -> TensorProto:
        size = 1
        for axis in shape:
            size *= axis
        return helper.make_tensor(name, TensorProto.FLOAT, shape, [0.5] * size)

    nodes = [
        helper.make_node("Gather", ["enc_p.emb.weight", "input"], ["a"]),
        helper.make_node("Conv", ["anonymous", "a", "generator.dec.conv_pre.bias"], ["b"]),
        helper.make_node("Conv", ["c", "anonymous", "dec.ups.0.bias"], ["d"]),
        helper.make_node("Identity", ["dec.ups.0.bias"], ["dec.ups.1.bias"]),
        helper.make_node("Sub", ["x", "dp.flows.0.m"], ["y"]),
        helper.make_node("Mul", ["y", "scale"], ["z"]),
    ]
    held = [
        weights("enc_p.emb.weight", 4, 3), weights("dec.conv_pre.weight", 2, 2, 3), weights("anonymous", 2, 2, 3),
        weights("generator.dec.conv_pre.bias", 2), weights("dec.ups.0.bias", 2), weights("dp.flows.0.m", 2),
        weights("scale", 2),
    ]  # fmt: skip
    made: bytes = onnx.helper.make_model(
        helper.make_graph(nodes, "g", [], [], held)
    ).SerializeToString()
    return made


DESCRIBED = json.dumps(
    {"audio": {"sample_rate": 16000}, "phoneme_id_map": {"_": [0], "^": [1]}}
).encode()


def voice_files(draw: random.Random, count: int) -> Iterator[Case]:
    for _ in range(count):
        onnx, described = voice(), DESCRIBED
        if draw.random() < 0.8:
            onnx = mutated(draw, onnx, [onnx])
        else:
            described = mutated(draw, described, [b"[" * 5_000, b"9" * 5_000, b'{"a":' * 2_000])
        yield {"voice.onnx": onnx, "voice.onnx.json": described}


# Datasets


def _wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(800))
    return out.getvalue()


@cache
def dataset_parts() -> dict[str, bytes]:
    import pyarrow as pa
    from pyarrow import parquet

    sound = _wav()
    table = b"file|speaker|text\na.wav|anna|Good day.\nb.wav|bert|\xc3\x84h, yes?\n"
    lines = b'{"file_name": "a.wav", "text": "Good day."}\n{"file_name": "b.wav", "text": "Yes."}\n'
    zipped, packed, tarred, columns = io.BytesIO(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    for out, how in ((zipped, zipfile.ZIP_STORED), (packed, zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(out, "w", how) as archive:
            archive.writestr("metadata.csv", table)
            archive.writestr("a.wav", sound)
    with tarfile.open(fileobj=tarred, mode="w") as tar:
        for name, content in (("metadata.csv", table), ("b.wav", sound)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    audio = [{"bytes": sound, "path": "a.wav"}, {"bytes": sound, "path": "b.wav"}]
    parquet.write_table(pa.table({"audio": audio, "text": ["Good day.", "Yes."]}), columns)
    return {
        "metadata.csv": table, "metadata.tsv": table.replace(b"|", b"\t"), "metadata.jsonl": lines,
        "a.wav": sound, "stored.zip": zipped.getvalue(), "packed.zip": packed.getvalue(),
        "shard.tar": tarred.getvalue(), "train.parquet": columns.getvalue(),
    }  # fmt: skip


def dataset_files(draw: random.Random, count: int) -> Iterator[Case]:
    parts = dataset_parts()
    for _ in range(count):
        name = draw.choice(sorted(parts))
        yield {name: mutated(draw, parts[name], list(parts.values()))}


class Held:
    """A dataset of one changed file and a whole clip, in memory."""

    name, is_remote = "held", False

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def entries(self) -> Sequence[Any]:
        from pod_image.dataset import Entry

        return [Entry(name, len(content)) for name, content in sorted(self._files.items())]

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        content = self._files[path]
        return content[start:] if length is None else content[start : start + length]


def _read_dataset(path: Path) -> str:
    from pod_image.dataset import DatasetError, survey
    from pod_image.dataset.headers import HeaderError, read_header

    name = path.name.partition("-")[2]
    beside = {"b.wav": _wav()}
    if not name.startswith(
        "metadata"
    ):  # tables are read together: a whole one would hide that this one is refused
        beside["metadata.txt"] = b"b.wav|Yes.\n"
    source = Held(beside | {name: path.read_bytes()})
    try:
        found = survey(source)
    except DatasetError:
        return "refused"
    for each in found.utterances:
        if each.path is None:
            continue
        try:
            content = found.source.read(each.path)
            read_header(_reader_of(content), len(content))
        except (OSError, HeaderError):
            continue
    return "value" if found.utterances else "refused"


def _reader_of(content: bytes) -> Callable[[int, int], bytes]:
    return lambda at, size: content[at : at + size]


CORPORA: dict[str, Callable[[random.Random, int], Iterator[Case]]] = {
    "checkpoint": checkpoint_files,
    "voice": voice_files,
    "dataset": dataset_files,
}
READERS: dict[str, Callable[[Path], str]] = {
    "checkpoint": _read_weights,
    "voice": _read_weights,
    "dataset": _read_dataset,
}
