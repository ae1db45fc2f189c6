"""Kinds of models that ai-toolkit trains, and what it wants set for each: as its own form sets them (27a03a91)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pod_image.contract.recipes.image_lora import ModelKind


@dataclass(frozen=True)
class Kind:
    """`usual` is the repo that its form names. `model` and `train` are settings of those parts."""

    usual: str
    model: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)
    guidance: float = 4.0
    example_gb: int = 0
    """GPU memory that ai-toolkit's own example for this kind is made for; 0 where it says none."""


_QUANTIZED = {"quantize": True, "quantize_te": True}
_SMALL = {**_QUANTIZED, "low_vram": True}
_FLOW = {"noise_scheduler": "flowmatch"}
_WEIGHTED = {**_FLOW, "timestep_type": "weighted"}
_DDPM = {"noise_scheduler": "ddpm"}

KINDS: Mapping[ModelKind, Kind] = {
    ModelKind.FLUX: Kind("black-forest-labs/FLUX.1-dev", _QUANTIZED, _FLOW, example_gb=24),
    ModelKind.FLEX1: Kind(
        "ostris/Flex.1-alpha",
        _QUANTIZED,
        {**_FLOW, "bypass_guidance_embedding": True},
        example_gb=24,
    ),
    ModelKind.Z_IMAGE: Kind("Tongyi-MAI/Z-Image", _SMALL, _WEIGHTED),
    ModelKind.QWEN_IMAGE: Kind("Qwen/Qwen-Image", _SMALL, _WEIGHTED),
    ModelKind.SDXL: Kind("stabilityai/stable-diffusion-xl-base-1.0", {}, _DDPM, guidance=6.0),
    ModelKind.SD15: Kind("stable-diffusion-v1-5/stable-diffusion-v1-5", {}, _DDPM, guidance=6.0),
}
