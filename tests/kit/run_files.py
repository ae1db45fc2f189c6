"""A run file of whole settings, as a person could write it."""

from __future__ import annotations

from typing import Any

import tomli_w

from pod_image.contract.settings import RunSettings


def whole_run_file(settings: RunSettings) -> str:
    """Every value that applies."""
    return tomli_w.dumps({"settings": settings.applicable()})


def left_to_say(preset: str) -> dict[str, Any]:
    """What a person still has to say beside a preset's name; more than is needed does no harm."""
    own: dict[str, dict[str, Any]] = {
        "llm-lora": {"base_model": "me/model"},
        "wake-word": {"phrase": ["hey jarvis"]},
    }
    return {"dataset_repo": "me/clips", "results_repo": "me/voice", **own.get(preset, {})}
