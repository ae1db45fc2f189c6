"""The training log of a voice: what its stages print reaches `log.txt` whole, and its steps stand beside it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pod_image.agent.clock import AnchoredClock
from pod_image.agent.events import EventLog, Masking
from pod_image.agent.ports import ProcessSpec
from pod_image.agent.processes import SystemProcesses
from pod_image.agent.run_log import RunLog
from pod_image.agent.system import SystemClock
from pod_image.contract.bodies import CheckpointWritten, PhaseChange, RunWarning, Step
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.run_log import read_lines
from pod_image.contract.settings import RunSettings
from pod_image.recipes.piper.recipe import PiperRecipe
from tests.kit.checkout import ROOT
from tests.kit.run_documents import run_document

SETTINGS = RunSettings(recipe="piper", results_repo="demo/voice", dataset_repo="demo/clips")


def an_event_log(folder: Path) -> tuple[EventLog, RunLog]:
    clock = AnchoredClock(SystemClock())
    log = RunLog(folder / "log.txt", clock.now)
    path = folder / "events.jsonl"
    return EventLog(path, "run-01", clock, lambda line: None, Masking(()), run_log=log), log


async def test_the_traceback_of_a_training_that_crashed_is_in_the_log(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.prepared.mkdir()
    (folder.prepared / "set.json").write_text('{"damaged')
    document = run_document(settings=SETTINGS)
    (train,) = [each for each in PiperRecipe().stages(SETTINGS) if each.phase is Phase.TRAIN]
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        RUN_VARIABLE: document.to_json(),
    }
    events, log = an_event_log(tmp_path)
    spec = ProcessSpec(argv=train.argv, folder=tmp_path, environment=environment)
    stage = await SystemProcesses().start(spec, events.log, events.log)
    assert await stage.wait() == 1
    lines = log.last_program_lines(15, 1)
    assert "Traceback (most recent call last):" in [line.text for line in read_lines(log.content())]
    assert lines[-1].startswith("json.decoder.JSONDecodeError: ")


async def test_steps_checkpoints_and_warnings_are_in_the_log_too(tmp_path: Path) -> None:
    events, log = an_event_log(tmp_path)
    events.emit(PhaseChange(phase=Phase.TRAIN, state="started"))
    for step in range(1, 200):
        events.emit(Step(step=step, losses={"mel": 1.5, "kl": 0.25}))
    events.emit(CheckpointWritten(step=199, path="checkpoints/step-00000199.ckpt", size_bytes=1))
    events.emit(RunWarning(code="slow", message="It is slow.", hint="Wait."))
    assert [line.text for line in read_lines(log.content())] == [
        "== train started",
        "== step 1, mel 1.5, kl 0.25",
        "== checkpoint checkpoints/step-00000199.ckpt",
        "== warning: It is slow. Wait.",
    ]
    assert all(line.at is not None for line in read_lines(log.content()))
    assert time.time() - log_time(log) < 60


def log_time(log: RunLog) -> float:
    first = next(read_lines(log.content()))
    return first.at.timestamp() if first.at else 0.0
