"""Installs OneTrainer as it says itself: its source at one commit, then its own installer. No key is in sight of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pod_image.contract.bodies import RunWarning
from pod_image.contract.contract_error import ContractError
from pod_image.contract.image_python import IMAGE_PYTHON_VARIABLE, image_variables
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.onetrainer import OneTrainerSettings
from pod_image.recipes.alive import alive
from pod_image.recipes.base import INPUT_FAULT
from pod_image.recipes.onetrainer import places
from pod_image.recipes.worker import Emit, Reporter, run_document

SOURCE = "https://github.com/Nerogar/OneTrainer"
NEEDED = ("git", "bash")
_DONE = "installed.txt"
OTHER_IMAGE = (
    "Use an image with git and Python 3.10 to 3.13, as the preset does, or one that contains OneTrainer, "
    "and give its folder there."
)


def main() -> int:
    report, folder = Reporter(), RunFolder(Path.cwd())
    try:
        commit = OneTrainerSettings.of(run_document().settings).onetrainer_commit
    except ContractError as exc:
        report(RunWarning.saying("command", exc.message, exc.hint))
        return INPUT_FAULT
    return install(SOURCE, commit, folder.prepared / places.HOME, report)


def install(source: str, commit: str, home: Path, report: Emit) -> int:
    """Our exit code. What an earlier life of this container has installed stays."""
    done = home / _DONE
    if done.is_file() and done.read_text() == commit:
        return 0
    absent = [program for program in NEEDED if shutil.which(program) is None]
    if absent:
        return _refuse(report, f"The image has no {absent[0]} to install OneTrainer with.", OTHER_IMAGE)  # fmt: skip
    own = home.parent / "home"
    own.mkdir(parents=True, exist_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    environment = environment_for({**image_variables(), **os.environ}, own)
    git = ("git", "-C", str(home))
    steps = (
        (*git, "init", "-q"),
        (*git, "fetch", "-q", "--depth", "1", source, commit),
        (*git, "checkout", "-q", "-f", "FETCH_HEAD"),
        ("bash", str(home / "install.sh")),
    )
    with alive(report):
        for argv in steps:
            if not _is_done(argv, environment):
                what = "fetched" if argv[0] == "git" else "installed"
                return _refuse(report, f"OneTrainer could not be {what}: its log says why.", OTHER_IMAGE)  # fmt: skip
    done.write_text(commit)
    return 0


def environment_for(variables: Mapping[str, str], own: Path) -> dict[str, str]:
    """A home that this user may read and write, the installer's own switches, and none of our modules."""
    kept = {name: value for name, value in variables.items() if not name.startswith("PYTHON")}
    return {
        **kept,
        "HOME": str(own),
        "GIT_TERMINAL_PROMPT": "0",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_NO_INPUT": "1",
        "PIP_PROGRESS_BAR": "off",
        "OT_PREFER_VENV": "true",
        "OT_LAZY_UPDATES": "true",
        "OT_PYTHON_CMD": image_program(variables),
    }


def image_program(variables: Mapping[str, str]) -> str:
    """The image's own Python, where the agent has another one; else the one that is found first."""
    found = shutil.which("python") or shutil.which("python3")
    return variables.get(IMAGE_PYTHON_VARIABLE) or found or "python"


def _is_done(argv: Sequence[str], environment: Mapping[str, str]) -> bool:
    try:
        return subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL).returncode == 0
    except OSError as exc:
        print(exc, flush=True)
        return False


def _refuse(report: Emit, message: str, hint: str) -> int:
    report(RunWarning.saying("onetrainer", message, hint))
    return INPUT_FAULT


if __name__ == "__main__":
    sys.exit(main())
