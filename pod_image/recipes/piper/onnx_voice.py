"""An exported voice read back as a start for training: its weights under the published names. Trains nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # comes with onnx
from torch import Tensor

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.phonemes.symbols import SYMBOL_IDS
from pod_image.recipes.piper.checkpoint import GENERATOR, Checkpoint
from pod_image.recipes.piper.phonemes import own_symbols, symbol_parameters
from pod_image.recipes.piper.recipe_error import RecipeError

LACKS = ("enc_q.", "dp.post_", "dp.flows.1.")
"""Parts of the generator that only training needs, and that an export therefore leaves out."""

MOST_DESCRIPTION_BYTES = 4 << 20
"""Of the JSON beside a voice: a hundred speakers take 100 kB."""
_NORMED = re.compile(r"^(dec\.(ups|resblocks)\.|flow\.flows\.\d+\.enc\.)")
_FIRST_AFFINE = "dp.flows.0"


def read_onnx_voice(path: Path) -> Checkpoint:
    """The generator of `<voice>.onnx`, as far as it is in there, with `<voice>.onnx.json` beside it.

    Weight norm is undone the way it is made anew: direction is the weight, length its norm, so that the product
    is exact. Discriminators and LACKS are absent. Raises RecipeError for what is no Piper voice.
    """
    graph = _graph(path)
    try:
        state = _state(graph)
    except Exception as exc:  # a damaged graph makes onnx, numpy and torch raise a dozen kinds
        raise _unreadable(path) from exc
    if "enc_p.emb.weight" not in state or "dec.conv_pre.weight" not in state:
        raise RecipeError(
            f"{path.name} is not a Piper voice: it lacks the text encoder or the decoder.",
            hint="Choose an .onnx that piper-tts speaks, or a .ckpt.",
        )
    wanted = {k: v.float() for k, v in state.items() if not k.startswith(LACKS)}
    return Checkpoint(
        {GENERATOR + name: wanted[name] for name in sorted(wanted)},
        _described(path),
        epoch=0,
        global_step=0,
        optimiser_states=[],
        own={},
        lacks=LACKS,
    )


def _state(graph: onnx.GraphProto) -> dict[str, Tensor]:
    values = _values(graph)
    state = _named(graph, values) | _convolutions(graph, values) | _embeddings(graph, values)
    return state | _affine_logs(graph, values, state)


def _graph(path: Path) -> onnx.GraphProto:
    try:
        # Its own bytes alone: a file that it points to could be any of this machine's.
        model = onnx.load(str(path), load_external_data=False)
    except FileNotFoundError:
        raise RecipeError(
            f"There is no voice {path}.", hint="Check the name of the base checkpoint."
        ) from None
    except (DecodeError, OSError, ValueError) as exc:
        raise _unreadable(path) from exc
    if any(_lies_elsewhere(each) for each in _tensors(model.graph)):
        raise RecipeError(
            f"{path.name} is refused: some of its weights are in another file.",
            hint="Choose a voice in a single .onnx file, as piper-tts and this program make them.",
        )
    return model.graph


def _unreadable(path: Path) -> RecipeError:
    return RecipeError(
        f"{path.name} cannot be read as an ONNX voice.",
        hint="It may be incomplete. Compare its size with the one in its repo, and download it again.",
    )


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Every constant, those inside of nodes too; the graphs of branches hold more."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from _tensors(inner)


def _lies_elsewhere(tensor: onnx.TensorProto) -> bool:
    return bool(tensor.external_data) or tensor.data_location == onnx.TensorProto.EXTERNAL


def _values(graph: onnx.GraphProto) -> dict[str, Tensor]:
    """Constants by name. Exporters store equal ones once; the others are then an Identity of it."""
    values = {
        each.name: torch.from_numpy(onnx.numpy_helper.to_array(each).copy())
        for each in graph.initializer
    }
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    return values


def _described(path: Path) -> dict[str, Any]:
    """What the JSON beside the voice says, as a checkpoint's parameters. Raises RecipeError when symbols have other ids
    than ours, but for a phoneme type with symbols of its own.
    """
    beside = path.with_name(f"{path.name}.json")
    try:
        with beside.open("rb") as file:
            document: Mapping[str, Any] = json.loads(file.read(MOST_DESCRIPTION_BYTES))
        rate_hz = int(document["audio"]["sample_rate"])
        ids = {s: int(numbers[0]) for s, numbers in document["phoneme_id_map"].items()}
        kind = PhonemeType(document.get("phoneme_type", PhonemeType.ESPEAK))
    except FileNotFoundError:
        raise RecipeError(
            f"There is no {beside.name} next to the voice.",
            hint="Put both files into the repository: the .json says which symbol has which id.",
        ) from None
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as exc:
        raise RecipeError(
            f"{beside.name} does not describe a Piper voice.",
            hint="Use the .json that belongs to the voice.",
        ) from exc
    if not kind.has_own_symbols:
        _check_symbols(ids)
    return {"sample_rate": rate_hz, **symbol_parameters(kind, own_symbols(kind, ids))}


def _check_symbols(ids: Mapping[str, int]) -> None:
    other = {s: number for s, number in ids.items() if SYMBOL_IDS.get(s, number) != number}
    if other:
        symbol, number = next(iter(other.items()))
        raise RecipeError(
            f"The base voice numbers {len(other)} symbols differently: {symbol!r} is {number} there, "
            f"{SYMBOL_IDS[symbol]} here.",
            hint="Set the base checkpoint to a voice that was trained on espeak-ng's phonemes.",
        )


def _named(graph: onnx.GraphProto, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What the exporter left under its own name; ours stands below `generator.`."""
    parts = ("enc_p.", "dec.", "flow.", "dp.", "emb_g.")
    plain = {name.removeprefix("generator."): value for name, value in values.items()}
    return {
        name: value
        for name, value in plain.items()
        if name.startswith(parts) and not _is_normed_weight(name)
    }


def _convolutions(graph: onnx.GraphProto, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights that folding made anonymous, found by the bias on the same node."""
    found: dict[str, Tensor] = {}
    for node in graph.node:
        if node.op_type not in ("Conv", "ConvTranspose") or len(node.input) < 3:
            continue
        weight, layer = values.get(node.input[1]), node.input[2].removeprefix("generator.")
        layer = layer.removesuffix(".bias")
        if weight is None or layer == node.input[2]:
            continue
        if _is_normed_weight(f"{layer}.weight"):
            found[f"{layer}.weight_v"] = weight
            found[f"{layer}.weight_g"] = torch.norm_except_dim(weight, 2, 0)
        else:
            found[f"{layer}.weight"] = weight
    return found


def _is_normed_weight(name: str) -> bool:
    return bool(_NORMED.match(name)) and name.endswith(".weight")


def _embeddings(graph: onnx.GraphProto, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By what looks them up: exporters name the table of a one-speaker voice after another input."""
    tables = {"input": "enc_p.emb.weight", "sid": "emb_g.weight"}
    return {
        tables[node.input[1]]: values[node.input[0]]
        for node in graph.node
        if node.op_type == "Gather" and node.input[1] in tables and node.input[0] in values
    }


def _affine_logs(
    graph: onnx.GraphProto, values: Mapping[str, Tensor], state: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The scale of the last duration flow, which speaking needs only as exp(-logs)."""
    if f"{_FIRST_AFFINE}.logs" in state:
        return {}
    moved = {
        node.output[0]
        for node in graph.node
        if node.op_type == "Sub" and node.input[1].endswith(f"{_FIRST_AFFINE}.m")
    }
    for node in graph.node:
        if node.op_type == "Mul" and moved & set(node.input):
            for name in node.input:
                if name in values:
                    return {f"{_FIRST_AFFINE}.logs": -values[name].log()}
    return {}
