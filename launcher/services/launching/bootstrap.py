"""Runs without an image of ours: our wheel in the results repo, and a start command that fetches it."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from launcher.domain.plan import Plan
from launcher.domain.run import Run
from launcher.providers.place import Place
from launcher.services.common.images import (
    BOOTSTRAP,
    OLDEST_PYTHON,
    REMEDY,
    image_of,
    is_bootstrap,
    python_named_by,
)
from launcher.services.common.workbench import Workbench
from launcher.services.launching.pip_wheel import pip_wheel
from launcher.services.launching.pod_wheel import PACKAGE, PodWheel, pod_wheel
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.outcomes import EndReason

FOLDER_VARIABLE = "LAUNCHER_FOLDER"
RUN_FOLDER = "launcher"
"""Below the image's working folder, whichever that is: start command and exec both begin there."""

ENTRY = ("/bin/sh", "-c")
_PYTHONS = (
    "python python3 python3.14 python3.13 python3.12 python3.11 "
    "/opt/venv/bin/python /opt/conda/bin/python"
)
_TRY = (
    'for p in {names}; do "$p" -c "import sys; sys.exit(sys.version_info < ({oldest}))" '
    '2>/dev/null && exec "$p" -c "$@"; done'
)
_FIND_A_PYTHON = "; ".join(
    (
        _TRY.format(names=_PYTHONS, oldest="3, 11"),
        _TRY.format(names="python3 python", oldest="3, 7"),
        'printf "{%s}\\n" "$0"; sleep 5',
    )
)
"""An older Python gets far enough to say that it is too old; without any the shell has to say so."""


def wheel_path(wheel: PodWheel | None = None) -> str:
    """Where a wheel is in a results repo: a folder per content, so that runs of two releases do not meet."""
    wheel = wheel or pod_wheel()
    return f"_{BOOTSTRAP}/{wheel.sha256[:16]}/{wheel.file_name}"


@dataclass(frozen=True)
class StartWords:
    """Both empty for an image whose entry point is the agent."""

    entry_point: tuple[str, ...] = ()
    """In the place of the image's own: many start something else there, and some never come to a command."""
    command: tuple[str, ...] = ()


def start_words(bench: Workbench, plan: Plan, run: Run) -> StartWords:
    """What the container is started with."""
    if not is_bootstrap(plan.settings.image):
        return StartWords()
    repo = f"{bench.config.hub_url}/{plan.settings.results}/resolve/main"
    found = [f"{repo}/{wheel_path(each)} {each.sha256}".split() for each in _wheels()]
    last_resort = bench.place.images.last_resort or ":"
    shell = f"{_FIND_A_PYTHON}; {last_resort}; exit 1"
    words = (shell, _no_python(run), program_of_the_pod(), *chain(*found))
    return StartWords(ENTRY, words)


def _no_python(run: Run) -> str:
    """The last word of a pod whose image has no Python, as the shell prints it between braces."""
    event = {
        "event": "ended",
        "at": run.planned_at.isoformat(),
        "run_id": run.run_id,
        "seq": 1,
        "reason": EndReason.BOOT_FAILED.value,
        "detail": "The image has no Python; 3.11 or newer is needed.",
        "hint": REMEDY,
    }
    return json.dumps(event)[1:-1]


def _wheels() -> tuple[PodWheel, ...]:
    """Ours, and one of pip for images that have none, where this computer has it."""
    pip = pip_wheel()
    return (pod_wheel(),) if pip is None else (pod_wheel(), pip)


def program_of_the_pod() -> str:
    """The source of `pod_image.bootstrap`, packed, since the platform splits the command like a shell would."""
    source = (PACKAGE / "bootstrap.py").read_bytes()
    packed = base64.b64encode(zlib.compress(source, 9)).decode()
    # Not -P: a Python that does not know it yet must get far enough to say that it is too old.
    start = "import sys;sys.path=[p for p in sys.path if p];import base64,zlib;"
    return f'{start}exec(zlib.decompress(base64.b64decode("{packed}")))'


async def provide_wheel(bench: Workbench, plan: Plan) -> None:
    """Put the wheel into the results repo, unless it is there. Raises HubError."""
    if is_bootstrap(plan.settings.image):
        files: dict[str, Path | bytes] = {wheel_path(each): each.content for each in _wheels()}
        message = "The program of pods without an image of their own"
        await bench.results(plan.settings.results).put(files, message)


def findings_on_image(
    image: str, place: Place, python: tuple[int, int] | None = None
) -> tuple[Finding, ...]:
    """What a plan says of it. `python`: the version that the image itself names, which its name may contradict."""
    if not is_bootstrap(image):
        return ()
    ordered = image_of(image, place)
    known = python or python_named_by(ordered)
    if known is not None and known < OLDEST_PYTHON:
        has, needed = (".".join(map(str, each)) for each in (known, OLDEST_PYTHON))
        by = "its own description" if python else "its name"
        sentence = (
            f"According to {by}, {ordered} has Python {has}; the agent needs {needed} or newer."
        )
        return (Finding(Severity.ERROR, "image_python", sentence, REMEDY),)
    return (
        Finding(
            Severity.NOTE,
            "bootstrap",
            f"The pod runs {ordered}. The agent is uploaded to the results repo as a wheel (sha256 "
            f"{pod_wheel().sha256[:16]}…) and installed into its own environment when the pod starts. Nothing "
            "else in the image is changed; its ENTRYPOINT does not run.",
        ),
    )
