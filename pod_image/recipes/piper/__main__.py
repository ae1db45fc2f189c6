"""`python -m pod_image.recipes.piper prepare|train|export`: one stage of a run, in the run's folder.

Exit code 0 is success, 2 a fault of what was given (said by a warning with a hint); a traceback is our mistake.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from socket import if_nameindex

from pod_image.contract.bodies import RunWarning
from pod_image.contract.contract_error import ContractError
from pod_image.contract.environment import EVENTS_FD_VARIABLE, RunDocument
from pod_image.contract.paths import RunFolder
from pod_image.recipes.cores import usable_cores
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.stages import export_stage, prepare_stage, train_stage
from pod_image.recipes.piper.torchrun import torchrun_command, torchrun_environment
from pod_image.recipes.worker import Emit, Reporter, StoppableInbox, run_document

_MODULE = "pod_image.recipes.piper"
_EVENTS_PATH = "LAUNCHER_EVENTS_PATH"
STAGES = ("prepare", "train", "export")


def main(argv: list[str]) -> int:
    """Run one stage; return the exit code."""
    if len(argv) != 1 or argv[0] not in STAGES:
        print(f"usage: python -m pod_image.recipes.piper {'|'.join(STAGES)}", file=sys.stderr)
        return 2
    # Before torch is loaded: threads that wait by spinning make a step six times as long as soon as anything
    # else wants the same cores (30 to 46 s against 4 to 12 s, measured in pairs on two busy cores).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if (cores := usable_cores()) < (os.cpu_count() or 1):
        # torch would take a thread for each core of the machine, of which a container has a share.
        os.environ.setdefault("OMP_NUM_THREADS", str(cores))
    emit = _reporter()
    try:
        _run(argv[0], emit)
    except (RecipeError, ContractError) as exc:
        emit(RunWarning.saying(f"{argv[0]}-failed", exc.message, exc.hint))
        return 2
    return 0


def _run(stage: str, emit: Emit) -> None:
    document, folder = run_document(), RunFolder(Path.cwd())
    match stage:
        case "prepare":
            prepare_stage(document, folder, emit)
        case "train":
            _train(document, folder, emit)
        case _:
            export_stage(document, folder, emit)


def _train(document: RunDocument, folder: RunFolder, emit: Emit) -> None:
    """Here, or once for each GPU: then this process becomes torchrun, and what it starts comes back here."""
    command = torchrun_command(_MODULE, ["train"], _gpus(document))
    if command is not None:
        descriptor = os.environ.get(EVENTS_FD_VARIABLE, "1")
        # torchrun's children inherit its standard input but no other descriptor.
        os.environ[_EVENTS_PATH] = f"/proc/{os.getpid()}/fd/{descriptor}"
        os.environ.update(torchrun_environment(os.environ, [name for _, name in if_nameindex()]))
        os.execv(command[0], command)
    if os.environ.get("RANK", "0") == "0":
        train_stage(document, folder, emit, StoppableInbox().take)
    else:
        # The first process alone is told to stop, and tells us.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        train_stage(document, folder, emit, list)


def _gpus(document: RunDocument) -> int:
    """As many as there are, but no more than were rented: a CPU trains in one process."""
    if document.settings.gpu_count == 1:
        return 1
    import torch

    return max(1, min(torch.cuda.device_count(), document.settings.gpu_count))


def _reporter() -> Reporter:
    """To the agent, also from a process that torchrun started."""
    path = os.environ.get(_EVENTS_PATH)
    return Reporter(os.open(path, os.O_WRONLY)) if path else Reporter()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
