"""ai-toolkit's settings made fit for a pod: every path replaced, and what would break a promise of ours set anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from launcher.recipes.found import Found, listed
from launcher.recipes.local_files import LocalFiles
from launcher.recipes.local_paths import is_placed, name_of, shortest_apart
from pod_image.contract.hub_inputs import hub_input
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.recipes.image_lora import ImageLoraSettings

OUT = "${OUT_DIR}"
DATASET = "${DATASET_DIR}"
BASE_MODEL = "${INPUT_0}"
SAVE_EVERY = 250
_FOLDERS = (
    "folder_path", "dataset_path", "control_path", "control_path_1", "control_path_2", "control_path_3",
    "inpaint_path", "mask_path", "unconditional_path", "clip_image_path",
)  # fmt: skip
"""Of a dataset: each names a folder, or several."""
WORDS = frozenset(
    {"prompt", "prompts", "neg", "negative_prompt", "unconditional_prompt", "default_caption", "trigger_word",
     "name", "replacements", "random_triggers", "class_names", "qtype", "qtype_te", "accuracy_recovery_adapter"}
)  # fmt: skip
"""Whose values are words for a model, or names of its own."""
_BY_HUB_NAME = ("chroma", "chroma_radiance")
"""Kinds that ai-toolkit reads from one file, which it finds by the Hub's name alone."""


@dataclass
class Placer:
    """`is_made`: the file is ours, and nothing in it has to be said."""

    settings: ImageLoraSettings
    found: Found
    files: LocalFiles
    is_made: bool = False
    _changed: list[str] = field(default_factory=list)

    def placed(self, process: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(process)
        self._set(made, "", "training_folder", OUT)
        # Its own page reads the first two, and we read others; the last would be a folder of its own choice.
        for name in ("log_dir", "sqlite_db_path", "name"):
            if made.pop(name, None) is not None:
                self._changed.append(name)
        if not str(made.get("device", "cuda")).startswith("cuda"):
            self._set(made, "", "device", "cuda:0")
        made["save"] = self._save(made.get("save"))
        made["logging"] = self._logging(made.get("logging"))
        made["datasets"] = self._datasets(made.get("datasets"))
        made["model"] = self._model(made.get("model"))
        made = self.files.placed(made, but=("datasets",))
        if self._changed and not self.is_made:
            self.found.note("replaced", f"Replaced for the pod: {listed(self._changed)}.")
        return made

    def _set(self, values: dict[str, Any], place: str, name: str, value: Any) -> None:
        if values.get(name) != value:
            values[name] = value
            self._changed.append(place + name)

    def _save(self, given: Any) -> dict[str, Any]:
        save = dict(given) if isinstance(given, Mapping) else {}
        for name in ("hf_repo_id", "hf_private"):
            if save.pop(name, None) is not None:
                self._changed.append(f"save.{name}")
        if save.get("push_to_hub"):
            self._set(save, "save.", "push_to_hub", False)
        if not _is_count(save.get("save_every")):
            self._set(save, "save.", "save_every", SAVE_EVERY)
        return save

    def _logging(self, given: Any) -> dict[str, Any]:
        """Every step into its own small database, which the curves are read from."""
        logging = dict(given) if isinstance(given, Mapping) else {}
        self._set(logging, "logging.", "use_ui_logger", True)
        self._set(logging, "logging.", "log_every", 1)
        if logging.get("use_wandb"):
            self._set(logging, "logging.", "use_wandb", False)
        return logging

    def _datasets(self, given: Any) -> list[Any]:
        listed_ones = given if isinstance(given, list) else []
        several = [dict(each) for each in listed_ones if isinstance(each, Mapping)]
        if not several or not all(
            each.get("folder_path") or each.get("dataset_path") for each in several
        ):
            self.found.error(
                "no_datasets",
                "The file has no dataset, or one without a folder_path.",
                "Write folder_path: ${DATASET_DIR} for the pictures of the dataset repo.",
            )
            return several
        if any(
            str(each.get("dataset_path") or "").endswith((".json", ".jsonl")) for each in several
        ):
            self.found.error(
                "listed_dataset",
                "A dataset_path lists files on this computer.",
                "Put the pictures into folders, and name those with folder_path.",
            )
        own = [path for each in several for path in _paths_of(each) if not is_placed(path)]
        folders = self._folders(own)
        return [_with_folders(each, folders) for each in several]

    def _folders(self, own: list[str]) -> Mapping[str, str]:
        """One folder is the dataset itself; several are looked for in it, by their own names."""
        apart = shortest_apart(own)
        if len(set(apart.values())) <= 1:
            return dict.fromkeys(own, DATASET)
        names = sorted(set(apart.values()))
        self.found.note(
            "dataset_folders", f"The dataset must contain these folders: {listed(names)}."
        )
        return {path: f"{DATASET}/{name}" for path, name in apart.items()}

    def _model(self, given: Any) -> dict[str, Any]:
        model = dict(given) if isinstance(given, Mapping) else {}
        name, wanted = str(model.get("name_or_path") or ""), self.settings.base_model
        if wanted:
            model["name_or_path"] = self._fetched(model, name, wanted)
        elif is_placed(name):
            pass  # of an input that is not there: said with the other places
        elif not name or self.files.is_local(name):
            what = f"{name_of(name)}, a path of this computer" if name else "empty"
            self.found.error(
                "base_model",
                f"Its model.name_or_path is {what}.",
                Sentence(
                    "Put the model into a repo, and name that with ", setting("base_model"), "."
                ),
                setting="base_model",
            )
        else:
            self.found.warning(
                "base_model",
                f"ai-toolkit fetches {name} itself on the pod, in its current version and without "
                f"a token: a gated model cannot be downloaded.",
                Sentence(
                    setting("base_model", name),
                    " downloads it first, with the dataset token, at its current commit.",
                ),
                setting="base_model",
            )
        return model

    def _fetched(self, model: Mapping[str, Any], name: str, wanted: str) -> str:
        repo = hub_input(wanted).repo
        owner_and_name, _, file = _in_repo(name)
        if str(model.get("arch", "")).partition(":")[0] in _BY_HUB_NAME:
            self.found.error(
                "base_model",
                f"ai-toolkit finds a model of the kind {model['arch']} only by its name on the Hub.",
                Sentence("Leave ", setting("base_model"), " out, and name it in the file."),
                setting="base_model",
            )
        is_other = (
            bool(name) and not is_placed(name) and owner_and_name.casefold() != repo.casefold()
        )
        if is_other and not self.files.is_local(name):
            self.found.warning(
                "base_model", f"It begins with {repo}, and not with {name} as its file says."
            )
        if is_placed(name):
            return name
        if name != BASE_MODEL:
            self._changed.append("model.name_or_path")
        return f"{BASE_MODEL}/{file}" if file and not is_other else BASE_MODEL


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _in_repo(name: str) -> tuple[str, str, str]:
    """`owner/name`, and the file in it where one is named."""
    parts = name.split("/")
    return "/".join(parts[:2]), "/", "/".join(parts[2:])


def _paths_of(dataset: Mapping[str, Any]) -> list[str]:
    values = [dataset.get(name) for name in _FOLDERS]
    several = [each if isinstance(each, list) else [each] for each in values]
    return [path for each in several for path in each if isinstance(path, str) and path]


def _with_folders(dataset: dict[str, Any], folders: Mapping[str, str]) -> dict[str, Any]:
    for name in _FOLDERS:
        value = dataset.get(name)
        if isinstance(value, list):
            dataset[name] = [folders.get(each, each) for each in value]
        elif isinstance(value, str):
            dataset[name] = folders.get(value, value)
    return dataset
