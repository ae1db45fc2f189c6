"""The files of a run that is yet to be: a preset's settings written out, and its trainer's own configuration."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from launcher.errors import InvalidRequest, LauncherError
from launcher.presets import Preset
from launcher.recipes import recipe_of
from launcher.services.planning.compose import compose_so_far
from pod_image.contract.knobs import Setting
from pod_image.contract.settings import SETTINGS, RunSettings
from pod_image.contract.whole_file import write_whole

RUN_FILE = "run.toml"
CONFIGURATION = "config"
_CONFIGURED_BY = "trainer_config"


def files_of_run(preset: Preset, how: Sequence[str] = ()) -> dict[str, bytes]:
    """By their paths below the folder: what the run is, as a run's file has it, and what its trainer reads.

    `how`: lines for the top of the file, on what to do with it. Raises InvalidRequest for a preset that this release
    cannot use.
    """
    settings = compose_so_far(preset, {}).settings
    configuration = recipe_of(settings).configuration(settings, {})
    own = {f"{CONFIGURATION}/{name}": content for name, content in configuration.files.items()}
    return {RUN_FILE: _run_file(preset, how, settings, bool(own)).encode(), **own}


def write_run_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes all of them. Raises InvalidRequest, having written none, where one is there already."""
    for name in files:
        if (folder / name).exists():
            raise InvalidRequest(
                f"{folder / name} already exists.",
                hint="Choose another folder, or move this one away.",
            )
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
    except OSError as exc:
        raise LauncherError(
            f"{folder} cannot be written: {exc.strerror or exc}.", hint="Choose another folder."
        ) from None


def _run_file(
    preset: Preset, how: Sequence[str], settings: RunSettings, has_configuration: bool
) -> str:
    """Each setting that people set, with its help above it: a line that is off begins with `#`."""
    values = settings.applicable()
    shown = [one for one in SETTINGS.values() if _is_shown(one, preset, values)]
    blocks = [_line(one, preset, values, has_configuration) for one in shown]
    lines = (preset.title, *how, "Lines that start with # are not used.")
    head = "".join(f"# {line}\n" for line in lines)
    head += f"preset = {_toml(preset.name)}\n\n[settings]\n"
    return head + "\n".join(blocks)


def _is_shown(setting: Setting, preset: Preset, values: Mapping[str, Any]) -> bool:
    is_usual = setting.knob.level == "basic" or setting.knob.required
    return setting.name in values and (is_usual or setting.name in preset.values)


def _line(
    setting: Setting, preset: Preset, values: Mapping[str, Any], has_configuration: bool
) -> str:
    value, help_text = values[setting.name], setting.help
    if setting.name == _CONFIGURED_BY and has_configuration:
        return _commented(help_text) + f"{setting.name} = {_toml(CONFIGURATION)}\n"
    if setting.is_required(values) and not value:
        return _commented(f"Required. {help_text}") + f"{setting.name} = {_toml(value)}\n"
    is_off = setting.name not in preset.values
    return _commented(help_text) + f"{'# ' if is_off else ''}{setting.name} = {_toml(value)}\n"


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, 98))


def _toml(value: Any) -> str:
    """A setting's value on one line: JSON's strings, numbers and lists are TOML's too."""
    return json.dumps(value, ensure_ascii=False)
