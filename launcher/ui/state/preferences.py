"""`preferences.toml`: a short fixed list of choices that outlive the program. Never a secret."""

from __future__ import annotations

import contextlib
import json
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from launcher.domain.usual_preset import USUAL_PRESET
from launcher.ui.theme import Theme
from pod_image.contract.whole_file import write_whole


@dataclass(frozen=True)
class Preferences:
    """Every key there is. Unknown keys of the file are dropped, unusable values fall back to these."""

    theme: Theme = Theme.SYSTEM
    last_preset: str = USUAL_PRESET
    last_results_repo: str = ""
    last_dataset_repo: str = ""
    recordings_folder: str = ""
    curve_smoothing: float = 0.8
    curve_log_scale: bool = False
    curve_own_scale: bool = False
    curve_axis: str = "step"
    """Or "time"."""
    curves_on: tuple[str, ...] = ()
    """Curves that were switched on by hand, by name; and those that were switched off."""
    curves_off: tuple[str, ...] = ()
    notify: str = ""
    """Addresses without a secret to tell of every run at, with spaces between them."""
    remembered_keys: str = ""
    """Names of keys that this computer's keyring has, with spaces between them: names, never values."""
    use_kept_keys: bool = False
    """Whether the tab that a launch link opens has the keys of this computer by itself."""

    @property
    def curve_scale(self) -> str:
        """ "linear", "log", or "own": each curve from its lowest to its highest."""
        return "log" if self.curve_log_scale else "own" if self.curve_own_scale else "linear"

    @property
    def last_used(self) -> dict[str, str]:
        """Settings of the run that was started last, by name."""
        from pod_image.contract.settings import SETTINGS

        found = {name: str(getattr(self, f"last_{name}", "")) for name in SETTINGS}
        return {name: value for name, value in found.items() if value}


def read_preferences(path: Path) -> Preferences:
    """What the file says; the defaults when it is absent or unreadable."""
    try:
        document: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Preferences()
    chosen = Preferences()
    for field in fields(Preferences):
        default = getattr(chosen, field.name)
        with contextlib.suppress(KeyError, TypeError, ValueError):
            value = document[field.name]
            if isinstance(value, bool) != isinstance(default, bool):
                continue
            if isinstance(default, tuple) != isinstance(value, list):
                continue
            if isinstance(value, list) and not all(isinstance(each, str) for each in value):
                continue
            chosen = replace(chosen, **{field.name: type(default)(value)})
    return chosen


def write_preferences(path: Path, preferences: Preferences) -> None:
    """Write the file whole or not at all, readable by its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [f"{name} = {_toml(value)}" for name, value in asdict(preferences).items()]
    write_whole(path, "\n".join(lines) + "\n", is_private=True, is_shared=True)


def _toml(value: Any) -> str:
    # A TOML basic string and a JSON string agree on all escapes that json.dumps writes, save for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
