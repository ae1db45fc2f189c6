"""A Python environment beside an image's own packages, and a pip that installs into it: nothing of theirs is changed.

`environment_beside.py FOLDER WORD...` makes one that sees the image's packages after its own, and runs `pip install`
with the words. It is started by its path with the image's interpreter, which has nothing of ours: standard library
alone, and no module of this package.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

OLDEST_PIP = (22, 3)
"""The first that installs into another Python's environment."""
PIPS_BESIDE_PYTHON = (
    str(Path(os.__file__).parent / "ensurepip/_bundled"),
    "/usr/share/python-wheels",
)
"""Where an interpreter keeps a pip that is not installed."""
NO_PIP, NO_ENVIRONMENT = 3, 4
_VERSION_OF_PIP = "import pip; print(pip.__version__)"


class NoEnvironment(Exception):
    """None could be made; `remedy` is what to do about it."""

    remedy = "Use another image: its Python does not work as usual."


def main(folder: str, *words: str) -> int:
    try:
        python = make(Path(folder))
    except NoEnvironment as exc:
        print(exc, flush=True)
        return NO_ENVIRONMENT
    see_the_image(python)
    pip = pip_command(python)
    if pip is None:
        print("The image's Python has no pip.", flush=True)
        return NO_PIP
    return subprocess.run([*pip, "install", *words]).returncode


def make(folder: Path) -> Path:
    """Its interpreter; without pip, and without the module venv, which not every Python brings.

    Raises NoEnvironment.
    """
    base = _base()
    python = folder / "bin" / "python"
    site_packages(folder).mkdir(parents=True, exist_ok=True)
    python.parent.mkdir(exist_ok=True)
    lines = (f"home = {base.parent}", "include-system-site-packages = false")
    (folder / "pyvenv.cfg").write_text("".join(f"{line}\n" for line in lines))
    for name in (python, folder / "bin" / "python3"):
        name.unlink(missing_ok=True)
        name.symlink_to(base)
    asked = [str(python), "-I", "-c", "import sys; sys.exit(sys.prefix == sys.base_prefix)"]
    if subprocess.run(asked).returncode != 0:
        raise NoEnvironment(f"No environment could be made beside {base}.")
    return python


def site_packages(folder: Path) -> Path:
    where = {"base": str(folder), "platbase": str(folder)}
    return Path(sysconfig.get_path("purelib", "venv", where))


def see_the_image(python: Path) -> None:
    """Let the environment find what this interpreter finds, after its own."""
    library = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    theirs = [
        path
        for path in sys.path
        if Path(path).is_absolute()
        and Path(path).is_dir()
        and path not in library
        and not path.endswith("lib-dynload")
    ]
    lines = ["import site", *(f"site.addsitedir({path!r})" for path in theirs)]
    (site_packages(python.parent.parent) / "image.pth").write_text("; ".join(lines) + "\n")


def pip_command(python: Path, wheels: Sequence[Path] = ()) -> list[str] | None:
    """pip for that interpreter: of this one, of the one that it was made from, or a wheel that nobody installed."""
    own, base = Path(sys.executable), _base()
    for each in dict.fromkeys((str(own), str(base))):
        if _pip_of(each) >= OLDEST_PIP:
            return [each, "-P", "-m", "pip", "--python", str(python)]
    wheel = next(iter([*_beside(), *wheels]), None)
    return None if wheel is None else [str(python), "-P", f"{wheel}/pip"]


def _base() -> Path:
    return Path(getattr(sys, "_base_executable", "") or sys.executable).absolute()


def _pip_of(python: str) -> tuple[int, ...]:
    asked = [python, "-P", "-c", _VERSION_OF_PIP]
    said = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    parts = said.stdout.strip().split(".")[:2]
    return tuple(int(part) for part in parts if part.isdigit())


def _beside() -> Iterator[Path]:
    # The agent's folder: what was sent along for the agent does for the command too.
    for folder in (*PIPS_BESIDE_PYTHON, os.environ.get("LAUNCHER_FOLDER", "")):
        if folder:
            yield from sorted(Path(folder).glob("pip-*.whl"), reverse=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
