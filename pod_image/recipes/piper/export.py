"""A checkpoint's generator as an ONNX voice that piper-tts and sherpa-onnx speak unchanged."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from pod_image.contract.whole_file import replacing
from pod_image.recipes.piper.base import traits_of
from pod_image.recipes.piper.checkpoint import GENERATOR, Checkpoint
from pod_image.recipes.piper.model import Generator, fold_weights
from pod_image.recipes.piper.quality import SIZES, Sizes
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.voice import VoiceIdentity, tokens_text

OPSET = 15
_EXAMPLE_IDS = 50


class _Voice(nn.Module):
    """The generator behind the inputs that every runtime of Piper voices feeds, in their order."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(
        self, ids: Tensor, id_lengths: Tensor, scales: Tensor, speakers: Tensor | None = None
    ) -> Tensor:
        sound = self.generator.speak(
            ids,
            id_lengths,
            speakers,
            noise_scale=scales[0],
            length_scale=scales[1],
            noise_w=scales[2],
        )
        return sound.unsqueeze(1)


def generator_of(checkpoint: Checkpoint, sizes: Sizes | None = None) -> Generator:
    """The generator of a checkpoint, on the CPU, ready to speak. `sizes` only when they are of no quality."""
    traits = traits_of(checkpoint)
    generator = Generator(
        sizes or SIZES[traits.quality], symbols=traits.symbols, speakers=traits.speakers
    )
    try:
        generator.load_state_dict(checkpoint.part(GENERATOR))
    except RuntimeError as exc:
        raise RecipeError(
            f"The checkpoint's tensors are not those of a {traits.quality.value} voice.",
            hint="Choose the .ckpt file of a Piper voice.",
        ) from exc
    return generator.eval()


def export_voice(generator: Generator, voice: VoiceIdentity, folder: Path) -> Path:
    """Write `<stem>.onnx`, `<stem>.onnx.json` and `tokens.txt`; return the path of the first.

    The generator's weights are folded: it can speak afterwards, not learn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{voice.stem}.onnx"
    fold_weights(generator.cpu().eval())
    with replacing(path) as part:
        _trace(generator, part)
        _describe(part, voice)
        document = json.dumps(voice.to_json(), ensure_ascii=False, indent=2) + "\n"
        (folder / f"{path.name}.json").write_text(document, encoding="utf-8")
        (folder / "tokens.txt").write_text(tokens_text(voice.symbol_ids), encoding="utf-8")
    return path


def _trace(generator: Generator, path: Path) -> None:
    names = ["input", "input_lengths", "scales"]
    ids = torch.randint(3, 100, (1, _EXAMPLE_IDS))
    example = [ids, torch.tensor([_EXAMPLE_IDS]), torch.tensor([0.667, 1.0, 0.8])]
    axes = {
        "input": {0: "batch_size", 1: "phonemes"},
        "input_lengths": {0: "batch_size"},
        "output": {0: "batch_size", 3: "samples"},
    }
    if generator.speakers > 1:
        names.append("sid")
        example.append(torch.tensor([0]))
        axes["sid"] = {0: "batch_size"}
    with torch.no_grad(), warnings.catch_warnings():
        # The tracer tells that it traces; the newer exporter renames inputs and has no use for this opset.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Voice(generator),
            tuple(example),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            # Runtimes fold as they load; folding here would hide weights behind anonymous constants, and a voice
            # could then start no training.
            do_constant_folding=False,
            input_names=names,
            output_names=["output"],
            dynamic_axes=axes,
        )


def _describe(path: Path, voice: VoiceIdentity) -> None:
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, voice.onnx_metadata())
    onnx.save(model, str(path))
