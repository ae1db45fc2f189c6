"""SimpleTuner's run as the worker sees it, with a program of ours in its place: results, progress, resume, Python."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from launcher.recipes import recipe_of
from pod_image.contract.findings import Severity
from pod_image.contract.outcomes import Phase
from pod_image.contract.settings import RunSettings
from pod_image.recipes import load
from pod_image.recipes.command.packages import why_not_for
from pod_image.recipes.simpletuner.recipe import PYTHONS
from tests.pod_image.recipes.command.commands import worker
from tests.pod_image.recipes.simpletuner import stand_in


def settings_for(**settings: Any) -> dict[str, Any]:
    return {
        "recipe": "simpletuner",
        "dataset_repo": "me/cats",
        "base_model": "me/model",
        "picture_steps": 60,
        "sample_prompts": ["a cat", "a cat on a roof"],
        "checkpoint_minutes": 0.1,
        **settings,
    }


def configured(settings: Mapping[str, Any], **more: Any) -> dict[str, bytes]:
    """What the launcher sends; saves are made as often as a training of a second has them."""
    values = RunSettings(**settings)
    made = recipe_of(values).configuration(values, {})
    assert [one.message for one in made.findings if one.severity is Severity.ERROR] == []
    config = json.loads(made.files["config.json"]) | {"checkpoint_step_interval": 20, **more}
    return {**made.files, "config.json": json.dumps(config).encode()}


class Pod:
    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.settings = folder, settings_for(**settings)
        (folder / "dataset").mkdir(parents=True)
        (folder / "dataset" / "one.png").write_bytes(b"\x89PNG")
        (folder / "dataset" / "one.txt").write_text("a cat")
        program = folder / "bin" / "simpletuner"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {stand_in.__file__} "$@"\n')
        program.chmod(0o755)

    def run(self, *, resume: bool = False, **more: Any) -> tuple[int, list[Any]]:
        for name, content in configured(self.settings, **more).items():
            path = self.folder / "prepared" / "config" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
            return worker(self.folder, resume=resume, **self.settings)

    @property
    def delivered(self) -> set[str]:
        files = self.folder / "out" / "files" / "out"
        return {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}

    @property
    def checkpoints(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "out" / "checkpoints").iterdir())


def steps(events: list[Any]) -> list[Any]:
    return [event for event in events if event["event"] == "step"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pod, int, list[Any]]:
    pod = Pod(tmp_path_factory.mktemp("trained"))
    code, events = pod.run()
    return pod, code, events


def test_the_lora_its_metrics_and_samples_are_delivered_and_the_newest_checkpoint_is_kept(
    trained: tuple[Pod, int, list[Any]],
) -> None:
    pod, code, events = trained
    assert code == 0
    pictures = {f"validation_images/step_{step}_validation_0_64x64.png" for step in (20, 40, 60)}
    assert pod.delivered == {
        "pytorch_lora_weights.safetensors",
        "training_metrics.jsonl",
        *pictures,
    }
    assert pod.checkpoints == ["step-00000060"]
    shown = [event["step"] for event in events if event["event"] == "sample"]
    assert sorted(shown) == [20, 40, 60]


def test_losses_come_from_its_metrics_and_the_end_from_its_bar(
    trained: tuple[Pod, int, list[Any]],
) -> None:
    _, _, events = trained
    last = steps(events)[-1]
    assert (last["step"], last["total_steps"]) == (60, 60)
    assert next(iter(last["losses"])) == "train_loss"


def test_caches_lie_on_the_disk_apart_from_results_and_dataset(
    trained: tuple[Pod, int, list[Any]],
) -> None:
    pod, _, _ = trained
    assert (pod.folder / "prepared" / "cache" / "pictures" / "vae" / "one.pt").exists()
    assert {path.name for path in (pod.folder / "dataset").iterdir()} == {"one.png", "one.txt"}


def test_another_pod_goes_on_from_the_newest_whole_checkpoint_and_adds_to_the_metrics(
    tmp_path: Path,
) -> None:
    """By itself SimpleTuner would take the highest number, guard or not."""
    first, second = Pod(tmp_path / "first"), Pod(tmp_path / "second")
    assert first.run(end_at=50, torn_at=40)[0] == 2
    assert first.checkpoints == ["step-00000020"]
    (first.folder / "out").rename(second.folder / "out")
    code, events = second.run(resume=True)
    assert code == 0
    assert steps(events)[0]["step"] >= 20
    metrics = second.folder / "out" / "files" / "out" / "training_metrics.jsonl"
    told = [json.loads(line)["step"] for line in metrics.read_text().splitlines()]
    assert told == [*range(1, 50), *range(21, 61)]


def test_what_its_training_leaves_in_another_session_is_ended_with_a_stop(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    for name, content in configured(pod.settings, hold_at=30).items():
        path = tmp_path / "prepared" / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    stop = json.dumps({"command": "stop", "id": "a", "issued_at": "2026-01-01T00:00:00Z"}) + "\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        said = "Progress is read from its progress bar."
        code, _ = worker(tmp_path, commands=stop, after=said, **pod.settings)
    assert code == 0
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [each for each in running if stand_in.__file__.encode() in each and b"inner" in each]


def test_a_python_that_is_too_old_is_refused_before_pip_takes_an_old_simpletuner() -> None:
    """On 3.11 pip takes 3.1.6 without a word."""
    assert why_not_for(PYTHONS, sys.executable) == (
        f"Its packages need Python 3.12 to 3.14, and the image has Python 3.{sys.version_info.minor}.",
        "Name an image with this Python, as bootstrap:IMAGE.",
    )
    assert why_not_for(((3, 11), (3, 14)), sys.executable) is None
    absent = why_not_for(PYTHONS, "/no/such/python")
    assert absent is not None
    assert absent[0].endswith("and the image has a Python that does not work.")


def test_it_is_installed_at_its_version_unless_the_image_has_it() -> None:
    settings = RunSettings(**settings_for())
    recipe = load(settings.recipe)
    assert [stage.phase for stage in recipe.stages(settings)] == [Phase.PREPARE, Phase.TRAIN]
    job = recipe.job(settings)  # type: ignore[attr-defined]  # it is built on a command
    assert (job.packages, job.pythons) == (("simpletuner[cuda]==4.10.1",), PYTHONS)
    without = RunSettings(**settings_for(simpletuner_version=""))
    assert [stage.phase for stage in recipe.stages(without)] == [Phase.TRAIN]
