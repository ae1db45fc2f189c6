"""Runs the person's command: `python -m pod_image.recipes.command`, started by the agent, without any key."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from pod_image.agent.init import adopt_orphans
from pod_image.contract.bodies import RunWarning
from pod_image.contract.contract_error import ContractError
from pod_image.contract.environment import EVENTS_FD_VARIABLE, RUN_VARIABLE
from pod_image.contract.image_python import IMAGE_VARIABLES_VARIABLE, image_variables
from pod_image.contract.interpreter import SAFE_PATH_VARIABLE
from pod_image.contract.keys import hide_keys
from pod_image.contract.next_steps import Said
from pod_image.contract.paths import RunFolder
from pod_image.contract.secret_names import COMMAND_SECRET_PREFIX, command_secrets
from pod_image.recipes.base import INPUT_FAULT
from pod_image.recipes.command.collecting import is_inside, missing, seen
from pod_image.recipes.command.filling_in import fill_files, filled
from pod_image.recipes.command.inputs import put_inputs
from pod_image.recipes.command.job import job_of
from pod_image.recipes.command.keeping import NotWhole, Results
from pod_image.recipes.command.line_rules import LineWatch
from pod_image.recipes.command.linking import link_all
from pod_image.recipes.command.own_home import own_home
from pod_image.recipes.command.packages import activated
from pod_image.recipes.command.progress.epoch_bars import EpochBars, behind_in
from pod_image.recipes.command.progress.listening import Listener
from pod_image.recipes.command.recipe import ENVIRONMENT, LINKED_DATASET, Job
from pod_image.recipes.command.turns import Turns
from pod_image.recipes.command.work import Work
from pod_image.recipes.worker import Emit, Reporter, StoppableInbox, run_document


def main() -> int:
    adopt_orphans()
    report = Reporter()
    try:
        document = run_document()
        job = job_of(document.settings)
    except ContractError as exc:
        return _refuse(report, exc.message, exc.hint)
    outside = [pattern for pattern in job.patterns if not is_inside(pattern)]
    if outside:
        hint = "Patterns name files inside the command's folder, such as out/**."
        return _refuse(report, f"The pattern {outside[0]!r} leads out of its folder.", hint)
    if job.workdir.startswith("/") and not Path(job.workdir).is_dir():
        hint = "Use an image that contains it, or give its folder in the image."
        return _refuse(report, f"The image has no folder {job.workdir}.", hint)
    folder, inbox = RunFolder(Path.cwd()), StoppableInbox()
    results = Results(job, folder, report, _log)
    try:
        resumed = results.bring_back() if document.resume else None
    except NotWhole as exc:
        return _refuse(report, str(exc), "Start a new run, or continue from another checkpoint.")
    rule = job.checkpoints
    before = seen(folder.prepared, (*job.required, *rule.final))
    lines = LineWatch(job.lines, report, _log)
    listener = Listener(
        job.progress,
        folder.prepared,
        time.monotonic,
        results.stepped,
        lines.hear,
        _bars(job, resumed),
        job.curves,
    )
    try:
        process = _start(job, folder, resumed)
    except OSError as exc:
        hint = "Check its name, and that the image has it."
        return _refuse(
            report, f"{hide_keys(job.argv[0])} could not be started: {exc.strerror}.", hint
        )
    turns = Turns(results.collect, job.every_minutes * 60, time.monotonic)
    work = Work(process, listener, report, turns, _log, lambda: lines.fault is not None)
    code = work.until_over(inbox.take)
    turns.take_last()
    lines.finish()
    if lines.fault is not None and not work.was_stopped:
        report(lines.fault)
        return INPUT_FAULT
    absent = missing(folder.prepared, job.required, before)
    absent += missing(folder.prepared, rule.final, before, but=rule.patterns)
    if code == 0 and not work.was_stopped and absent:
        hint = "Its last output is at the end of its log."
        return _refuse(
            report, f"The command succeeded, but left nothing new that matches {absent[0]}.", hint
        )
    return _outcome(report, code, was_stopped=work.was_stopped)


def _bars(job: Job, resumed: Path | None) -> EpochBars | None:
    if job.bars is None:
        return None
    return EpochBars(job.bars, behind_in(resumed.name if resumed else "", job.checkpoints.named))


def _log(line: str) -> None:
    # A file's name may hold bytes that are no letters.
    sys.stdout.write(line.encode("utf-8", "backslashreplace").decode() + "\n")
    sys.stdout.flush()


def _start(job: Job, folder: RunFolder, resumed: Path | None) -> subprocess.Popen[bytes]:
    """In a folder of its own, with `dataset` beside it; its environment says where both are.

    `resumed`: what it goes on from. Raises OSError.
    """
    work = folder.prepared
    (work / "out").mkdir(parents=True, exist_ok=True)
    # Ours; `python -m train` of the person's own begins, as everywhere, in the folder of the command.
    private = (EVENTS_FD_VARIABLE, RUN_VARIABLE, SAFE_PATH_VARIABLE, IMAGE_VARIABLES_VARIABLE)
    ours = {
        name: value
        for name, value in os.environ.items()
        if name not in private and not name.startswith(COMMAND_SECRET_PREFIX)
    }
    environment = {**image_variables(), **ours}
    dataset = folder.dataset
    if job.writes_into_dataset:
        dataset = work / LINKED_DATASET
        link_all(folder.dataset, dataset)
    places = {"DATASET_DIR": str(dataset), "OUT_DIR": str(work / "out")}
    places |= put_inputs(job.inputs, folder)
    own = {
        **places,
        **own_home(work, environment),
        **activated(work / ENVIRONMENT, environment),
    }
    places["WORK_DIR"] = str(work)
    own |= {name: filled(value, places) for name, value in job.variables.items()}
    handed = command_secrets(os.environ)
    own |= {name: value for name, value in handed.items() if name in job.secrets}
    argv = job.argv
    if resumed is not None:
        own |= {"LAUNCHER_RESUMED": "1", "LAUNCHER_RESUME_DIR": str(resumed)}
        places["RESUME_DIR"] = str(resumed)
        argv += job.resume_argv
    fill_files(work, job.templates, places)
    argv = tuple(filled(word, places) for word in argv)
    if job.in_shell:
        argv = ("sh", "-c", " ".join(argv))
    (work / job.workdir).mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        argv,
        cwd=work / job.workdir,
        env={**environment, **own},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _outcome(report: Emit, code: int, *, was_stopped: bool) -> int:
    """Our exit code: the command's own failure is explained, a kill from outside is a crash."""
    if code == 0 or was_stopped:
        return 0
    if code < 0:
        print(f"The command was killed by signal {-code}.", flush=True)
        return 1
    hint = "Its last output is at the end of its log."
    return _refuse(report, f"The command ended with exit code {code}.", hint)


def _refuse(report: Emit, message: Said, hint: Said) -> int:
    report(RunWarning.saying("command", message, hint))
    return INPUT_FAULT


if __name__ == "__main__":
    sys.exit(main())
