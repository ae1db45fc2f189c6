"""Starting from a voice that exists: does it fit, and what of it is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pod_image.recipes.piper.checkpoint import DISCRIMINATORS, GENERATOR, Checkpoint
from pod_image.recipes.piper.model import Discriminators, Generator
from pod_image.recipes.piper.quality import SAMPLE_RATE_HZ, Quality
from pod_image.recipes.piper.recipe_error import RecipeError


@dataclass(frozen=True)
class Traits:
    """What a checkpoint's tensors and parameters say of it. None where they say nothing."""

    quality: Quality
    sample_rate_hz: int | None
    symbols: int
    speakers: int


def traits_of(checkpoint: Checkpoint) -> Traits:
    """Read from the tensors, which cannot be wrong; only the sample rate has to be believed."""
    state = checkpoint.state
    try:
        symbols, width = state[f"{GENERATOR}enc_p.emb.weight"].shape
    except (KeyError, ValueError):
        raise RecipeError(
            "The base checkpoint has no text encoder like Piper's.",
            hint="Choose the .ckpt file of a Piper voice.",
        ) from None
    rate = checkpoint.hyper_parameters.get("sample_rate")
    rate = int(rate) if isinstance(rate, int | float | str) and str(rate).isdigit() else None
    if any(name.startswith(f"{GENERATOR}dec.resblocks.0.convs1.") for name in state):
        quality = Quality.HIGH
    elif width == 96:
        quality = Quality.X_LOW
    else:
        quality = Quality.LOW if rate == SAMPLE_RATE_HZ[Quality.LOW] else Quality.MEDIUM
    embedded = state.get(f"{GENERATOR}emb_g.weight")
    return Traits(quality, rate, symbols, 1 if embedded is None else embedded.shape[0])


def check_fits(traits: Traits, quality: Quality, speakers: int, symbols: int) -> None:
    """Raises RecipeError naming the field, both values and the setting to change."""
    rate = SAMPLE_RATE_HZ[quality]
    if traits.quality is not quality and not _differ_by_rate_alone(traits, quality):
        raise _mismatch("quality", _word(traits.quality), _word(quality), "Set quality to {base}.")
    if traits.sample_rate_hz not in (None, rate):
        wanted = _word(traits.quality)
        raise _mismatch(
            "sample rate", f"{traits.sample_rate_hz} Hz", f"{rate} Hz", f"Set quality to {wanted}."
        )
    if traits.symbols != symbols:
        raise _mismatch(
            "number of symbols",
            str(traits.symbols),
            str(symbols),
            "Set the base checkpoint to a newer one; early voices had 130 symbols.",
        )
    if traits.speakers not in (1, speakers):
        raise _mismatch(
            "number of speakers",
            str(traits.speakers),
            str(speakers),
            "Set speakers to {base}, or set the base checkpoint to a voice of one speaker.",
        )


def check_goes_on(own: Mapping[str, Any], espeak_voice: str, speakers: Sequence[str]) -> None:
    """Raises RecipeError where a checkpoint of ours has learnt other sounds, or other speakers in these places.

    Checkpoints of earlier releases do not say.
    """
    then = own.get("espeak_voice", espeak_voice)
    if then != espeak_voice:
        raise RecipeError(
            f"The checkpoint was trained with the espeak voice {then}, this run has {espeak_voice}.",
            hint="Set language and espeak_voice as they were, or start a new run.",
        )
    known = list(own.get("speakers", ()))
    if known and list(speakers[: len(known)]) != known:
        raise RecipeError(
            f"The checkpoint was trained with the speakers {', '.join(known)}, in this order; the dataset has "
            f"{', '.join(speakers) or 'none'}.",
            hint="List them first in the table, in their old order, or start a new run.",
        )


def _differ_by_rate_alone(traits: Traits, quality: Quality) -> bool:
    same = {Quality.LOW, Quality.MEDIUM}
    return traits.quality in same and quality in same


def _word(quality: Quality) -> str:
    return quality.value.replace("_", "-")


def _mismatch(field: str, base: str, wanted: str, hint: str) -> RecipeError:
    return RecipeError(
        f"The base checkpoint's {field} is {base}, this run's is {wanted}.",
        hint=hint.format(base=base),
    )


def take_over(checkpoint: Checkpoint, generator: Generator, discriminators: Discriminators) -> bool:
    """Copy the base's weights; optimisers start anew. Returns whether discriminators came with it.

    A base of one speaker leaves the speaker embedding as it was made and conditions at zero, so that every
    speaker begins as the base's. Raises RecipeError when a tensor is missing or of another shape.
    """
    traits = traits_of(checkpoint)
    is_widened = traits.speakers == 1 and generator.speakers > 1

    def may_miss(name: str) -> bool:
        return name.startswith(checkpoint.lacks) or (is_widened and _is_conditional(name))

    _copy(checkpoint.part(GENERATOR), generator, may_miss)
    if is_widened:
        _silence_conditions(generator)
    judges = checkpoint.part(DISCRIMINATORS)
    if judges:
        _copy(judges, discriminators, lambda name: False)
    return bool(judges)


def _is_conditional(name: str) -> bool:
    return name.startswith("emb_g.") or ".cond." in name or ".cond_layer." in name


def _silence_conditions(generator: Generator) -> None:
    for name, parameter in generator.named_parameters():
        if ".cond." in name or name.endswith(("cond_layer.weight_g", "cond_layer.bias")):
            nn.init.zeros_(parameter)


def _copy(source: dict[str, Tensor], target: nn.Module, may_miss: Callable[[str], bool]) -> None:
    own = target.state_dict()
    for name, tensor in own.items():
        if name not in source and may_miss(name):
            continue
        if name not in source:
            raise RecipeError(
                f"The base checkpoint lacks the tensor {name}.",
                hint="Choose another base checkpoint of the same quality.",
            )
        if source[name].shape != tensor.shape:
            raise _mismatch(
                f"tensor {name}",
                str(list(source[name].shape)),
                str(list(tensor.shape)),
                "Set the base checkpoint to one of the same quality.",
            )
        with torch.no_grad():
            tensor.copy_(source[name])
