"""What only the pod can know of a file of settings: which folders the dataset has, and which file the model is."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from pod_image.contract.whole_file import write_whole
from pod_image.recipes.onetrainer import places

_DIFFUSERS = "model_index.json"
_SINGLE_FILES = (".safetensors", ".ckpt")
_MOST_NAMED = 8


class CannotStart(Exception):
    """Why, as a sentence with what to do."""


def fit(work: Path, dataset: Path, target: Path) -> None:
    """Write the settings as they are run. Raises CannotStart, and OSError."""
    values = _settings(work / places.CONFIGURATION)
    _find_concepts(values, dataset)
    values["base_model_name"] = _single_file(str(values.get("base_model_name", "")))
    drop_torn_backups(work)
    _leave_an_epoch(values, work)
    write_whole(target, json.dumps(values, indent=1))


def drop_torn_backups(work: Path) -> None:
    """The program goes on from the last by name, whole or not: a kill may have left one that cannot be loaded."""
    for backup in sorted(work.glob(places.BACKUPS)):
        if backup.is_dir() and not _is_whole(backup):
            print(f"An incomplete backup is dropped: {backup.name}", flush=True)
            shutil.rmtree(backup, ignore_errors=True)


def _leave_an_epoch(values: dict[str, Any], work: Path) -> None:
    """The program writes its model only after a step: a host that died between the last backup and the model has
    left nothing to do, and no model.
    """
    last = max((path.name for path in work.glob(places.BACKUPS)), default="")
    named = re.search(places.BACKUP_NAMED, last)
    epochs = values.get("epochs")
    if named and isinstance(epochs, int) and int(named["epoch"]) >= epochs:
        values["epochs"] = int(named["epoch"]) + 1
        print(
            f"The backup has finished all {epochs} epochs: one more is trained so that the model is written.",
            flush=True,
        )


def _is_whole(backup: Path) -> bool:
    try:
        json.loads((backup / places.BACKUP_IS_WHOLE_WITH).read_bytes())
    except (OSError, ValueError):
        return False
    return True


def _settings(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_bytes())
    except OSError:
        raise CannotStart(
            "its file of settings did not arrive on the pod. Start the run again."
        ) from None
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise CannotStart("its file of settings cannot be read on the pod. Start the run again.")
    return values


def _find_concepts(values: dict[str, Any], dataset: Path) -> None:
    """Every folder of a concept is there. One alone may be the dataset itself."""
    concepts = [one for one in values.get("concepts") or [] if isinstance(one, dict)]
    folders = {str(one.get("path", "")) for one in concepts}
    lacking = sorted(folder for folder in folders if not Path(folder).is_dir())
    if lacking and len(folders) == 1:
        print(f"The dataset has no folder {Path(lacking[0]).name}: all of it is read.", flush=True)
        for one in concepts:
            _move(one, lacking[0], str(dataset))
    elif lacking:
        names = ", ".join(Path(folder).name for folder in lacking[:_MOST_NAMED])
        there = sorted(path.name for path in dataset.iterdir() if path.is_dir())
        shown = ", ".join(there[:_MOST_NAMED]) or "none"
        raise CannotStart(
            f"the dataset has no folder {names}. A concept reads the folder of the dataset that has the "
            f"same name as its own folder; the dataset has: {shown}. Rename the folders in one of the two."
        )
    for one in concepts:
        _check_prompts(one)


def _move(concept: dict[str, Any], old: str, new: str) -> None:
    concept["path"] = new
    text = concept.get("text")
    if not isinstance(text, dict):
        return
    for name in ("prompt_path", "tag_dropout_special_tags"):
        if str(text.get(name, "")).startswith(f"{old}/"):
            text[name] = new + str(text[name]).removeprefix(old)


def _check_prompts(concept: dict[str, Any]) -> None:
    text = concept.get("text")
    path = str(text.get("prompt_path") or "") if isinstance(text, dict) else ""
    if path and not Path(path).is_file():
        raise CannotStart(
            f"{Path(path).name} with the prompts of a concept does not exist. Put it into the dataset, or "
            f"into a folder with the configuration."
        )


def _single_file(model: str) -> str:
    """A repo may hold a model in one file instead of the many that a folder of a model has."""
    folder = Path(model)
    if not model or not folder.is_dir() or (folder / _DIFFUSERS).exists():
        return model
    files = sorted(path for path in folder.iterdir() if path.suffix in _SINGLE_FILES)
    return str(files[0]) if len(files) == 1 else model
