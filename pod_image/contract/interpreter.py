"""How a Python of ours is started: the folder that somebody happens to stand in is no place that modules come from.

Standard library alone, and little of it: the command line loads this before anything else.
"""

from __future__ import annotations

import os
import sys

SAFE_PATH_VARIABLE = "PYTHONSAFEPATH"
"""What `-P` says, for those whose command lines other libraries write: torchrun's processes and theirs."""
_OWN_HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 (pathlib is slow)


def module_command(module: str, *arguments: str) -> tuple[str, ...]:
    """This interpreter, running a module. A folder with a `json.py` of its own is not asked for it.

    Not `-I`: that would hide PYTHONPATH as well, and with it this package in the image.
    """
    return (sys.executable, "-P", "-m", module, *arguments)


def program_command(program: str, *arguments: str) -> tuple[str, ...]:
    """This interpreter, running a few lines; the current folder is no place that they import from."""
    return (sys.executable, "-P", "-c", program, *arguments)


def without_current_folder(python_path: str) -> str:
    """A PYTHONPATH without its empty and relative parts: each means whatever folder a program is started in."""
    return os.pathsep.join(part for part in python_path.split(os.pathsep) if os.path.isabs(part))  # noqa: PTH117


def search_path() -> list[str]:
    """Where this process finds modules, without the current folder.

    `python -m` puts that first, and so does an empty part of PYTHONPATH. It stays where the person names it
    whole in PYTHONPATH, and where this package itself lies in it: a checkout.
    """
    try:
        here = os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        here = ""  # the folder is gone; only what is relative would lead to it
    named = without_current_folder(os.environ.get("PYTHONPATH", "")).split(os.pathsep)
    is_meant = here == _OWN_HOME or here in named
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    # Behind the standard library stand the places of installed packages, which may be the current folder too.
    first = sys.path.index(library) if library in sys.path else 1
    return [
        place
        for number, place in enumerate(sys.path)
        if os.path.isabs(place) and (number >= first or place != here or is_meant)  # noqa: PTH117
    ]
