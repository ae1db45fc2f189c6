"""`python -m pod_image.recipes.distil prepare|train`: what of a run is not Piper's own, in the run's folder.

Exit code 0 is success, 2 a fault of what was given (said by a warning with a hint); a traceback is our mistake.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pod_image.agent.init import adopt_orphans
from pod_image.contract.bodies import RunWarning
from pod_image.contract.contract_error import ContractError
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.distil import DistilSettings
from pod_image.recipes.base import INPUT_FAULT
from pod_image.recipes.command.packages import Wanted, install
from pod_image.recipes.command.recipe import ENVIRONMENT
from pod_image.recipes.distil.stages import prepare_stage
from pod_image.recipes.piper.__main__ import main as piper_main
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.worker import Reporter, run_document

STAGES = (Phase.PREPARE.value, Phase.TRAIN.value)


def main(argv: list[str]) -> int:
    """Run one stage; return the exit code."""
    if len(argv) != 1 or argv[0] not in STAGES:
        print(f"usage: python -m pod_image.recipes.distil {'|'.join(STAGES)}", file=sys.stderr)
        return INPUT_FAULT
    return _prepare() if argv[0] == Phase.PREPARE else _train()


def _prepare() -> int:
    adopt_orphans()
    report, folder = Reporter(), RunFolder(Path.cwd())
    try:
        document = run_document()
        wanted = _packages(DistilSettings.of(document.settings), folder)
        if wanted.installs and (code := install(wanted, folder.prepared / ENVIRONMENT, report)):
            return code
        prepare_stage(document, folder, report)
    except (RecipeError, ContractError) as exc:
        report(RunWarning.saying("prepare-failed", exc.message, exc.hint))
        return INPUT_FAULT
    return 0


def _packages(settings: DistilSettings, folder: RunFolder) -> Wanted:
    """Of the teacher's command, into an environment of its own."""
    file = folder.prepared / settings.requirements if settings.requirements else None
    return Wanted(settings.pip, requirements=file)


def _train() -> int:
    """Piper's own. Clips that came back from an earlier pod are no checkpoint: it begins then."""
    try:
        document = run_document()
    except ContractError:
        return piper_main(["train"])  # which says what is wrong with it
    if document.resume and not any(RunFolder(Path.cwd()).checkpoints.glob("*.ckpt")):
        begins = document.model_copy(update={"resume": False})
        os.environ[RUN_VARIABLE] = begins.to_json()
    return piper_main(["train"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
