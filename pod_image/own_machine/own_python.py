"""The Python that a run's agent works with on a person's own machine: the one at hand, or one made beside it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from pod_image.contract.hinted_error import HintedError
from pod_image.contract.patient_lock import have_lock
from pod_image.environment_beside import make, pip_command, see_the_image
from pod_image.private_python import (
    AGENT_NEEDS,
    CannotSettle,
    install,
    missing,
    needs_of_recipe,
    pins_in,
    without_keys,
)

PACKAGE = Path(__file__).parent.parent
_PATIENCE_SECONDS = 1_800.0
"""While another run installs the same; the launcher gives a run up earlier that does not come up."""


class CannotPrepare(HintedError):
    """There can be no agent here; `hint` says what to do."""


def read_ours(name: str) -> str:
    """Text of a file of our package. Raises KeyError when it does not exist."""
    try:
        return (PACKAGE / name).read_text("utf-8")
    except OSError:
        raise KeyError(name) from None


def absent_packages(run_document: str) -> list[str]:
    """What the agent and the run's recipe need and this Python does not have, as pip takes it."""
    wanted = {**AGENT_NEEDS, **needs_of_recipe(run_document, read_ours)}
    return missing(wanted, pins_in(read_ours("requirements.txt")))


def agents_python(order: Mapping[str, Any]) -> str:
    """Raises CannotPrepare, and OSError.

    Where the launcher is on another machine (`may_install`), what is missing goes into an environment of its own below
    this user's cache, and stays there for the next run; nothing else of the machine is changed.
    """
    absent = absent_packages(str(order.get("run_json", "")))
    if not absent:
        return sys.executable
    if not order.get("may_install"):
        raise CannotPrepare(
            f"This Python has no {', '.join(absent)}.",
            hint="Install it next to the launcher; the extra pod has everything that training a voice needs.",
        )
    mark = hashlib.sha256("\n".join(sorted(absent)).encode()).hexdigest()[:16]
    home = (
        cache_folder(os.environ) / "python" / f"{sys.version_info[0]}.{sys.version_info[1]}-{mark}"
    )
    python, done = home / "bin" / "python", home / "installed"
    if not done.is_file():
        with _alone(home):
            if not done.is_file():  # by another run, which began at the same time
                _make(home, absent)
                done.touch()
    return str(python)


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Raises RuntimeError for a user without a home."""
    cache = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "pod-launcher"


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """No other run of this user makes it meanwhile: each would begin with removing what the other has. Raises
    CannotPrepare where another takes too long, and OSError."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("w") as lock:
        if not have_lock(lock.fileno(), _PATIENCE_SECONDS):
            raise CannotPrepare(
                f"Another run has been installing the same packages into {home} for too long.",
                hint="See what it does; start this run again after it.",
            )
        yield


def _make(home: Path, absent: list[str]) -> None:
    print("installing " + ", ".join(absent), flush=True)
    shutil.rmtree(home, ignore_errors=True)  # an earlier try may have been cut off
    python = make(home)
    see_the_image(python)  # such as a torch that is here already, in the build that fits the driver
    if pip_command(python) is None and (uv := shutil.which("uv")):
        _install_by(uv, python, absent)
        return
    try:
        install(python, absent, _no_pip)
    except CannotSettle as exc:
        raise CannotPrepare(
            str(exc), hint="See the lines above; the machine needs a network connection."
        ) from exc


def _no_pip() -> NoReturn:
    raise CannotPrepare(
        "The Python of that machine has neither pip nor uv, so that nothing can be installed for the run.",
        hint="Install one of them there, such as python3-pip.",
    )


def _install_by(uv: str, python: Path, absent: list[str]) -> None:
    command = (uv, "pip", "install", "--python", str(python), "--only-binary", ":all:", *absent)
    if subprocess.run(command, env=without_keys()).returncode != 0:
        raise CannotPrepare(
            "uv could not install what the run needs; the lines above say why.",
            hint="See them; the machine needs a network connection.",
        )
