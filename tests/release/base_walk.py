"""What the base install can do, tried from outside: every system, no extra, no key, no network but loopback.

`python -I tests/release/base_walk.py PYTHON`, with the Python of an environment that has the wheel and what it needs.
It takes the standard library alone, and ends with the first thing that does not work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

IMPORT_ALL = """
import importlib, pkgutil, sys
import launcher, pod_image

of_extras, broken = sys.argv[1:], []
for found in pkgutil.walk_packages(launcher.__path__, "launcher.", onerror=lambda name: None):
    if found.name.endswith("__main__"):
        continue
    try:
        importlib.import_module(found.name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in of_extras:
            broken.append(f"{found.name}: {missing}")
for name in sorted(sys.modules):
    if name.partition(".")[0] not in ("launcher", "pod_image"):
        continue
    if unix := {"fcntl", "grp", "pwd", "resource", "termios"} & vars(sys.modules[name]).keys():
        broken.append(f"{name} needs {', '.join(sorted(unix))}, which Windows has not")
print(launcher.__file__)
sys.exit("\\n".join(broken) or 0)
"""
OF_EXTRAS = ("mcp", "numpy", "onnxruntime", "soundfile", "torch")
"""Libraries of extras: a module for one of them may need it to be imported."""
RUNS_PODS = os.name == "posix"
"""The stand-in's pods are the image's own program, which is made for Linux and starts on macOS too."""
LIMIT_SECONDS = 300


def environment(home: Path) -> dict[str, str]:
    """Nothing of this person's keys and settings; no file of the folder where it was started is taken for a module."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("LAUNCHER_", "HF_", "RUNPOD_", "PYTHON"))
    }
    return {**kept, "LAUNCHER_HOME": str(home), "PYTHONUTF8": "1"}


def said(words: list[str], home: Path) -> str:
    """What the program printed. Ends this one, with all that it said, where it failed."""
    done = subprocess.run(
        words,
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LIMIT_SECONDS,
    )
    if done.returncode:
        sys.exit(f"{' '.join(words)}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def must(is_so: bool, what: str, found: Any) -> None:
    if not is_so:
        sys.exit(f"{what}; found: {found}")
    print(f"ok: {what}", flush=True)


def walk(python: Path, home: Path) -> None:
    launcher = str(python.with_name("launcher"))
    version = said([launcher, "--version"], home)
    installed = said(
        [
            str(python),
            "-Ic",
            "from importlib.metadata import version as v; print(v('pod-launcher'))",
        ],
        home,
    )
    must(installed.strip() in version, "--version tells the version that is installed", version)
    must("Try it" in said([launcher, "--help"], home), "--help answers", "")
    imported = said([str(python), "-Ic", IMPORT_ALL, *OF_EXTRAS], home)
    must(
        "site-packages" in imported.splitlines()[0],
        "every module of the base can be imported",
        imported,
    )
    runs = json.loads(said([launcher, "runs", "--json"], home))
    must(runs["runs"] == [], "runs reads an empty history", runs)
    if not RUNS_PODS:
        faults = json.loads(said([launcher, "demo", "--fault", "list", "--json"], home))["faults"]
        must("create-500-but-rents" in faults, "the stand-ins can be loaded", faults)
        return
    lines = said([launcher, "demo", "--headless", "--recipe", "command", "--json"], home)
    end = json.loads(lines.splitlines()[-1])
    must(end["end_reason"] == "finished", "a run of the demo finishes", end)
    must(end["pods_left"] == 0, "no pod is left of it", end)


def main(words: list[str]) -> None:
    (python,) = words
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        # Not resolved: in an environment the interpreter is a link, and where it leads nothing is installed.
        walk(Path.cwd() / python, Path(home))


if __name__ == "__main__":
    main(sys.argv[1:])
