"""The stage that makes the clips, from sentences to a prepared set: a real command, a recogniser of the tests' own."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pod_image.contract.bodies import ResultsCollected, RunWarning
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.distil import SENTENCES_FILE
from pod_image.contract.settings import RunSettings
from pod_image.hearing.hearing_error import HearingError
from pod_image.recipes.distil.report import DROPPED_NAME, read_report
from pod_image.recipes.distil.stages import prepare_stage
from pod_image.recipes.piper.prepared import read_prepared
from pod_image.recipes.piper.recipe_error import RecipeError
from tests.kit.checkout import ROOT
from tests.kit.recognisers import TableRecogniser
from tests.kit.run_documents import run_document
from tests.pod_image.recipes.distil.made_clips import TEXTS, recogniser
from tests.pod_image.recipes.distil.programs import SAYS, program

SILENT = "wave = wave * 0"
SPOILS = f'if job["text"] == {TEXTS[1]!r}: soundfile.write(job["wav"], wave * 0, rate)\n    {SAYS}'
FAILS = f"""if job["text"] == {TEXTS[2]!r}:
        print(json.dumps({{"id": job["id"], "error": "no"}}), flush=True)
        continue"""


def settings(**more: Any) -> RunSettings:
    values = {"recipe": "distil", "quality": "x-low", "voice_name": "demo", **more}
    return RunSettings(results_repo="me/voices", run_id="run-01", **values)


class Pod:
    """A run's folder with sentences, and what its preparation says."""

    def __init__(self, root: Path, sentences: list[str]) -> None:
        self.folder = RunFolder(root)
        self.said: list[Any] = []
        self.ears = recogniser()
        self.loaded: list[tuple[Path, str]] = []
        path = self.folder.prepared / SENTENCES_FILE
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(sentences), "utf-8")

    def load(self, folder: Path, name: str, jobs: int) -> TableRecogniser:
        self.loaded.append((folder, name))
        return self.ears

    def prepare(self, argv: list[str], **more: Any) -> list[str]:
        document = run_document(settings=settings(teacher_command=tuple(argv), **more))
        prepare_stage(document, self.folder, self.said.append, self.load)
        return [clip.text for clip in read_prepared(self.folder.prepared).clips]

    def warnings(self, code: str) -> list[str]:
        return [
            each.message for each in self.said if isinstance(each, RunWarning) and each.code == code
        ]


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pod_image.recipes.distil.stages.usable_cores", lambda: 1)
    monkeypatch.setattr(
        signal, "signal", lambda *args: None
    )  # the tests' own process keeps its handler
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_clips_that_agree_are_trained_on_and_the_rest_is_counted(tmp_path: Path) -> None:
    pod = Pod(tmp_path, TEXTS[:6])
    argv = program(pod.folder.prepared, before=FAILS, after=SPOILS)
    assert pod.prepare(argv) == [TEXTS[0], *TEXTS[3:6]]
    assert pod.loaded == [(tmp_path / "base" / "whisper", "base")]
    report = read_report(pod.folder.out)
    assert report is not None
    assert (report.teacher, report.recogniser) == ("a command", "Whisper base")
    assert (report.spoken, report.kept) == (6, 4)
    assert report.dropped == {"not-spoken": 1, "silent": 1}
    (said,) = pod.warnings("clips-heard")
    assert said.startswith("4 of 6 clips agree with their sentences: 0.2 minutes to learn from.")
    assert "1 (the teacher did not say it), 1 (nobody speaks in it)" in said
    with (pod.folder.out / DROPPED_NAME).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["text"], row["why"], row["heard"]) for row in rows] == [
        (TEXTS[1], "nobody speaks in it", ""),
        (TEXTS[2], "the teacher did not say it", "no"),
    ]


def test_what_was_dropped_and_the_clips_are_said_to_be_delivered(tmp_path: Path) -> None:
    pod = Pod(tmp_path, TEXTS[:3])
    pod.prepare(program(pod.folder.prepared))
    assert sum(isinstance(each, ResultsCollected) for each in pod.said) == 2
    names = {path.name for path in (pod.folder.out / "spoken").iterdir()}
    assert names == {"clips-0001.tar", "dropped.csv", "report.json"}


def test_the_person_s_own_program_gets_its_places_and_variables_and_none_of_ours(
    tmp_path: Path,
) -> None:
    pod = Pod(tmp_path, TEXTS[:3])
    seen = "open('seen.json', 'w').write(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]))"
    argv = program(pod.folder.prepared, before=seen)
    pod.prepare([*argv, "${DATASET_DIR}/me.wav", "${WORK_DIR}"], env=("STYLE=calm",))
    words, environment, place = json.loads((pod.folder.prepared / "seen.json").read_text())
    assert words == [f"{tmp_path}/dataset/me.wav", f"{tmp_path}/prepared"]
    assert place == str(pod.folder.prepared)
    assert environment["STYLE"] == "calm"
    assert environment["DATASET_DIR"] == str(tmp_path / "dataset")
    assert not {"LAUNCHER_RUN", "LAUNCHER_EVENTS_FD"} & environment.keys()


def refusal(pod: Pod, argv: list[str], **more: Any) -> str:
    with pytest.raises(RecipeError) as refused:
        pod.prepare(argv, **more)
    assert refused.value.hint
    return str(refused.value.message)


def test_clips_that_hardly_agree_end_the_run_before_its_training(tmp_path: Path) -> None:
    pod = Pod(tmp_path, TEXTS[:4])
    pod.ears = TableRecogniser.of_demo(())
    message = refusal(pod, program(pod.folder.prepared))
    assert message == "Only 0 of 4 clips agree with their sentences; at least 50% are asked for."
    assert read_report(pod.folder.out) is not None


def test_that_is_noticed_after_the_first_clips_and_not_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pod_image.recipes.distil.stages.FEWEST_TO_JUDGE", 2)
    pod = Pod(tmp_path, TEXTS)
    pod.ears = TableRecogniser.of_demo(())
    assert "Only 0 of 2 clips" in refusal(pod, program(pod.folder.prepared))
    assert len(pod.ears.heard) < 8


def test_nothing_is_loaded_to_hear_where_the_teacher_is_trusted(tmp_path: Path) -> None:
    pod = Pod(tmp_path, TEXTS[:3])
    assert pod.prepare(program(pod.folder.prepared), heard_by="off") == TEXTS[:3]
    assert pod.loaded == []


def test_a_recogniser_that_is_not_the_pinned_one_ends_the_run(tmp_path: Path) -> None:
    pod = Pod(tmp_path, TEXTS[:3])

    def refuse(folder: Path, name: str, jobs: int) -> TableRecogniser:
        raise HearingError("Its checksum differs.", hint="Fetch it again.")

    pod.load = refuse  # type: ignore[method-assign]  # in place of the recogniser
    assert refusal(pod, program(pod.folder.prepared)) == "Its checksum differs."


def test_the_texts_of_a_dataset_are_spoken(tmp_path: Path) -> None:
    pod = Pod(tmp_path, [])
    (tmp_path / "dataset" / "wavs").mkdir(parents=True)
    rows = []
    for number, text in enumerate(TEXTS[:3]):
        (tmp_path / "dataset" / "wavs" / f"{number}.wav").write_bytes(b"no sound is needed")
        rows.append(f"{number}|{text}\n")
    (tmp_path / "dataset" / "metadata.csv").write_text("".join(rows), "utf-8")
    argv = program(pod.folder.prepared)
    found = pod.prepare(argv, sentences_from="dataset", dataset_repo="me/texts")
    assert found == TEXTS[:3]


def test_without_a_sentence_the_run_ends_with_a_remedy(tmp_path: Path) -> None:
    pod = Pod(tmp_path, ["", "…"])
    assert refusal(pod, ["true"]) == "There is no sentence to speak."
    (pod.folder.prepared / SENTENCES_FILE).unlink()
    assert refusal(pod, ["true"]) == "The sentences were not sent with the run."


def test_a_stage_that_is_told_to_end_leaves_what_it_made(tmp_path: Path) -> None:
    pod = Pod(tmp_path, TEXTS[:6])
    waits = f"{SAYS}\n    import time; time.sleep(0 if job['text'] != {TEXTS[2]!r} else 600)"
    argv = tuple(program(pod.folder.prepared, after=waits))
    document = run_document(settings=settings(teacher_command=argv, heard_by="off"))
    stage = subprocess.Popen(
        [sys.executable, "-m", "pod_image.recipes.distil", "prepare"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), RUN_VARIABLE: document.to_json()},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert stage.stdout is not None
    for line in stage.stdout:
        if line.startswith("{") and json.loads(line).get("done") == 3:
            break
    stage.send_signal(signal.SIGTERM)
    began = time.monotonic()
    stage.communicate()
    assert stage.returncode == 128 + signal.SIGTERM
    assert time.monotonic() - began < 8
    assert (pod.folder.out / "spoken" / "clips-0001.tar").is_file()
