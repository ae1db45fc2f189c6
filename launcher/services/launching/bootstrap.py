"""Runs without an image of ours: our wheel in the results repo, and a start command that fetches it."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path

from launcher.domain.plan import Plan
from launcher.providers.place import Place
from launcher.services.common.images import BOOTSTRAP, image_of, is_bootstrap
from launcher.services.common.workbench import Workbench
from launcher.services.launching.pod_wheel import PACKAGE, pod_wheel
from pod_image.contract.findings import Finding, Severity

FOLDER_VARIABLE = "LAUNCHER_FOLDER"
RUN_FOLDER = "launcher"
"""Below the image's working folder, whichever that is: start command and exec both begin there."""


def wheel_path() -> str:
    """Where the wheel is in a results repo: a folder per content, so that runs of two releases do not meet."""
    wheel = pod_wheel()
    return f"_{BOOTSTRAP}/{wheel.sha256[:16]}/{wheel.file_name}"


def start_command(bench: Workbench, plan: Plan) -> tuple[str, ...]:
    """Words of the start command; empty for an image whose entry point is the agent."""
    if not is_bootstrap(plan.settings.image):
        return ()
    url = f"{bench.config.hub_url}/{plan.settings.results_repo}/resolve/main/{wheel_path()}"
    return ("python", "-c", program_of_the_pod(), url, pod_wheel().sha256)


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
        files: dict[str, Path | bytes] = {wheel_path(): pod_wheel().content}
        message = "The program of pods without an image of their own"
        await bench.results(plan.settings.results_repo).put(files, message)


def findings_on_image(image: str, place: Place) -> tuple[Finding, ...]:
    """What a plan says of it."""
    if not is_bootstrap(image):
        return ()
    return (
        Finding(
            Severity.NOTE,
            "bootstrap",
            f"The pod runs {image_of(image, place)}. The agent goes as a wheel to the results repo "
            f"(sha256 {pod_wheel().sha256[:16]}…), and is installed when the pod starts.",
        ),
    )
