"""Becomes OneTrainer, once all is in its place: `python -m pod_image.recipes.onetrainer HOME WORK DATASET`.

It is what the command's worker starts. Standard library and little of ours: it stands between nothing and the program.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pod_image
from pod_image.recipes.onetrainer import places
from pod_image.recipes.onetrainer.fitting import CannotStart, fit
from pod_image.recipes.onetrainer.installing import image_program

CONFIGURATION = "onetrainer.json"
"""As it is run: with what only the pod could know."""
SCRIPT = "scripts/train.py"


def main(home: str, work: str, dataset: str) -> int:
    try:
        program = _program(Path(home))
        configuration = Path(work) / CONFIGURATION
        fit(Path(work), Path(dataset), configuration)
        is_own = Path(program).is_relative_to(home)
        environment = _environment(os.environ, program, Path(work), is_own=is_own)
        os.chdir(home)  # its own imports and files are found from there
        argv = [program, SCRIPT, f"--config-path={configuration}"]
        os.execve(program, argv, environment)
    except CannotStart as exc:
        print(f"{places.CANNOT_START}{exc}", flush=True)
    except OSError as exc:
        print(f"{places.CANNOT_START}{exc.strerror} ({exc.filename}).", flush=True)
    return 2


def _program(home: Path) -> str:
    """The Python of its own environment, else the image's."""
    if not (home / SCRIPT).is_file():
        raise CannotStart(
            f"{home} has no OneTrainer. Give the folder of the image that has it, or none, to have it installed."
        )
    for environment in ("venv", "conda_env"):
        python = home / environment / "bin" / "python"
        if python.exists():
            return str(python)
    return image_program(os.environ)


def _environment(
    variables: Mapping[str, str], program: str, work: Path, *, is_own: bool
) -> dict[str, str]:
    """A home of its own: caches go there, and another user's may not be read. Our own modules are none of its, and the
    image's only where it runs on the image's Python.
    """
    own = work / "home"
    own.mkdir(parents=True, exist_ok=True)
    named = [] if is_own else variables.get("PYTHONPATH", "").split(os.pathsep)
    ours = str(Path(pod_image.__file__).parents[1])
    path = f"{Path(program).parent}{os.pathsep}{variables.get('PATH', os.defpath)}"
    return {
        **variables,
        "HOME": str(own),
        "PATH": path,
        "PYTHONPATH": os.pathsep.join(part for part in named if part not in ("", ours)),
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
