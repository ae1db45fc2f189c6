"""What a setting's value may be chosen from, by what its marker says: the one way for pages and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launcher.services.choosing import base_voices
from launcher.services.choosing.languages import (
    espeak_code,
    espeak_options,
    espeak_voice_name,
    language_code,
    language_name,
    language_options,
)
from launcher.services.choosing.option import Listing
from launcher.services.choosing.published_voices import published_voices
from launcher.services.choosing.repos import (
    datasets_to_choose,
    results_to_choose,
    suggested_name,
)
from launcher.services.choosing.runs import runs_to_continue
from launcher.services.common.workbench import Workbench
from pod_image.contract.knobs import Picks, Setting
from pod_image.contract.settings import SETTINGS

VOICES = frozenset({Picks.BASE_VOICE, Picks.VOICE_FILE, Picks.VOICE_NAME})
"""Those of which there is something to hear, and a card."""
OF_OURS = frozenset({Picks.LANGUAGE, Picks.ESPEAK_VOICE})
"""Lists that nobody is asked for."""


def asked_with(setting: Setting, values: Mapping[str, Any]) -> tuple[str, ...]:
    """What of the other settings the list depends on, in the order of the marker."""
    return tuple(str(values.get(name, "")) for name in setting.knob.picks_by)


async def listing(bench: Workbench, setting: Setting, values: Mapping[str, Any]) -> Listing:
    """What there is for this setting beside these values. Raises nothing for what others answer or do not."""
    by = asked_with(setting, values)
    match setting.knob.picks:
        case Picks.LANGUAGE:
            return Listing(language_options())
        case Picks.ESPEAK_VOICE:
            return Listing(espeak_options())
        case Picks.DATASET:
            return await datasets_to_choose(bench)
        case Picks.RESULTS:
            return await results_to_choose(bench, suggested_name("".join(by)))
        case Picks.RUN:
            return await runs_to_continue(bench, *by)
        case Picks.BASE_VOICE:
            language, quality = by
            return base_voices.bases(await published_voices(bench), language, quality)
        case Picks.VOICE_FILE:
            repo = _repo_of(setting)
            return base_voices.files(await published_voices(bench), "".join(by), repo)
        case Picks.VOICE_NAME:
            return base_voices.names(await published_voices(bench), "".join(by))
        case None:
            return Listing()


def meaning(setting: Setting, value: str) -> str:
    """What a value is called by people, where its code alone says little; else empty."""
    match setting.knob.picks:
        case Picks.LANGUAGE:
            return language_name(value)
        case Picks.ESPEAK_VOICE:
            return espeak_voice_name(value)
    return ""


def as_code(setting: Setting, typed: str) -> str:
    """The value that was meant by a name or another spelling; what was typed where it is no such thing."""
    match setting.knob.picks:
        case Picks.LANGUAGE:
            return language_code(typed)
        case Picks.ESPEAK_VOICE:
            return espeak_code(typed)
    return typed


def _repo_of(setting: Setting) -> str:
    """The setting that names the repo of which this one is a file."""
    return next(name for name, each in SETTINGS.items() if each.knob.of_which == setting.name)
