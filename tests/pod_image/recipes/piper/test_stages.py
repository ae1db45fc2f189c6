"""The recipe as the agent runs it: three processes in the run's folder, and what they say on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from piper import PiperVoice

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.recipes import load
from pod_image.recipes.piper.__main__ import main
from pod_image.recipes.piper.recipe import RECIPE
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.stages import export_stage, prepare_stage, train_stage
from tests.kit.checkout import ROOT
from tests.kit.run_documents import run_document
from tests.pod_image.recipes.piper.cases import SILENT

SETTINGS = RunSettings(
    dataset_repo="me/clips",
    results_repo="me/voices",
    run_id="run-01",
    voice_name="demo",
    quality="x-low",
    batch_size=1,
    max_steps=1,
    validation_split=0.2,
    sample_sentences=("Hello.",),
)


def document_of(settings=SETTINGS, *, resume=False):
    return run_document(settings=settings, resume=resume)


def run_stage(stage, root, settings=SETTINGS, *, resume=False):
    """Exit code, events and standard error of one stage."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        RUN_VARIABLE: document_of(settings, resume=resume).to_json(),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pod_image.recipes.piper", stage],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return done.returncode, events, done.stderr


@pytest.fixture
def folder(tmp_path):
    """A run's folder with a dataset of four tones."""
    clips = tmp_path / "dataset" / "wavs"
    clips.mkdir(parents=True)
    rows = []
    for number in range(4):
        pitch = (150 + 30 * number) * np.arange(16_000 + 1_000 * number) / 16_000
        soundfile.write(clips / f"{number}.wav", 0.4 * np.sin(2 * np.pi * pitch), 16_000)
        rows.append(f"{number}|Good day number {number}.")
    (tmp_path / "dataset" / "metadata.csv").write_text("\n".join(rows) + "\n")
    return RunFolder(tmp_path)


@pytest.mark.slow
def test_the_whole_way_ends_in_a_voice_that_piper_speaks_and_goes_on_after_a_restart(folder):
    code, events, trouble = run_stage("prepare", folder.root)
    assert code == 0, (events, trouble)
    assert events[-1]["done"] == events[-1]["total"] == 4

    code, events, trouble = run_stage("train", folder.root)
    assert code == 0, trouble
    assert [e["step"] for e in events if e["event"] == "step"] == [1]
    assert any(e["event"] == "checkpoint" and e["step"] == 1 for e in events)

    more = SETTINGS.model_copy(update={"max_steps": 2})
    code, events, trouble = run_stage("train", folder.root, more, resume=True)
    assert code == 0, trouble
    assert [e["step"] for e in events if e["event"] == "step"] == [2]

    code, events, trouble = run_stage("export", folder.root, more)
    assert code == 0, trouble
    path = folder.voice / "en_US-demo-x_low.onnx"
    assert len(list(PiperVoice.load(path).synthesize("Hello there."))) == 1
    best = json.loads((folder.checkpoints / "scores.json").read_text())["best_step"]
    other = {1: 2, 2: 1}[best]
    assert (folder.checkpoints / f"step-{other:08d}" / path.name).exists()
    assert not (folder.checkpoints / f"step-{best:08d}").exists()

    results = [p.relative_to(folder.out).as_posix() for p in RECIPE.results(folder, more)]
    assert results[0].startswith("voice/")
    assert set(RECIPE.carries(more)) <= set(results)
    assert results.index("checkpoints/step-00000002.ckpt") < results.index("samples/reference.wav")
    assert results.index("checkpoints/scores.json") < results.index("samples/reference.wav")
    assert results[-1].startswith("checkpoints/step-00000001")
    card = RECIPE.card(folder, more)
    assert card.front_matter["pipeline_tag"] == "text-to-speech"
    assert "en_US-demo-x_low.onnx" in card.markdown
    assert "(run-01/samples/step-00000002/01.wav)" in card.markdown


def warning_of(events):
    (last,) = [e for e in events if e["event"] == "warning"][-1:]
    return last


def test_a_dataset_without_a_table_is_a_fault_of_the_input_with_a_hint(tmp_path):
    (tmp_path / "dataset").mkdir()
    code, events, trouble = run_stage("prepare", tmp_path)
    assert code == 2
    assert warning_of(events)["code"] == "prepare-failed"
    assert warning_of(events)["hint"]
    assert "Traceback" not in trouble


def refusal(stage, root, *more, resume=False, **changes):
    """What a stage refuses with. That this ends its process with exit code 2 is proved above."""
    document = document_of(SETTINGS.model_copy(update=changes), resume=resume)
    with pytest.raises(RecipeError) as error:
        stage(document, RunFolder(root), lambda event: None, *more)
    assert in_terminal(error.value.hint)
    return error.value.message


def test_training_without_preparation_and_export_without_checkpoint_say_so(tmp_path):
    assert "prepared" in refusal(train_stage, tmp_path, list)
    assert "no checkpoint" in refusal(export_stage, tmp_path)


def test_a_base_that_is_no_checkpoint_ends_training_before_its_first_step(folder):
    prepare_stage(document_of(), folder, SILENT)
    folder.base.mkdir()
    for name, words in (
        ("x.ckpt", "x.ckpt cannot be read"),
        ("x.onnx", "cannot be read as an ONNX"),
        ("y.ckpt", "was not fetched"),
    ):
        if name.startswith("x"):
            (folder.base / name).write_bytes(b"<html>not found")
        said = refusal(train_stage, folder.root, list, base_checkpoint=f"me/voices/{name}")
        assert words in said


def test_a_resume_without_a_checkpoint_is_refused_rather_than_begun_anew(folder):
    prepare_stage(document_of(), folder, SILENT)
    assert "to resume from" in refusal(train_stage, folder.root, list, resume=True)


def test_a_missing_run_document_is_said_without_a_traceback(monkeypatch, capfd):
    monkeypatch.setenv(RUN_VARIABLE, "")
    assert main(["prepare"]) == 2
    (said,) = capfd.readouterr().out.splitlines()
    assert "LAUNCHER_RUN" in json.loads(said)["message"]


def test_an_unknown_stage_shows_the_usage(capfd):
    assert main(["sing"]) == 2
    assert "prepare|train|export" in capfd.readouterr().err


def test_the_recipe_is_found_by_its_name_and_names_its_stages():
    assert load(SETTINGS.recipe) is RECIPE
    stages = RECIPE.stages(SETTINGS)
    assert [stage.argv[-1] for stage in stages] == ["prepare", "train", "export"]
    assert [stage.takes_instructions for stage in stages] == [False, True, False]
    assert stages[2].is_needed_after_failure


CKPT = "en/en_US/lessac/medium/epoch=2164-step=1355540.ckpt"


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("", []),
        ("me/voices/a/b.ckpt", [("me/voices", "a/b.ckpt", "model")]),
        (f"datasets/me/bases/{CKPT}", [("me/bases", CKPT, "dataset")]),
        (f"models/me/bases/{CKPT}", [("me/bases", CKPT, "model")]),
        ("me/v/x.onnx", [("me/v", "x.onnx", "model"), ("me/v", "x.onnx.json", "model")]),
    ],
)
def test_a_base_is_fetched_from_its_repository(base, expected):
    needs = RECIPE.needs(SETTINGS.model_copy(update={"base_checkpoint": base}))
    assert [(need.repo, need.path, need.repo_type) for need in needs] == expected


def test_files_being_written_are_not_delivered(tmp_path):
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir(parents=True)
    (folder.checkpoints / "step-00000001.ckpt").touch()
    (folder.checkpoints / ".step-00000002.ckpt.unfinished").touch()
    assert [p.name for p in RECIPE.results(folder, SETTINGS)] == ["step-00000001.ckpt"]


def test_the_card_of_a_run_that_failed_early_still_says_what_it_was(tmp_path):
    card = RECIPE.card(RunFolder(tmp_path), SETTINGS)
    assert "en_US-demo-x_low" in card.markdown
    assert "from scratch" in card.markdown


def test_naming_the_recipe_to_the_agent_loads_nothing_heavy():
    heavy = "{'torch', 'onnx', 'piper', 'soundfile'}"
    script = f"import sys, pod_image.recipes.piper.recipe; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


WATCHING = """
import sys, threading
from pod_image.recipes.piper.__main__ import main

assert "torch" not in sys.modules
class Watch:
    def find_spec(self, name, path, target=None):
        if name == "torch":
            readers = [t for t in threading.enumerate() if t.name.startswith("base")]
            print("reading", len(readers), flush=True)
        if name == "torch._dynamo":
            print("beside", threading.current_thread().name, flush=True)
sys.meta_path.insert(0, Watch())
print("code", main(["train"]))
"""


def test_the_base_is_read_and_the_optimisers_library_loaded_beside_the_rest(tmp_path) -> None:
    settings = SETTINGS.model_copy(update={"base_checkpoint": "me/voices/base.ckpt"})
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "base.ckpt").write_bytes(b"no checkpoint")
    done = subprocess.run(
        [sys.executable, "-c", WATCHING],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), RUN_VARIABLE: document_of(settings).to_json()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "reading 1" in done.stdout, done.stderr
    assert "beside loading" in done.stdout
    assert "code 2" in done.stdout  # there is no prepared set here
