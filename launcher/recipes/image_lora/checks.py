"""What of a file for ai-toolkit cannot be trained on a pod with our promises: found before anything is rented."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from launcher.recipes.found import Found, listed
from launcher.recipes.image_lora.known import unknown
from pod_image.contract.recipes.image_lora import checked_lora_name

VERSION = "0.12.26"
TRAINERS = ("sd_trainer", "diffusion_trainer", "ui_trainer")
_NETWORKS = ("lora", "locon", "lokr")
_FURTHER = ("embedding", "adapter", "decorator")
"""Parts of a process that write files beside the LoRA's."""
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,79}")
OTHERWISE = "Run it as a command of your own, with ai-toolkit's image."


def trained_process(values: Mapping[str, Any], found: Found) -> dict[str, Any] | None:
    """The one process of the job; None, and said why, where there is none that can be trained."""
    config = values.get("config")
    processes = config.get("process") if isinstance(config, Mapping) else None
    if values.get("job") not in ("extension", "train") or not isinstance(processes, list):
        found.error(
            "no_job",
            "The file is not a training configuration of ai-toolkit: it needs job: extension, and "
            "a process below config.",
            "Use a file from its folder config/examples, or from its page under Show Advanced.",
        )
        return None
    if len(processes) != 1 or not isinstance(processes[0], Mapping):
        found.error(
            "many_processes",
            f"The file has {len(processes)} processes, and a run trains one.",
            "Give each its own file.",
        )
        return None
    return dict(processes[0])


def say_what_cannot_be(name: object, process: Mapping[str, Any], found: Found) -> None:
    _on_name(name, found)
    kind = process.get("type")
    if kind not in TRAINERS:
        found.error(
            "other_process", f"Its process is a {kind}, not a {' or '.join(TRAINERS)}.", OTHERWISE
        )
    network = process.get("network")
    if not isinstance(network, Mapping) or network.get("type", "lora") not in _NETWORKS:
        found.error(
            "no_lora",
            "It does not train a LoRA: full models are saved differently, which is not supported here.",
            f"Give it a network of type lora. Otherwise: {OTHERWISE.lower()}",
        )
    further = [part for part in _FURTHER if process.get(part)]
    train, model = _part(process, "train"), _part(process, "model")
    if train.get("merge_network_on_save"):
        further.append("train.merge_network_on_save")
    if str(model.get("arch", "")).startswith("wan22_14b"):
        further.append(f"model.arch {model['arch']}")
    if further:
        found.error(
            "more_files",
            f"With {listed(further)} it saves more than one file of weights at a time, which is not supported here.",
            OTHERWISE,
        )
    if train.get("start_step") is not None:
        found.error(
            "start_step",
            "With train.start_step, every resume would start from that step again.",
            "Remove it: ai-toolkit finds the step in what it saved.",
        )
    if passed_over := list(unknown(process)):
        found.warning(
            "unknown_settings",
            f"ai-toolkit {VERSION} passes over {listed(passed_over)}.",
            "Correct the names, unless a newer ai-toolkit reads them.",
        )


def say_unknown_variables(text: str, known: Collection[str], found: Found) -> None:
    """It fills in `${NAME}` from the environment anywhere in its file, and ends where there is none of that name."""
    names = sorted(set(_VARIABLE.findall(text)) - set(known))
    if names:
        quoted = [f"${{{name}}}" for name in names]
        found.error(
            "unknown_variable",
            f"{listed(quoted)} in the file would be looked for in the pod's environment, where nothing has that name.",
            f"Write the value itself; what is known there is {', '.join(sorted(known))}. A key is never needed: "
            "base_model fetches a model with the dataset token.",
        )


def _on_name(name: object, found: Found) -> None:
    hint = "Use letters, digits, - and _."
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        found.error("lora_name", "Its config.name cannot be used as a file name.", hint)
        return
    try:
        checked_lora_name(name)
    except ValueError as exc:
        found.error("lora_name", f"Its config.name is {name}: {exc}.", hint)


def _part(process: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = process.get(name)
    return part if isinstance(part, Mapping) else {}
