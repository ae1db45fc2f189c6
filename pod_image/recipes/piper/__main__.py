"""`python -m pod_image.recipes.piper prepare|train|export`: one stage of a run, in the run's folder.

Exit code 0 is success, 2 a fault of what was given (said by a warning with a hint); a traceback is our mistake.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from pod_image.contract.commands import Command, CommandName
from pod_image.contract.errors import ContractError
from pod_image.contract.paths import RunFolder
from pod_image.recipes.piper.errors import RecipeError
from pod_image.recipes.piper.stages import export_stage, prepare_stage, train_stage
from pod_image.recipes.worker import Inbox, Reporter, run_document

STAGES = ("prepare", "train", "export")


def main(argv: list[str]) -> int:
    """Run one stage; return the exit code."""
    if len(argv) != 1 or argv[0] not in STAGES:
        print(f"usage: python -m pod_image.recipes.piper {'|'.join(STAGES)}", file=sys.stderr)
        return 2
    # Before torch is loaded: threads that wait by spinning make a step six times as long as soon as anything
    # else wants the same cores (30 to 46 s against 4 to 12 s, measured in pairs on two busy cores).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    emit = Reporter()
    try:
        _run(argv[0], emit)
    except (RecipeError, ContractError) as exc:
        emit(
            {
                "event": "warning",
                "code": f"{argv[0]}-failed",
                "message": exc.message,
                "hint": exc.hint,
            }
        )
        return 2
    return 0


def _run(stage: str, emit: Reporter) -> None:
    document, folder = run_document(), RunFolder(Path.cwd())
    match stage:
        case "prepare":
            prepare_stage(document, folder, emit)
        case "train":
            train_stage(document, folder, emit, _StoppableInbox())
        case _:
            export_stage(document, folder, emit)


class _StoppableInbox(Inbox):
    """Commands from the agent; a termination signal counts as a stop, so that what was learnt is kept."""

    def __init__(self) -> None:
        super().__init__()
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        self._waiting.append(Command(id="signal", command=CommandName.STOP))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
