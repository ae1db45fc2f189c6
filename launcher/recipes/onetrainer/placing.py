"""OneTrainer's settings made fit for a pod: every path replaced, and what would break a promise of ours set anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from launcher.recipes.found import Found, listed
from launcher.recipes.local_paths import (
    found_in,
    is_hub_name,
    is_placed,
    name_of,
    parts_of,
    shortest_apart,
)
from launcher.recipes.onetrainer.reading import AS_JSON, Given
from pod_image.contract.figures import counted
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.paths import is_safe_name
from pod_image.contract.recipes.onetrainer import OneTrainerSettings

CONFIGURATION = "train.json"
BROUGHT = "${WORK_DIR}/config/"
DATASET = "${DATASET_DIR}"
FOLDERS = {
    "workspace_dir": "${OUT_DIR}/ws",
    "cache_dir": "${WORK_DIR}/cache",
    "debug_dir": "${WORK_DIR}/debug",
    "huggingface_cache_dir": "${WORK_DIR}/hub",
}
MODEL_FOLDER = "${OUT_DIR}/model/"
BASE_MODEL = "${INPUT_0}"
SEED = 42
IN_FOLDERS = ("DIFFUSERS", "INTERNAL")
"""Formats that are a folder and no file."""
KEPT_BACKUPS = 2
"""On the pod. With one, a stop in the middle of a backup would leave none that is whole."""
ALWAYS: Mapping[str, Any] = {
    "tensorboard": False,  # its server; the files are written all the same
    "tensorboard_always_on": False,
    "tensorboard_expose": False,
    "samples_to_tensorboard": False,  # the pictures would be delivered twice
    "continue_last_backup": True,
    "prevent_overwrites": False,
    "rolling_backup": True,
    "rolling_backup_count": KEPT_BACKUPS,
    "backup_before_save": True,  # without it an interrupted training writes neither backup nor model
    "train_device": "cuda",
    "device_indexes": "",
    "concept_file_name": "",
    "sample_definition_file_name": "",
    "cloud": {"enabled": False},
}


@dataclass
class Placer:
    given: Given
    settings: OneTrainerSettings
    found: Found
    taken: dict[str, bytes] = field(default_factory=dict)
    """Files that came along and are needed, by their names on the pod."""

    def placed(self) -> dict[str, Any]:
        """The whole configuration, with places to fill in on the pod."""
        values = dict(self.given.values)
        self._say_what_cannot_be(values)
        concepts, samples = self._concepts(), self._samples()
        self._models(values)
        values |= FOLDERS | dict(ALWAYS)
        values["output_model_destination"] = self._destination(values)
        values["backup_after"] = max(round(self.settings.checkpoint_minutes * 60), 1)
        values["backup_after_unit"] = "SECOND"
        values["multi_gpu"] = values.get("multi_gpu") is True and self.settings.gpu_count > 1
        if str(values.get("temp_device", "cpu")) not in ("cpu", "cuda"):
            values["temp_device"] = "cpu"
        if not is_safe_name(f"{values.get('save_filename_prefix', '')}a"):
            values["save_filename_prefix"] = ""
        if isinstance(quantization := values.get("quantization"), dict):
            values["quantization"] = {**quantization, "cache_dir": None}
        if not self.given.is_made:
            self._say_what_was_changed(concepts)
        lists = {
            "concepts": concepts,
            "samples": samples,
        }  # at the end, however often it is read again
        return {name: value for name, value in values.items() if name not in lists} | lists

    def _say_what_cannot_be(self, values: Mapping[str, Any]) -> None:
        if values.get("only_cache") is True:
            self.found.error(
                "nothing_trained",
                "The configuration only fills the cache (only_cache): nothing would be trained.",
                "Set only_cache to false.",
            )
        if not isinstance(values.get("model_type"), str):
            self.found.error("model_type", "The configuration has no model_type.", AS_JSON)

    def _concepts(self) -> list[dict[str, Any]]:
        """Each reads a folder of the dataset, named as its own folder is. Those that are switched off stay at home."""
        all_of_them = self.given.concepts
        if all_of_them is None:
            pointed = self.given.values.get("concept_file_name")
            self.found.error(
                "no_concepts",
                f"The configuration reads its concepts from {pointed or 'no file'}, which was not sent.",
                AS_JSON,
            )
            return []
        concepts = [one for one in all_of_them if one.get("enabled", True) is not False]
        if not concepts:
            self.found.error("no_concepts", "No concept of the configuration is enabled.", AS_JSON)
            return []
        paths = [str(one.get("path") or "") for one in concepts]
        own = [path for path in paths if not is_placed(path)]
        folders = shortest_apart(path for path in own if parts_of(path))
        if len(own) != len([path for path in own if parts_of(path)]):
            self.found.error("no_concepts", "A concept of the configuration has no path.", AS_JSON)
        return [
            self._concept(one, path, folders) for one, path in zip(concepts, paths, strict=True)
        ]

    def _concept(
        self, concept: Mapping[str, Any], path: str, folders: Mapping[str, str]
    ) -> dict[str, Any]:
        made = {name: value for name, value in concept.items() if name != "concept_stats"}
        made.setdefault("seed", SEED)  # without one, other pictures come first when it goes on
        made["path"] = path if is_placed(path) else f"{DATASET}/{folders.get(path, '')}".rstrip("/")
        text = concept.get("text")
        if isinstance(text, dict):
            made["text"] = self._text(text, path, made["path"])
        return made

    def _text(self, text: Mapping[str, Any], own: str, placed: str) -> dict[str, Any]:
        made = dict(text)
        prompts = str(text.get("prompt_path") or "")
        if prompts and not is_placed(prompts):
            is_used = text.get("prompt_source") == "concept"
            made["prompt_path"] = self._beside(prompts, own, placed) if is_used else ""
        tags = str(text.get("tag_dropout_special_tags") or "")
        if tags.lower().endswith((".txt", ".csv")) and not is_placed(tags):
            made["tag_dropout_special_tags"] = self._beside(tags, own, placed)
        return made

    def _beside(self, file: str, own: str, placed: str) -> str:
        """A text that came along, else one in the concept's folder, else one at the top of the dataset."""
        if brought := self._brought(file):
            return brought
        inside, folder = parts_of(file), parts_of(own)
        if folder and inside[: len(folder)] == folder:
            return f"{placed}/{'/'.join(inside[len(folder) :])}"
        return f"{DATASET}/{name_of(file)}"

    def _samples(self) -> list[dict[str, Any]]:
        if self.given.samples is None:
            pointed = self.given.values.get("sample_definition_file_name")
            self.found.warning(
                "no_samples",
                f"The configuration reads its sample prompts from {pointed or 'no file'}, which was not sent: "
                "no pictures are made while it trains.",
                AS_JSON,
            )
            return []
        return [self._sample(one) for one in self.given.samples]

    def _sample(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(sample)
        is_used = (
            sample.get("enabled", True) is not False and sample.get("sample_inpainting") is True
        )
        for name in ("base_image_path", "mask_image_path"):
            path = str(sample.get(name) or "")
            if is_placed(path) or not path:
                continue
            made[name] = self._brought(path) if is_used else ""
            if is_used and not made[name]:
                self.found.error(
                    "no_picture",
                    f"A sample of the configuration starts from {name_of(path)}, which was not sent.",
                    Sentence("Put it into a folder with the configuration, and name the folder by ",
                             setting("trainer_config"), "."),
                )  # fmt: skip
        return made

    def _models(self, values: dict[str, Any]) -> None:
        """What it starts from, and what else it loads by a name that is a path or a repo."""
        own = str(values.get("base_model_name") or "")
        if self.settings.base_model:
            if not is_placed(own):
                values["base_model_name"] = BASE_MODEL
        elif own and is_hub_name(own):
            self.found.warning(
                "fetched_without_key",
                f"OneTrainer fetches {own} itself, in its current version and without a key: a "
                f"gated model cannot be downloaded that way.",
                Sentence(
                    "Better ",
                    setting("base_model", own),
                    ": it is pinned, fetched with your token and checked.",
                ),
            )
        else:
            shown = f"{name_of(own)} of your computer" if own and not is_placed(own) else "nothing"
            self.found.error(
                "base_model",
                f"The training would start from {shown}.",
                Sentence("Put the model into a repo, or take one that is there: ",
                         setting("base_model", "OWNER/NAME"), "."),
            )  # fmt: skip
        fetched = []
        for table, key in _named_models(values):
            path = str(table[key])
            if brought := self._brought(path):
                table[key] = brought
            elif is_hub_name(path):
                fetched.append(path)
            else:
                self.found.error(
                    "model_of_this_computer",
                    f"{name_of(path)} is on your computer, and was not sent.",
                    "If it is small, put it into a folder with the configuration; otherwise into "
                    "a public repo, and write OWNER/NAME instead.",
                )
        if fetched:
            self.found.warning(
                "fetched_without_key",
                f"OneTrainer fetches {listed(sorted(set(fetched)))} by itself and without a key.",
            )

    def _brought(self, path: str) -> str:
        """Where a file is on the pod that came along; empty where none did."""
        name = found_in(list(self.given.others), path)
        if name is None or name_of(name).casefold() != name_of(path).casefold():
            return ""
        self.taken[name] = self.given.others[name]
        return BROUGHT + name

    def _destination(self, values: Mapping[str, Any]) -> str:
        own = str(values.get("output_model_destination") or "")
        name = name_of(own) or "model"
        ending = ".safetensors"
        stem = name.removesuffix(ending)
        is_folder = values.get("output_model_format") in IN_FOLDERS
        return MODEL_FOLDER + (stem if is_folder else stem + ending)

    def _say_what_was_changed(self, concepts: Sequence[Mapping[str, Any]]) -> None:
        folders = list(
            dict.fromkeys(str(one["path"]).removeprefix(f"{DATASET}/") for one in concepts)
        )
        if concepts and self.given.concepts is not None:
            where = listed(folders) if folders != [DATASET] else "the dataset itself"
            alone = (
                "; where it has no such folder, from the dataset itself"
                if len(folders) == 1
                else ""
            )
            self.found.note(
                "concepts_placed",
                f"{counted(len(concepts), 'concept')}, read from the dataset's "
                f"{'folder' if len(folders) == 1 else 'folders'} {where}{alone}."
                if folders != [DATASET]
                else f"{counted(len(concepts), 'concept')}, read from {where}.",
            )
        self.found.note(
            "configuration_changed",
            "Changed in the configuration for the pod: folders, model and paths are the pod's; a backup every "
            f"{self.settings.checkpoint_minutes:g} minutes and one before a save, and a resume "
            f"continues from the newest; "
            "TensorBoard's server and the cloud tab are off; no secrets are sent.",
        )


def _named_models(values: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """The tables and keys that name a model beside the base; each table is a copy that may be changed."""
    if values.get("lora_model_name") and not is_placed(str(values["lora_model_name"])):
        yield values, "lora_model_name"
    for name, part in list(values.items()):
        if isinstance(part, dict) and part.get("model_name"):
            values[name] = dict(part)
            if not is_placed(str(part["model_name"])):
                yield values[name], "model_name"
    more = values.get("additional_embeddings")
    if isinstance(more, list):
        values["additional_embeddings"] = [
            dict(one) if isinstance(one, dict) else one for one in more
        ]
        for one in values["additional_embeddings"]:
            if (
                isinstance(one, dict)
                and one.get("model_name")
                and not is_placed(str(one["model_name"]))
            ):
                yield one, "model_name"
