"""The recipe as the agent sees it: Piper's own, with a stage before, and with clips to go on from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.distil import DistilSettings
from pod_image.contract.settings import RunSettings
from pod_image.hearing.models import NAMED_MODELS
from pod_image.recipes import load
from pod_image.recipes.distil import __main__ as entry
from pod_image.recipes.distil.agreement import Drop
from pod_image.recipes.distil.recipe import RECIPE
from pod_image.recipes.distil.report import Report
from pod_image.recipes.distil.rows import Row
from tests.kit.checkout import ROOT
from tests.kit.run_documents import run_document
from tests.pod_image.recipes.distil.made_clips import GOOD

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def settings(**more: Any) -> RunSettings:
    values = {
        "teacher_repo": f"rhasspy/piper-voices@{COMMIT}",
        "teacher_file": "en/amy.onnx",
        "voice_name": "demo",
        **more,
    }
    return RunSettings(recipe="distil", results_repo="me/voices", run_id="run-01", **values)


def test_it_is_piper_s_training_with_a_stage_before() -> None:
    assert load(settings().recipe) is RECIPE
    stages = RECIPE.stages(settings())
    assert [stage.phase for stage in stages] == [Phase.PREPARE, Phase.TRAIN, Phase.EXPORT]
    assert [stage.argv[-2:] for stage in stages] == [
        ("pod_image.recipes.distil", "prepare"),
        ("pod_image.recipes.distil", "train"),
        ("pod_image.recipes.piper", "export"),
    ]
    assert [stage.takes_instructions for stage in stages] == [False, True, False]
    assert stages[2].is_needed_after_failure


def test_the_teacher_and_the_recogniser_are_fetched_as_they_are_pinned() -> None:
    needs = RECIPE.needs(settings())
    of_teacher = [each for each in needs if each.folder == "teacher"]
    assert [(each.repo, each.path, each.commit) for each in of_teacher] == [
        ("rhasspy/piper-voices", "en/amy.onnx", COMMIT),
        ("rhasspy/piper-voices", "en/amy.onnx.json", COMMIT),
    ]
    ears = {(each.repo, each.commit) for each in needs if each.folder == "whisper"}
    assert ears == {(NAMED_MODELS["base"].repo, NAMED_MODELS["base"].commit)}


def test_a_command_needs_its_inputs_and_no_voice() -> None:
    own = settings(
        teacher_repo="", teacher_file="", teacher_command=("say",), heard_by="off",
        input=(f"me/cloner@{COMMIT}",), base_checkpoint="me/v/x.ckpt",
    )  # fmt: skip
    found = [(each.repo, each.commit) for each in RECIPE.needs(own)]
    assert found == [("me/v", ""), ("me/cloner", COMMIT)]


def test_another_pod_gets_the_clips_back() -> None:
    delivered = ["spoken/clips-0001.tar", "spoken/report.json", "voice/x.onnx", "clips-1.tar"]
    assert RECIPE.restores(settings(), delivered) == ["spoken/clips-0001.tar"]
    assert "spoken" in RECIPE.folders


def test_the_voice_goes_before_the_clips(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for below in ("spoken/clips-0001.tar", "spoken/.clips-0002.tar.unfinished", "voice/a.onnx"):
        (folder.out / below).parent.mkdir(parents=True, exist_ok=True)
        (folder.out / below).touch()
    names = [path.relative_to(folder.out).as_posix() for path in RECIPE.results(folder, settings())]
    assert names == ["voice/a.onnx", "spoken/clips-0001.tar"]


def test_the_card_says_who_taught_it_and_what_was_dropped(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    early = RECIPE.card(folder, settings(teacher_speaker="anna")).markdown
    assert f"`en/amy.onnx` of rhasspy/piper-voices@{COMMIT}, speaker anna" in early
    assert "consent" in early
    rows = [Row("a", "One.", GOOD), Row("b", "Two.", GOOD)]
    dropped = {"b": Drop.OTHER_WORDS}
    Report.of(rows, dropped, "amy", "Whisper base").write(folder.out, rows, dropped)
    card = RECIPE.card(folder, settings())
    assert "1 of 2 clips agree with their sentences: 0.1 minutes" in card.markdown
    assert "1 (a word of the sentence was not heard)" in card.markdown
    assert "Heard by: Whisper base" in card.markdown
    assert card.front_matter["pipeline_tag"] == "text-to-speech"
    assert "a command" in RECIPE.card(folder, settings(teacher_repo="", teacher_file="")).markdown


def test_naming_the_recipe_to_the_agent_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'onnx', 'piper', 'soundfile', 'faster_whisper'}"
    script = f"import sys, pod_image.recipes.distil.recipe; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def wanted(path: Path) -> set[str]:
    return {line for line in path.read_text().splitlines() if not line.startswith("#")}


def test_what_is_installed_is_what_piper_installs_to_train_to_hear_and_for_each_phoneme_type() -> (
    None
):
    theirs, ours = (ROOT / "pod_image" / "recipes" / name for name in ("piper", "distil"))
    types = {path.name: path.read_text() for path in theirs.glob("packages-phoneme*")}
    assert {path.name: path.read_text() for path in ours.glob("packages-phoneme*")} == types
    assert wanted(ours / "packages.txt") == wanted(theirs / "packages.txt")
    assert wanted(ours / "packages-heard_by.txt") == wanted(theirs / "packages-transcribe.txt")
    assert DistilSettings().heard_by  # it always hears


@pytest.mark.parametrize(("checkpoints", "resumes"), [((), False), (("step-00000004.ckpt",), True)])
def test_clips_that_came_back_alone_are_no_checkpoint_to_go_on_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoints: tuple[str, ...], resumes: bool
) -> None:
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir(parents=True)
    for name in checkpoints:
        (folder.checkpoints / name).touch()
    seen: list[tuple[list[str], bool]] = []

    def train(argv: list[str]) -> int:
        import os

        seen.append((argv, RunDocument.from_json(os.environ[RUN_VARIABLE]).resume))
        return 0

    monkeypatch.setattr(entry, "piper_main", train)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(RUN_VARIABLE, run_document(settings=settings(), resume=True).to_json())
    assert entry.main(["train"]) == 0
    assert seen == [(["train"], resumes)]


def test_an_unknown_stage_shows_the_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["sing"]) == 2
    assert "prepare|train" in capfd.readouterr().err


def test_a_fault_of_what_was_given_ends_the_stage_with_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(RUN_VARIABLE, run_document(settings=settings()).to_json())
    monkeypatch.setattr("signal.signal", lambda *args: None)
    assert entry.main(["prepare"]) == 2
    assert "prepare-failed" in capfd.readouterr().out
