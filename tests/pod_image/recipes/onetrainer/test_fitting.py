"""What only the pod can know of the settings, found out before OneTrainer starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import pod_image
from pod_image.recipes.onetrainer.__main__ import _environment, _program
from pod_image.recipes.onetrainer.fitting import CannotStart, drop_torn_backups, fit
from tests.pod_image.recipes.onetrainer.folders import with_pictures


class Pod:
    def __init__(self, folder: Path, *folders: str) -> None:
        self.work, self.dataset = folder / "prepared", folder / "dataset"
        with_pictures(self.dataset, *folders)

    def fitted(self, *concepts: dict[str, Any], **values: Any) -> dict[str, Any]:
        path = self.work / "config" / "train.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"concepts": concepts, "base_model_name": "", **values}))
        target = self.work / "onetrainer.json"
        fit(self.work, self.dataset, target)
        found: dict[str, Any] = json.loads(target.read_text())
        return found

    def concept(self, name: str, **text: str) -> dict[str, Any]:
        return {"path": str(self.dataset / name), "text": text}

    def backup(self, name: str, *, is_whole: bool = True) -> Path:
        folder = self.work / "out" / "ws" / "backup" / name
        (folder / "onetrainer_config").mkdir(parents=True)
        if is_whole:
            (folder / "onetrainer_config" / "args.json").write_text("{}")
        return folder


def test_one_concept_alone_may_be_the_dataset_itself(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    (pod.dataset / "prompts.txt").write_text("a cat")
    prompts = str(pod.dataset / "cats" / "prompts.txt")
    (concept,) = pod.fitted(pod.concept("cats", prompt_path=prompts))["concepts"]
    assert concept["path"] == str(pod.dataset)
    assert concept["text"]["prompt_path"] == str(pod.dataset / "prompts.txt")


def test_one_folder_for_two_concepts_counts_as_one(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    fitted = pod.fitted(pod.concept("cats"), pod.concept("cats"))["concepts"]
    assert [one["path"] for one in fitted] == [str(pod.dataset)] * 2


def test_a_dataset_without_a_concept_s_folder_is_refused_with_what_it_has(tmp_path: Path) -> None:
    pod = Pod(tmp_path, "dogs")
    with pytest.raises(CannotStart) as refused:
        pod.fitted(pod.concept("cats"), pod.concept("dogs"))
    assert "the dataset has no folder cats" in str(refused.value)
    assert "the dataset has: dogs" in str(refused.value)


def test_prompts_that_are_nowhere_are_refused_by_their_name(tmp_path: Path) -> None:
    pod = Pod(tmp_path, "cats")
    with pytest.raises(CannotStart, match=r"^prompts\.txt with the prompts"):
        pod.fitted(pod.concept("cats", prompt_path=str(pod.dataset / "cats" / "prompts.txt")))


@pytest.mark.parametrize("content", [None, "", "[1]", "{torn"])
def test_settings_that_did_not_arrive_whole_are_refused(
    tmp_path: Path, content: str | None
) -> None:
    pod = Pod(tmp_path)
    pod.fitted()
    path = pod.work / "config" / "train.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(CannotStart, match="Start the run again"):
        fit(pod.work, pod.dataset, pod.work / "onetrainer.json")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("model_index.json", "sd_xl.safetensors"), ""),
        (("sd_xl.safetensors", "README.md"), "/sd_xl.safetensors"),
        (("one.safetensors", "two.ckpt"), ""),
    ],
    ids=["a folder of a model", "one file", "two files"],
)
def test_a_model_in_one_file_is_named_by_its_file(
    tmp_path: Path, files: tuple[str, ...], expected: str
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for name in files:
        (model / name).touch()
    fitted = Pod(tmp_path).fitted(base_model_name=str(model))
    assert fitted["base_model_name"] == f"{model}{expected}"


def test_a_model_of_the_hub_stays_as_it_is(tmp_path: Path) -> None:
    assert Pod(tmp_path).fitted(base_model_name="me/model")["base_model_name"] == "me/model"


def test_a_torn_backup_goes_since_the_last_one_by_name_is_gone_on_from(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    whole = pod.backup("2026-01-01_00-00-00-backup-10-1-0")
    torn = pod.backup("2026-01-01_00-10-00-backup-20-2-0", is_whole=False)
    half = pod.backup("2026-01-01_00-20-00-backup-30-3-0")
    (half / "onetrainer_config" / "args.json").write_text('{"epo')
    drop_torn_backups(pod.work)
    assert [path.exists() for path in (whole, torn, half)] == [True, False, False]


@pytest.mark.parametrize(("epoch", "epochs"), [(2, 3), (3, 4), (1, 3)])
def test_an_epoch_is_left_to_train_where_the_backup_has_them_all(
    tmp_path: Path, epoch: int, epochs: int
) -> None:
    pod = Pod(tmp_path)
    pod.backup(f"2026-01-01_00-00-00-backup-30-{epoch}-0")
    assert pod.fitted(epochs=3)["epochs"] == epochs


def test_it_finds_the_image_s_modules_and_none_of_ours(tmp_path: Path) -> None:
    ours = str(Path(pod_image.__file__).parents[1])
    given = {"PYTHONPATH": f"/image/lib:{ours}:", "PATH": "/bin", "HOME": "/root", "A": "b"}
    found = _environment(given, "/usr/bin/python", tmp_path, is_own=False)
    assert (found["PYTHONPATH"], found["A"], found["PATH"]) == ("/image/lib", "b", "/usr/bin:/bin")
    own = _environment(given, "/OneTrainer/venv/bin/python", tmp_path, is_own=True)
    assert (own["PYTHONPATH"], own["PATH"]) == ("", "/OneTrainer/venv/bin:/bin")
    assert Path(found["HOME"]).is_dir()


def test_its_own_python_comes_before_the_image_s(tmp_path: Path) -> None:
    home = tmp_path / "OneTrainer"
    with pytest.raises(CannotStart, match="has no OneTrainer"):
        _program(home)
    (home / "scripts").mkdir(parents=True)
    (home / "scripts" / "train.py").touch()
    assert Path(_program(home)).name.startswith("python")
    for environment in ("conda_env", "venv"):
        python = home / environment / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch()
        assert _program(home) == str(python)
