"""What is sent of a person's files for SimpleTuner, or of those that are made of our settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from launcher.recipes.base import Configuration
from launcher.recipes.found import Found, listed
from launcher.recipes.local_files import LocalFiles
from launcher.recipes.simpletuner.making import PROMPTS, made
from launcher.recipes.simpletuner.placing import WORDS, Placer
from launcher.recipes.simpletuner.reading import read
from pod_image.contract.brought import CONFIGURATION
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.recipes.simpletuner import BACKENDS, CONFIGURED, SimpleTunerSettings

_FROM_ENVIRONMENT = re.compile(r"\{env:([^{}]*)\}")


def configuration(settings: SimpleTunerSettings, given: Mapping[str, bytes]) -> Configuration:
    found = Found()
    files = LocalFiles(given, found, WORDS)
    whole = read(given, found) if given else made(settings)
    if whole is None:
        return Configuration(findings=tuple(found.findings))
    if not given and not settings.base_model:
        found.error(
            "base_model",
            f"No base model is named for the family {settings.model_family}.",
            Sentence("Give ", setting("base_model"), " with the repo of one."),
            setting="base_model",
        )
        return Configuration(findings=tuple(found.findings))
    placer = Placer(settings, found, files, is_made=not given)
    values = placer.placed(whole.values)
    prompts = _prompts(settings, values) if not given else {}
    backends = placer.backends(whole.backends)
    placer.say_what_was_changed()
    texts = {CONFIGURED: _written(values), BACKENDS: _written(backends)}
    _say_environment("".join(texts.values()), found)
    content = {name: text.encode() for name, text in texts.items()}
    return Configuration({**files.taken, **prompts, **content}, tuple(found.findings))


def _prompts(settings: SimpleTunerSettings, values: dict[str, Any]) -> dict[str, bytes]:
    """Several prompts stand in a file of their own, by a name each."""
    if len(settings.sample_prompts) < 2:
        return {}
    values["user_prompt_library"] = f"${{WORK_DIR}}/{CONFIGURATION}/{PROMPTS}"
    named = {f"prompt_{number}": text for number, text in enumerate(settings.sample_prompts[1:], 2)}
    return {PROMPTS: _written(named).encode()}


def _written(values: Any) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def _say_environment(text: str, found: Found) -> None:
    """It fills in `{env:NAME}` from the environment, also in what it leaves behind."""
    names = [f"{{env:{name}}}" for name in sorted(set(_FROM_ENVIRONMENT.findall(text)))]
    if names:
        found.error(
            "unknown_variable",
            f"{listed(names)} would be looked for in the pod's environment, where nothing has that name.",
            "Write the value itself. A key is never needed: base_model fetches a model with the dataset token.",
        )
