"""Installs what a command wants beside the image, into an environment of its own: no key is in sight of it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pod_image import environment_beside
from pod_image.contract.bodies import RunWarning
from pod_image.contract.contract_error import ContractError
from pod_image.contract.image_python import image_python, image_variables
from pod_image.contract.keys import without_keys
from pod_image.contract.paths import RunFolder
from pod_image.recipes.alive import alive
from pod_image.recipes.base import INPUT_FAULT
from pod_image.recipes.command.job import job_of
from pod_image.recipes.command.recipe import ENVIRONMENT, Job
from pod_image.recipes.worker import Emit, Reporter, run_document

_DONE = "installed.txt"
_QUIET = ("--disable-pip-version-check", "--no-input", "--progress-bar", "off")
_PIPS_OWN = "Its log says why; check names and versions, and that they fit the image's Python."
_WHY = {
    environment_beside.NO_PIP: (
        "The image has no pip to install packages with.",
        "Put pip into the image, or the packages themselves.",
    ),
    environment_beside.NO_ENVIRONMENT: (
        "No environment could be made for the command's packages.",
        environment_beside.NoEnvironment.remedy,
    ),
}


@dataclass(frozen=True)
class Wanted:
    """What pip is to install. `requirements`: a file of packages, which may name others beside it."""

    packages: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    """After the others, without what they ask for themselves."""
    requirements: Path | None = None

    @classmethod
    def by(cls, job: Job, work: Path) -> Self:
        """What the job asks for, its list below the command's folder."""
        file = work / job.requirements if job.requirements else None
        return cls(job.packages, job.packages_alone, file)

    @property
    def installs(self) -> list[tuple[str, ...]]:
        """The words of each call of pip."""
        files = ("-r", str(self.requirements)) if self.requirements else ()
        first = (*files, "--", *self.packages) if files or self.packages else ()
        second = ("--no-deps", "--", *self.alone) if self.alone else ()
        return [each for each in (first, second) if each]

    def mark(self) -> str:
        """Another text wherever something else would be installed."""
        if self.requirements is None:
            return "\n".join([*self.packages, *(f"--no-deps {each}" for each in self.alone)])
        below = sorted(path for path in self.requirements.parent.rglob("*") if path.is_file())
        said = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in below]
        return "\n".join([*self.packages, *(f"--no-deps {each}" for each in self.alone), *said])

    @property
    def named(self) -> str:
        """For a person; a key in an address is hidden."""
        packages = without_keys((*self.packages, *self.alone))
        return ", ".join(
            [*packages, *([f"what {self.requirements.name} names"] if self.requirements else [])]
        )


def main() -> int:
    report, folder = Reporter(), RunFolder(Path.cwd())
    try:
        job = job_of(run_document().settings)
    except ContractError as exc:
        report(RunWarning.saying("command", exc.message, exc.hint))
        return INPUT_FAULT
    if job.pythons is not None and (refused := why_not_for(job.pythons, image_python())):
        return _refuse(report, *refused)
    return install(Wanted.by(job, folder.prepared), folder.prepared / ENVIRONMENT, report)


def why_not_for(
    pythons: tuple[tuple[int, int], tuple[int, int]], python: str
) -> tuple[str, str] | None:
    """What is wrong with the image's Python, and what to do. pip itself would take an older release without a word."""
    asked = "import sys; print(*sys.version_info[:2])"
    said = ""
    with suppress(OSError):
        words = (python, "-I", "-c", asked)
        said = subprocess.run(words, capture_output=True, text=True).stdout
    numbers = tuple(int(part) for part in said.split() if part.isdecimal())
    first, end = pythons
    if first <= numbers < end:
        return None
    fits = f"{first[0]}.{first[1]} to {end[0]}.{end[1] - 1}"
    have = f"Python {'.'.join(map(str, numbers))}" if numbers else "a Python that does not work"
    return (
        f"Its packages need Python {fits}, and the image has {have}.",
        "Name an image with this Python, as bootstrap:IMAGE.",
    )


def install(wanted: Wanted, environment: Path, report: Emit) -> int:
    """Our exit code. What was installed by an earlier life of this container stays."""
    done, mark = environment / _DONE, wanted.mark()
    if done.is_file() and done.read_text() == mark:
        return 0
    # The image's packages stay within reach: torch is gigabytes, and the image has the one that fits its driver.
    program = (image_python(), "-P", environment_beside.__file__, str(environment), *_QUIET)
    for words in wanted.installs:
        code = _run((*program, *words), report)
        if code != 0:
            pips_own = (f"pip could not install {wanted.named}.", _PIPS_OWN)
            return _refuse(report, *_WHY.get(code, pips_own))
    done.write_text(mark)
    return 0


def _refuse(report: Emit, message: str, hint: str) -> int:
    report(RunWarning.saying("packages", message, hint))
    return INPUT_FAULT


def activated(environment: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Variables by which programs of an environment come first; none where there is no such environment."""
    if not (environment / _DONE).is_file():
        return {}
    path = f"{environment / 'bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
    return {"PATH": path, "VIRTUAL_ENV": str(environment)}


def _run(argv: Sequence[str], report: Emit) -> int:
    """Its output is our log."""
    variables = {**image_variables(), **os.environ}
    try:
        with alive(report):
            return subprocess.run(argv, stdin=subprocess.DEVNULL, env=variables).returncode
    except OSError as exc:
        print(exc, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
