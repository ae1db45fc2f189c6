"""SimpleTuner's settings made fit for a pod: every path replaced, and what would break a promise of ours set anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from launcher.recipes.found import Found, listed
from launcher.recipes.local_files import LocalFiles
from launcher.recipes.local_paths import is_placed, name_of, shortest_apart
from pod_image.contract.brought import CONFIGURATION
from pod_image.contract.hub_inputs import hub_input
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.paths import is_safe_name
from pod_image.contract.recipes.simpletuner import BACKENDS, SimpleTunerSettings

DATASET = "${DATASET_DIR}"
BASE_MODEL = "${INPUT_0}"
CACHE = "${WORK_DIR}/cache"
ALWAYS: Mapping[str, Any] = {
    "data_backend_config": f"${{WORK_DIR}}/{CONFIGURATION}/{BACKENDS}",
    "output_dir": "${OUT_DIR}",
    "report_to": "simpletuner",  # writes the file that the curves are read from
    "resume_from_checkpoint": "latest",
    "checkpointing_use_tempdir": True,
    "push_to_hub": False,
    "push_checkpoints_to_hub": False,
}
FEWEST_CHECKPOINTS = 2
"""On the pod: with one, a stop in the middle of a save would leave none that is whole."""
CHECKPOINT_EVERY = 100
LEFT_OUT = (
    "webhook_config", "webhook_reporting_interval", "publishing_config", "hub_model_id", "post_checkpoint_script",
    "post_upload_script", "logging_dir", "cache_dir", "accelerate_config",
)  # fmt: skip
"""They hold addresses that are secrets, run programs of this computer, or name its folders."""
WORDS = frozenset(
    {"validation_prompt", "validation_negative_prompt", "instance_prompt", "id", "caption", "prepend_instance_prompt",
     "tracker_run_name", "tracker_project_name", "modelspec_comment", "only_instance_prompt"}
)  # fmt: skip
_FOLDERS = ("instance_data_dir", "conditioning_data_dir")
_KINDS = ("local", "huggingface")
_CACHES = ("cache_dir", "cache_dir_vae", "cache_dir_text", "cache_dir_conditioning_image_embeds")


@dataclass
class Placer:
    settings: SimpleTunerSettings
    found: Found
    files: LocalFiles
    is_made: bool = False
    _changed: list[str] = field(default_factory=list)

    def placed(self, given: Mapping[str, Any]) -> dict[str, Any]:
        values = dict(given)
        if values.get("model_type", "lora") != "lora":
            self.found.error(
                "no_lora",
                f"Its model_type is {values.get('model_type')}: full models are saved "
                f"differently, which is not supported here.",
                "Set model_type to lora. Otherwise run it as a command of your own.",
            )
        for name in LEFT_OUT:
            if values.pop(name, None) not in (None, ""):
                self._changed.append(name)
        for name, value in ALWAYS.items():
            self._set(values, name, value)
        if not _at_least(values.get("checkpoints_total_limit"), FEWEST_CHECKPOINTS):
            self._set(values, "checkpoints_total_limit", FEWEST_CHECKPOINTS)
        if not any(
            values.get(name) for name in ("checkpoint_step_interval", "checkpointing_steps")
        ):
            self._set(values, "checkpoint_step_interval", CHECKPOINT_EVERY)
        name = str(values.get("pretrained_model_name_or_path") or "")
        values["pretrained_model_name_or_path"] = self._model(name)
        return self.files.placed(values, but=("pretrained_model_name_or_path", *ALWAYS))

    def backends(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        on = [each for each in given if not each.get("disabled")]
        others = sorted({str(each.get("type", "local")) for each in on} - set(_KINDS))
        if others or any(str(name).startswith("aws_") for each in on for name in each):
            self.found.error(
                "other_backend",
                f"A data backend is of the kind {listed(others or ['aws'])}, which needs keys or paths that the pod "
                "does not have.",
                "Put its pictures into the dataset repo, and make it a backend of the type local.",
            )
        own = [path for each in on for path in _folders_of(each) if not is_placed(path)]
        apart = shortest_apart(own)
        names = sorted(set(apart.values()))
        if len(names) > 1:
            self.found.note(
                "dataset_folders", f"The dataset must contain these folders: {listed(names)}."
            )
        folders = {path: f"{DATASET}/{apart[path]}" if len(names) > 1 else DATASET for path in own}
        return [self._backend(each, number, folders) for number, each in enumerate(on)]

    def say_what_was_changed(self) -> None:
        if self._changed and not self.is_made:
            self.found.note(
                "replaced", f"Replaced for the pod, or left out: {listed(self._changed)}."
            )

    def _backend(
        self, backend: Mapping[str, Any], number: int, folders: Mapping[str, str]
    ) -> dict[str, Any]:
        """Caches lie on the pod's disk, outside of the results: they stay when the container begins anew."""
        made = dict(backend)
        own = str(backend.get("id", number))
        own = own if is_safe_name(own) else str(number)
        if made.get("dataset_type") == "text_embeds":
            made["cache_dir"] = f"{CACHE}/{own}/text"
        for name in _CACHES:
            if name in made:
                made[name] = f"{CACHE}/{own}/{name.removeprefix('cache_dir').strip('_') or 'text'}"
        for name in _FOLDERS:
            if isinstance(made.get(name), str) and made[name]:
                made[name] = folders.get(made[name], made[name])
        if "instance_data_dir" in made:
            made.setdefault("cache_dir_vae", f"{CACHE}/{own}/vae")
        return self.files.placed(made, but=(*_FOLDERS, *_CACHES))

    def _set(self, values: dict[str, Any], name: str, value: Any) -> None:
        if values.get(name) != value:
            values[name] = value
            self._changed.append(name)

    def _model(self, name: str) -> str:
        wanted = self.settings.base_model
        if wanted:
            repo = hub_input(wanted).repo
            is_hub_name = bool(name) and not is_placed(name) and not self.files.is_local(name)
            if is_hub_name and name.casefold() != repo.casefold():
                self.found.warning(
                    "base_model", f"It begins with {repo}, and not with {name} as its file says."
                )
            return name if is_placed(name) else BASE_MODEL
        if is_placed(name) or self.files.is_local(name):
            self.found.error(
                "base_model",
                f"Its pretrained_model_name_or_path is {name_of(name)}, a path of this computer.",
                Sentence(
                    "Put the model into a repo, and name that with ", setting("base_model"), "."
                ),
                setting="base_model",
            )
        else:
            what = f"fetches {name}" if name else "chooses and fetches the base model"
            self.found.warning(
                "base_model",
                f"SimpleTuner {what} itself on the pod, in its current version and without a "
                f"token: a gated model cannot be downloaded.",
                Sentence(
                    setting("base_model"),
                    " downloads it first, with the dataset token, at its current commit.",
                ),
                setting="base_model",
            )
        return name


def _at_least(value: Any, fewest: int) -> bool:
    try:
        return int(value) >= fewest
    except (TypeError, ValueError):
        return False


def _folders_of(backend: Mapping[str, Any]) -> list[str]:
    values = (backend.get(name) for name in _FOLDERS)
    return [value for value in values if isinstance(value, str) and value]
