"""What every engine needs of a run, and what can go to none: pure, and without any secret."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from launcher.domain.pod import NONCE_VARIABLE, new_nonce
from launcher.errors import InvalidRequest
from launcher.providers.place import Place
from launcher.providers.registry import all_places
from launcher.services.common.disk_room import rented_disk_gb
from launcher.services.common.document_text import document_text
from launcher.services.common.images import is_bootstrap
from launcher.services.common.our_image import ordered_image
from launcher.services.common.run_secrets import named_secrets
from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.environment import (
    DATASET_TOKEN_VARIABLE,
    RUN_VARIABLE,
    UPLOAD_TOKEN_VARIABLE,
    Attempt,
    RunDocument,
)
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.places import PLACES
from pod_image.contract.results_address import is_folder
from pod_image.contract.settings import SETTINGS, RunSettings

LEAST_GPU_MEMORY_GB = 16.0
"""Where the settings name neither a GPU nor its memory."""
WARNING = (
    "launcher did not start this task and does not watch it. Its promise that no machine outlives its run "
    "does not apply here: {engine} ends the machine, by the rules in this file. The cost cap does not "
    "apply either, because the price is not known. Check your account when the task has ended."
)
_LATER = datetime(3000, 1, 1, tzinfo=UTC)
_SET_DEADLINE = (
    "import datetime, json, os; "
    f"run = json.loads(os.environ['{RUN_VARIABLE}']); "
    "hours = datetime.timedelta(hours=run['settings']['max_hours']); "
    "run['deadline'] = (datetime.datetime.now(datetime.timezone.utc) + hours).isoformat(); "
    "print(json.dumps(run))"
)


@dataclass(frozen=True)
class ExportedTask:
    """`environment` holds no secret; `secrets` are names alone, whose values the engine is given by its own way."""

    name: str
    image: str
    environment: dict[str, str]
    secrets: tuple[str, ...]
    commands: tuple[str, ...]
    gpu_names: tuple[str, ...]
    """As we show them; any of these. Empty: any with `gpu_memory_gb`."""
    gpu_count: int
    gpu_memory_gb: int
    disk_gb: int
    max_seconds: int
    """After these the run has ended itself, and its machine is not needed any more."""
    idle_minutes: int


def exported_task(settings: RunSettings, run_id: str) -> ExportedTask:
    """The task of these settings. Raises InvalidRequest for what only a launch can do."""
    _refuse_what_is_sent_from_here(settings)
    place = _place_of_containers()
    nonce = new_nonce()
    document = RunDocument(
        contract=CONTRACT_VERSION,
        run_id=run_id,
        attempt=Attempt(number=1, nonce=nonce),
        settings=settings.model_copy(update={"disk_gb": rented_disk_gb(settings)}),
        deadline=_LATER,  # set by the task when it starts
        price_per_hour_usd=0.0,
        place=place.name,
    )
    text = document_text(document)
    return ExportedTask(
        name=run_id,
        image=ordered_image(settings.image, place),
        environment={
            RUN_VARIABLE: text,
            NONCE_VARIABLE: nonce,
            PLACES[place.name].pod_id: nonce,
        },
        secrets=_secrets(settings),
        commands=(
            f"export {RUN_VARIABLE}=\"$(python3 -c '{_escaped(_SET_DEADLINE)}')\"",
            "exec python3 -P -m pod_image",
        ),
        gpu_names=tuple(settings.gpu_types),
        gpu_count=settings.gpu_count,
        gpu_memory_gb=math.ceil(_wanted_memory_gb(settings)),
        disk_gb=rented_disk_gb(settings),
        max_seconds=math.ceil(settings.max_hours * 3600),
        idle_minutes=max(1, math.ceil(settings.gpu_idle_minutes)),
    )


def comment(lines: Iterable[str]) -> list[str]:
    return [f"# {line}".rstrip() for line in lines]


def quoted(text: str) -> str:
    """As YAML reads it too: a JSON string is one of its strings."""
    return json.dumps(text, ensure_ascii=False)


def _escaped(program: str) -> str:
    return program.replace("'", "'\"'\"'")


def _secrets(settings: RunSettings) -> tuple[str, ...]:
    needs_dataset = bool(settings.dataset_repo or settings.more_datasets)
    tokens = (*([DATASET_TOKEN_VARIABLE] if needs_dataset else []), UPLOAD_TOKEN_VARIABLE)
    return (*tokens, *named_secrets(settings))


def _wanted_memory_gb(settings: RunSettings) -> float:
    """Of a GPU, where the recipe has a setting for it."""
    return float(getattr(settings, "min_gpu_memory_gb", 0.0)) or LEAST_GPU_MEMORY_GB


def _refuse_what_is_sent_from_here(settings: RunSettings) -> None:
    sent = [
        one.knob.label
        for name, one in SETTINGS.items()
        if one.knob.is_local and getattr(settings, name, None)
    ]
    if sent:
        raise InvalidRequest(
            f"An exported task cannot send files of this computer, but these settings name some: {', '.join(sent)}.",
            hint="Put them into a dataset repo or into the image, and use that instead.",
        )
    if is_bootstrap(settings.image):
        raise InvalidRequest(
            "With `bootstrap`, the launcher sends our agent to the image; but the launcher does not start this task.",
            hint="Use the image of this release: leave the setting `image` at its default.",
        )
    named = (settings.results, *(each.repo for each in chosen_datasets(settings)))
    if folders := [each for each in named if is_folder(each)]:
        raise InvalidRequest(
            "An exported task runs on a machine that has none of your folders and is removed after the run: "
            f"{', '.join(folders)} cannot be used there.",
            hint=Sentence(
                "Export a preset with ", setting("results_repo"), ", and take datasets from repos."
            ),
        )
    if settings.nodes > 1:
        raise InvalidRequest(
            f"This run trains on {settings.nodes} nodes, and an exported task is started on one.",
            hint=Sentence("Leave ", setting("nodes"), " out."),
        )


def _place_of_containers() -> Place:
    """A place whose pods end with their container, as a task of another engine does."""
    return next(place for place in all_places() if not place.images.last_resort)
