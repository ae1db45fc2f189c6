"""Have other engines read what is exported for them: `python -m tests.bench.exports [--json]`, or `make exports`.

Installs each engine into a throw-away environment, which takes a network and about a minute. Nothing is started, and
nothing of the person's own is read or written.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

from launcher.services.exporting import dstack, skypilot
from launcher.services.exporting.task import exported_task
from pod_image.contract.settings import RunSettings

_READ_BY_SKYPILOT = """
import csv, os, sys, yaml, sky
from sky.catalog import common

def catalogue(name, *rows):
    path = common.get_catalog_path(f"common/{name}.csv")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(rows)

# Of the GPUs that there are it reads only these, so that no price list is fetched.
catalogue("accelerators", ("AcceleratorName", "Clouds"), ("T4", "['AWS']"), ("L4", "['RunPod']"))
memory = (("P4", "NVIDIA", 8), ("T4", "NVIDIA", 16), ("L4", "NVIDIA", 24))
catalogue("metadata", ("GPU", "Manufacturer", "MemoryGB"), *memory)
text = open(sys.argv[1]).read()
document = yaml.safe_load(text)
secrets = [(name, "given by --secret") for name in document["secrets"]]
task = sky.Task.from_yaml_config(yaml.safe_load(text), secrets_overrides=secrets)
assert task.run and "LAUNCHER_RUN" in task.envs and set(task.secrets) == set(document["secrets"]), task
assert sorted(name for each in task.resources for name in each.accelerators) == ["L4", "T4"], task
for each in task.resources:
    assert list(each.image_id.values()) == [document["resources"]["image_id"]], each
    ends = each.autostop_config
    assert ends.enabled and ends.down and ends.idle_minutes == 1 and not each.use_spot, each
print(sky.__version__)
"""
_READ_BY_DSTACK = """
import sys, yaml, dstack.version
from dstack._internal.core.models.configurations import parse_apply_configuration
task = parse_apply_configuration(yaml.safe_load(open(sys.argv[1])))
assert task.type == "task" and task.image and task.max_duration == 7200 and task.idle_duration == 0, task
print(dstack.version.__version__)
"""
ENGINES = {"skypilot": (skypilot, _READ_BY_SKYPILOT), "dstack": (dstack, _READ_BY_DSTACK)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.exports", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("engines", nargs="*", choices=[[], *ENGINES], default=[])
    given = parser.parse_args(arguments)
    said = {name: read_by(name) for name in given.engines or ENGINES}
    print(json.dumps(said) if given.json else "\n".join(f"{k}: {v}" for k, v in said.items()))
    return 0 if all(each.startswith("read by") for each in said.values()) else 1


def read_by(name: str) -> str:
    """Which version read the file, or why none did."""
    engine, program = ENGINES[name]
    settings = RunSettings(
        recipe="command", argv=("true",), results_repo="me/voice", dataset_repo="me/clips", max_hours=2.0
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="exports-") as folder:
        file = Path(folder) / "task.yaml"
        file.write_text(engine.to_yaml(exported_task(settings, "exported-01")), "utf-8")
        python = _environment(Path(folder) / "environment", name)
        if isinstance(python, str):
            return python
        done = subprocess.run(
            [str(python), "-P", "-c", program, str(file)],
            capture_output=True,
            text=True,
            env={**os.environ, "HOME": folder, "USERPROFILE": folder},
        )
    if done.returncode:
        return f"not read: {done.stderr.strip()[-2_000:]}"
    return f"read by {name} {done.stdout.strip().splitlines()[-1]}"


def _environment(folder: Path, package: str) -> Path | str:
    """By uv, which finds versions that fit in seconds; pip did not for SkyPilot's fifty in half an hour."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    into = ("--python", str(python))
    for command in (("pip", "install", "-q", "uv"), ("uv", "pip", "install", "-q", *into, package)):
        done = subprocess.run([str(python), "-m", *command], capture_output=True, text=True)
        if done.returncode:
            return f"not installed: {done.stderr.strip()[-500:]}"
    return python


if __name__ == "__main__":
    sys.exit(main())
