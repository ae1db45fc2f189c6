"""ai-toolkit's run as the worker sees it, with a program of ours in its place: results, progress, resume, its lines."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from pod_image.contract.settings import RunSettings
from pod_image.recipes import load
from tests.pod_image.recipes.command.commands import worker
from tests.pod_image.recipes.command.progress.listened import listened, recorded
from tests.pod_image.recipes.image_lora.folders import (
    configured,
    settings_for,
    toolkit,
    with_pictures,
)


@pytest.fixture(autouse=True)
def _python_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


class Pod:
    """A folder of a run, in which one worker after the other may run."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.settings = settings_for(toolkit(folder / "image" / "ai-toolkit"), **settings)
        with_pictures(folder / "dataset")

    def run(self, *, resume: bool = False, **meta: Any) -> tuple[int, list[Any]]:
        config = self.folder / "prepared" / "config" / "job.yaml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_bytes(configured(self.settings, **meta))
        return worker(self.folder, resume=resume, **self.settings)

    @property
    def delivered(self) -> list[str]:
        files = self.folder / "out" / "files" / "out"
        return sorted(
            path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()
        )

    @property
    def checkpoints(self) -> dict[str, str]:
        folder = self.folder / "out" / "checkpoints"
        return {
            path.name: (path / "out" / "cat_v2" / "optimizer.pt").read_text()
            for path in sorted(folder.iterdir())
        }


def warnings(events: list[Any]) -> list[str]:
    return [event["message"] for event in events if event["event"] == "warning"]


def steps(events: list[Any]) -> list[Any]:
    return [event for event in events if event["event"] == "step"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pod, int, list[Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        pod = Pod(tmp_path_factory.mktemp("trained"))
        pod.folder.joinpath("dataset").chmod(0o555)
        code, events = pod.run()
    return pod, code, events


def test_the_lora_its_samples_and_its_settings_are_delivered_and_nothing_half_made(
    trained: tuple[Pod, int, list[Any]],
) -> None:
    pod, code, _ = trained
    assert code == 0
    names = {name.partition("__")[2] or name for name in pod.delivered}
    pictures = {f"{step:09d}_{number}.jpg" for step in (20, 40) for number in (0, 1)}
    assert names == {"cat_v2/cat_v2.safetensors", "cat_v2/config.yaml", *pictures}


def test_nothing_is_written_into_the_dataset_as_it_was_fetched(
    trained: tuple[Pod, int, list[Any]],
) -> None:
    """What ai-toolkit keeps beside the pictures lies beside links to them."""
    pod, _, _ = trained
    assert {path.suffix for path in (pod.folder / "dataset").iterdir()} == {".png", ".txt"}
    cache = pod.folder / "prepared" / ".dataset" / "_latent_cache"
    assert len(list(cache.iterdir())) == 2


def test_steps_and_losses_come_from_its_database_and_the_end_from_its_bar(
    trained: tuple[Pod, int, list[Any]],
) -> None:
    _, _, events = trained
    last = steps(events)[-1]
    assert (last["step"], last["total_steps"]) == (59, 60)
    assert set(last["losses"]) == {"loss/loss", "learning_rate"}


def test_samples_are_shown_by_their_step(trained: tuple[Pod, int, list[Any]]) -> None:
    _, _, events = trained
    shown = sorted((event["step"], event["text"]) for event in events if event["event"] == "sample")
    assert shown == [(step, f"cat v {number}") for step in (20, 40) for number in (0, 1)]


def test_weights_without_their_own_state_are_no_checkpoint(
    trained: tuple[Pod, int, list[Any]],
) -> None:
    """The state that lies there at the end is that of the finished LoRA."""
    pod, _, _ = trained
    assert not list((pod.folder / "out" / "checkpoints").glob("step-*"))


def test_the_bar_as_it_was_recorded_is_read(tmp_path: Path) -> None:
    heard = listened(recorded("ai-toolkit-bar.merged.bin"), tmp_path)
    assert heard.counts == sorted(heard.counts)
    assert (heard.steps[-1].step, heard.steps[-1].total_steps) == (40, 40)
    assert {"lr", "loss"} <= set(heard.steps[-1].losses)


def test_it_ended_well_without_its_lora_is_a_failure(tmp_path: Path) -> None:
    """Interrupted, ai-toolkit ends with 0 as well; a checkpoint is not what was promised."""
    pod = Pod(tmp_path)
    code, events = pod.run(end_at=30)
    assert code == 2
    assert "left nothing new that matches out/*/*.safetensors" in warnings(events)[-1]
    assert pod.checkpoints == {"step-00000020": "state of step 20"}


def test_another_pod_goes_on_with_weights_and_state_of_one_step(tmp_path: Path) -> None:
    first, second = Pod(tmp_path / "first"), Pod(tmp_path / "second")
    assert first.run(end_at=50)[0] == 2
    (second.folder / "out").mkdir()
    (first.folder / "out" / "checkpoints").rename(second.folder / "out" / "checkpoints")
    code, events = second.run(resume=True)
    assert (code, warnings(events)) == (0, [])
    assert steps(events)[0]["step"] >= 40
    assert "cat_v2/cat_v2.safetensors" in second.delivered


def test_killed_between_weights_and_state_it_goes_on_from_the_pair_before(tmp_path: Path) -> None:
    """By itself it would take the newer weights with the older state."""
    pod = Pod(tmp_path)
    assert pod.run(end_at=30)[0] == 2
    root = pod.folder / "prepared" / "out" / "cat_v2"
    weights = root / "cat_v2_000000020.safetensors"
    later = root / "cat_v2_000000040.safetensors"
    later.write_bytes(weights.read_bytes().replace(b'"20"', b'"40"'))
    code, events = pod.run(resume=True)
    assert (code, warnings(events)) == (0, [])
    assert 20 <= steps(events)[0]["step"] < 40


def test_a_state_that_cannot_be_read_ends_the_run_with_words(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    assert pod.run(end_at=30)[0] == 2
    for path in tmp_path.rglob("optimizer.pt"):
        at = path.stat().st_mtime_ns
        path.write_text("of something else")
        os.utime(path, ns=(at, at))
    code, events = pod.run(resume=True)
    assert code == 2
    assert warnings(events)[-1].startswith(
        "Training would have continued without its optimiser's state"
    )


def test_batches_that_the_gpu_had_no_room_for_are_counted(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    code, events = pod.run(oom_at=[3, 4, 9])
    assert code == 0
    told = warnings(events)
    assert told[0].startswith("The GPU had no memory for a batch, and the trainer skipped it")
    assert told[-1] == "The trainer skipped batches that the GPU had no memory for: 3 times."


def test_a_stop_is_no_failure(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    config = tmp_path / "prepared" / "config" / "job.yaml"
    config.parent.mkdir(parents=True)
    config.write_bytes(configured(pod.settings, hold_at=30))
    stop = json.dumps({"command": "stop", "id": "a", "issued_at": "2026-01-01T00:00:00Z"}) + "\n"
    code, _ = worker(tmp_path, commands=stop, after="Saving at step 20", **pod.settings)
    assert code == 0
    assert list(pod.checkpoints) == ["step-00000020"]


def test_an_image_without_it_is_told_so(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    pod.settings["toolkit_folder"] = "/nowhere/ai-toolkit"
    code, events = pod.run()
    assert code == 2
    assert warnings(events)[0].startswith("The image has no folder /nowhere/ai-toolkit")


def test_a_base_model_is_fetched_by_the_agent_and_the_trainer_has_a_home_to_write_to() -> None:
    settings = RunSettings(**settings_for(Path("/app/ai-toolkit"), base_model="me/model@v1"))
    recipe = load(settings.recipe)
    (need,) = recipe.needs(settings)
    assert (need.repo, need.commit) == ("me/model", "v1")
    job = recipe.job(settings)  # type: ignore[attr-defined]  # it is built on a command
    assert job.variables["HF_HOME"].startswith("${WORK_DIR}/")
