"""Installs what a command wants beside the image, into an environment of its own: no key is in sight of it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pod_image.contract.bodies import PhaseChange, RunWarning
from pod_image.contract.contract_error import ContractError
from pod_image.contract.interpreter import module_command
from pod_image.contract.keys import without_keys
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.recipes.command.job import job_of
from pod_image.recipes.command.recipe import ENVIRONMENT
from pod_image.recipes.worker import Emit, Reporter, run_document

INPUT_FAULT = 2
ALIVE_SECONDS = 10.0
_DONE = "installed.txt"


def main() -> int:
    report, folder = Reporter(), RunFolder(Path.cwd())
    try:
        packages = job_of(run_document().settings).packages
    except ContractError as exc:
        report(RunWarning.saying("command", exc.message, exc.hint))
        return INPUT_FAULT
    return install(packages, folder.prepared / ENVIRONMENT, report)


def install(packages: Sequence[str], environment: Path, report: Emit) -> int:
    """Our exit code. What was installed by an earlier life of this container stays."""
    done = environment / _DONE
    wanted = "\n".join(packages)
    if done.is_file() and done.read_text() == wanted:
        return 0
    # The image's packages stay within reach: torch is gigabytes, and the image has the one that fits its driver.
    # Without a pip of its own: ours works on it from outside, and Debian's Python cannot make one.
    python = str(environment / "bin" / "python")
    make = module_command("venv", "--without-pip", "--system-site-packages", str(environment))
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    pip = module_command("pip", "--python", python, "install", *options, "--", *packages)
    for argv in (make, pip):
        if _run(argv, report) != 0:
            named = ", ".join(without_keys(packages))
            message = (
                f"pip could not install {named}."
                if argv is pip
                else "No environment could be made."
            )
            hint = (
                "Its log says why; check names and versions, and that they fit the image's Python."
            )
            report(RunWarning.saying("packages", message, hint))
            return INPUT_FAULT
    done.write_text(wanted)
    return 0


def activated(environment: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Variables by which programs of an environment come first; none where there is no such environment."""
    if not (environment / _DONE).is_file():
        return {}
    path = f"{environment / 'bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
    return {"PATH": path, "VIRTUAL_ENV": str(environment)}


def _run(argv: Sequence[str], report: Emit) -> int:
    """Its output is our log; it counts as getting on for as long as it runs, up to the run's own limits."""
    over = threading.Event()
    began = time.monotonic()

    def say_alive() -> None:
        while not over.wait(ALIVE_SECONDS):
            seconds = round(time.monotonic() - began, 1)
            report(PhaseChange(phase=Phase.PREPARE, state="progress", done=seconds, unit="seconds"))

    threading.Thread(target=say_alive, daemon=True).start()
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, check=False).returncode
    except OSError as exc:
        print(exc, flush=True)
        return 1
    finally:
        over.set()


if __name__ == "__main__":
    sys.exit(main())
