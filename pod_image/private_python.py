"""The agent's own Python in an image of somebody else's: an environment apart, so that nothing of theirs is changed.

Imported from our wheel by the image's own interpreter, before anything of ours is installed: standard library alone.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import re
import shlex
import subprocess
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from pod_image.contract.places import PLACES
from pod_image.contract.secret_names import COMMAND_SECRET_PREFIX, SECRET_VARIABLES
from pod_image.environment_beside import make, pip_command, see_the_image

AGENT_NEEDS = {
    "httpx": ("0.28", "1"),
    "huggingface-hub": ("2.2", "3"),
    "pydantic": ("2.10", "3"),
    "tenacity": ("9.1", "10"),
}
"""What does from these versions on, and no longer from those; it is installed at the image's pin."""
_ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_CONSTRAINT")
"""What an image says of its own installations: another place, and versions that are not ours."""
TRAINER = "trainer"

Say = Callable[[str], None]


class CannotSettle(Exception):
    """There can be no agent here; the text is for the person."""

    remedy = "Its log says more. Another image may work."


def settle(
    home: Path, wheel: Path, run_document: str, carried_pip: Callable[[], Path], say: Say
) -> None:
    """Make `home/python` and what runs in it, from our wheel and the package index. Raises CannotSettle and OSError.

    `carried_pip` brings a wheel of pip, for an image that has none.
    """
    content = wheel.read_bytes()
    python = make(home / "python")
    wanted = needs(run_document, content)
    own = {name: span for name, span in wanted.items() if name in AGENT_NEEDS}
    recipes = {name: span for name, span in wanted.items() if name not in own}
    if recipes:
        see_the_image(python)  # such as its torch: gigabytes, in the build that fits its driver
    packages = [*pinned(own, pins(content)), *missing(recipes, pins(content))]
    say("installing " + ", ".join(packages))
    install(python, [str(wheel), *packages], carried_pip)
    write_control(home, python)
    make_trainer()


def install(python: Path, words: Sequence[str], carried_pip: Callable[[], Path]) -> None:
    """Wheels alone, and without the keys: installing runs nobody's code, and could not read them if it did."""
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]
    # Compiled when it is first imported: most of it never is.
    options += ["--no-compile", "--only-binary=:all:"]
    pip = pip_command(python) or pip_command(python, [carried_pip()])
    assert pip is not None
    command = [*pip, "install", *options, *words]
    environment = {**without_keys(), "PIP_ROOT_USER_ACTION": "ignore"}
    if subprocess.run(command, env=environment).returncode != 0:
        raise CannotSettle("pip could not install what the agent needs; the lines above say why.")


def without_keys() -> dict[str, str]:
    """What pip runs with here: no key, and nothing that sends it elsewhere or shows it what the image has."""
    left_out = {*SECRET_VARIABLES, *_ELSEWHERE}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in left_out and not name.startswith(("PYTHON", COMMAND_SECRET_PREFIX))
    }


def needs(run_document: str, wheel: bytes) -> dict[str, tuple[str, str]]:
    """What the agent needs, and what the run's recipe says in the wheel that it needs; most bring their own."""
    return {**AGENT_NEEDS, **needs_of_recipe(run_document, partial(in_wheel, wheel))}


def needs_of_recipe(run_document: str, read: Callable[[str], str]) -> dict[str, tuple[str, str]]:
    """By the files of our package, of which `read` gives the text, or raises KeyError.

    A setting that is on may need more: `packages-<setting>.txt`; and so may a value: `packages-<setting>-<value>.txt`.
    """
    text = ""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        settings = json.loads(run_document)["settings"]
        folder = settings["recipe"].replace("-", "_")
        ons = [f"-{name}" for name, value in settings.items() if value and value != "off"]
        for more in ("", *ons, *(f"-{name}-{value}" for name, value in settings.items())):
            with suppress(KeyError):
                text += read(f"recipes/{folder}/packages{more}.txt") + "\n"
    spans = (re.fullmatch(r"([\w.-]+)>=([\w.]+),<([\w.]+)", line) for line in lines_of(text))
    return {span[1]: (span[2], span[3]) for span in spans if span}


def pins(wheel: bytes) -> dict[str, str]:
    """The image's own versions, which the wheel carries."""
    return pins_in(in_wheel(wheel, "requirements.txt"))


def pins_in(requirements: str) -> dict[str, str]:
    return dict(line.split("==") for line in lines_of(requirements))


def in_wheel(wheel: bytes, name: str) -> str:
    """Text of a file of our package. Raises KeyError when it does not exist."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        return archive.read(f"pod_image/{name}").decode()


def lines_of(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def pinned(wanted: Mapping[str, tuple[str, str]], pins: Mapping[str, str]) -> list[str]:
    """As pip takes them: at the image's version, or within its span without one."""
    return [
        f"{name}=={pins[name]}" if name in pins else f"{name}>={span[0]},<{span[1]}"
        for name, span in wanted.items()
    ]


def missing(wanted: Mapping[str, tuple[str, str]], pins: Mapping[str, str]) -> list[str]:
    """Those of them that the image does not have in a version that does."""
    absent = {name: span for name, span in wanted.items() if not is_there(name, span)}
    return pinned(absent, pins)


def is_there(name: str, span: tuple[str, str]) -> bool:
    try:
        found = numbers(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False
    return numbers(span[0]) <= found < numbers(span[1])


def numbers(version: str) -> tuple[int, ...]:
    """2.13.0+cu130 as (2, 13, 0)."""
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def write_control(home: Path, python: Path) -> None:
    """What `exec` runs: the agent's Python is on nobody's path."""
    words = shlex.join([str(python), "-I", "-m", "pod_image.control"])
    program = home / "control"
    program.write_text(f'#!/bin/sh\nLAUNCHER_FOLDER={shlex.quote(str(home))} exec {words} "$@"\n')
    program.chmod(0o755)


def make_trainer() -> None:
    """The user that training runs as, apart from the agent's keys. Where the cloud is a stand-in on somebody's own
    computer, no user is made."""
    has_stand_in = any(each.url and os.environ.get(each.url) for each in PLACES.values())
    if has_stand_in or os.geteuid() != 0:
        return
    command = ["useradd", "--create-home", "--shell", "/usr/sbin/nologin", TRAINER]
    try:
        subprocess.run(command, stderr=subprocess.DEVNULL)
    except OSError:  # a small image has no such program
        add_user(Path("/etc"), TRAINER)


def add_user(etc: Path, name: str) -> None:
    """As `useradd` does, into the two files that say who there is."""
    lines = (etc / "passwd").read_text().splitlines()
    taken = {
        int(line.split(":")[2])
        for line in lines
        if line.split(":")[2:3] and line.split(":")[2].isdigit()
    }
    if any(line.startswith(f"{name}:") for line in lines):
        return
    number = next(one for one in range(1_000, 60_000) if one not in taken)
    with (etc / "group").open("a") as file:
        file.write(f"{name}:x:{number}:\n")
    with (etc / "passwd").open("a") as file:
        file.write(f"{name}:x:{number}:{number}::/tmp:/usr/sbin/nologin\n")
