"""OneTrainer's run as the worker sees it, with a program of ours in its place: results, progress, resume, its lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.pod_image.recipes.command.commands import worker
from tests.pod_image.recipes.onetrainer.folders import (
    installed,
    put_configuration,
    settings_for,
    with_pictures,
)

EXPORTED = Path(__file__).parents[3] / "recipes" / "onetrainer" / "exported.json"


class Pod:
    """A folder of a run, in which one worker after the other may run."""

    def __init__(self, folder: Path, *concepts: str, **settings: Any) -> None:
        self.folder = folder
        home = installed(folder / "image" / "OneTrainer")
        self.settings = settings_for(home, picture_epochs=2, checkpoint_minutes=0.1, **settings)
        with_pictures(folder / "dataset", *concepts)

    def configured(self, given: dict[str, bytes] | None = None, **changed: Any) -> None:
        values = put_configuration(self.folder, self.settings, given) | changed
        path = self.folder / "prepared" / "config" / "train.json"
        path.write_text(json.dumps(values))

    def run(self, **more: Any) -> tuple[int, list[Any]]:
        return worker(self.folder, **{**self.settings, **more})

    @property
    def work(self) -> Path:
        return self.folder / "prepared"

    @property
    def delivered(self) -> set[str]:
        files = self.folder / "out" / "files" / "out"
        return {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}

    def model(self) -> dict[str, int]:
        files = list((self.folder / "out" / "files" / "out" / "model").iterdir())
        (model,) = files
        found: dict[str, int] = json.loads(model.read_text())
        return found


def warnings(events: list[Any]) -> list[str]:
    return [event["message"] for event in events if event["event"] == "warning"]


def test_a_training_leaves_its_model_samples_and_configuration_and_a_checkpoint(
    tmp_path: Path,
) -> None:
    pod = Pod(tmp_path)
    pod.configured()
    code, events = pod.run()
    assert code == 0
    assert pod.model() == {"steps": 20, "optimizer_steps": 20}
    kinds = {
        name.split("/")[0] if "/" not in name else "/".join(name.split("/")[:2])
        for name in pod.delivered
    }
    assert kinds == {"model/lora.safetensors", "ws/config", "ws/samples"}
    (kept,) = [event for event in events if event["event"] == "checkpoint"]
    assert (kept["step"], kept["path"]) == (20, "checkpoints/step-00000020")
    samples = {(event["step"], event["text"]) for event in events if event["event"] == "sample"}
    assert samples == {(0, "a photo of a cat"), (10, "a photo of a cat")}
    steps = [event for event in events if event["event"] == "step"]
    assert {event["total_steps"] for event in steps} == {20}
    assert steps[-1]["step"] >= 19
    assert "smooth loss" in steps[-1]["losses"]


def test_another_pod_goes_on_from_the_last_whole_backup_with_its_optimiser(tmp_path: Path) -> None:
    first = Pod(tmp_path / "first")
    first.configured(epochs=1)
    assert first.run()[0] == 0
    second = Pod(tmp_path / "second")
    second.configured()
    kept = tmp_path / "second" / "out"
    kept.mkdir()
    (tmp_path / "first" / "out" / "checkpoints").rename(kept / "checkpoints")
    torn = second.work / "out" / "ws" / "backup" / "2999-01-01_00-00-00-backup-15-1-5"
    torn.mkdir(parents=True)
    code, events = second.run(resume=True)
    assert code == 0
    assert second.model() == {"steps": 20, "optimizer_steps": 20}
    steps = [
        (event["step"], event.get("total_steps")) for event in events if event["event"] == "step"
    ]
    assert steps[0] >= (10, 20)
    assert not torn.exists()


def test_a_stop_leaves_a_backup_and_the_model(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    pod.configured(epochs=1_000)
    stop = json.dumps({"command": "stop", "id": "a", "issued_at": "2026-01-01T00:00:00Z"}) + "\n"
    code, _ = pod.run(commands=stop, after="No backup found, continuing without backup...")
    assert code == 0
    model = pod.model()
    assert 0 < model["steps"] < 9_000
    assert len(list((tmp_path / "out" / "checkpoints").iterdir())) == 1


def test_a_setting_that_it_leaves_out_ends_the_run_with_its_name(tmp_path: Path) -> None:
    """Otherwise it trains for hours with another type than the one that was chosen."""
    pod = Pod(tmp_path)
    pod.configured(epochs=1_000, train_dtype="NOT_A_TYPE")
    code, events = pod.run()
    assert code == 2
    (said,) = warnings(events)
    assert said.endswith("Could not set train_dtype as NOT_A_TYPE")


def test_a_host_that_died_after_the_last_step_still_leaves_a_model(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    pod.configured(epochs=1)
    assert pod.run()[0] == 0
    (tmp_path / "out" / "files" / "out" / "model" / "lora.safetensors").unlink()
    (pod.work / "out" / "model" / "lora.safetensors").unlink()
    assert pod.run(resume=True)[0] == 0
    assert pod.model()["steps"] == 20


def test_a_person_s_own_file_runs_with_a_folder_of_the_dataset_for_each_concept(
    tmp_path: Path,
) -> None:
    pod = Pod(tmp_path, "cats", "dogs", trainer_config="train.json")
    (tmp_path / "dataset" / "cats" / "prompts.txt").write_text("a cat")
    pod.configured({"train.json": EXPORTED.read_bytes()})
    assert pod.run()[0] == 0
    assert "model/cats-and-dogs.safetensors" in pod.delivered


def test_an_image_without_it_is_told_so(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    pod.configured()
    code, events = pod.run(onetrainer_folder="/nowhere/OneTrainer")
    assert code == 2
    assert warnings(events) == [
        "Cannot start OneTrainer: /nowhere/OneTrainer has no OneTrainer. Give the folder of the image that "
        "has it, or none, to have it installed."
    ]
