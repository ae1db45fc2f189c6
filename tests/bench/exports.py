"""Have other engines read what is exported for them: `python -m tests.bench.exports [--json]`, or `make exports`.

Installs each engine into a throw-away environment, which takes a network and some minutes. Nothing is started.
"""

from __future__ import annotations

import argparse
import json
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
import sys, yaml, sky
document = yaml.safe_load(open(sys.argv[1]))
secrets = [(name, "given by --secret") for name in document["secrets"]]
task = sky.Task.from_yaml_config(document, secrets_overrides=secrets)
(resources,) = task.resources
assert task.run and resources.accelerators and resources.image_id, task
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
            [str(python), "-P", "-c", program, str(file)], capture_output=True, text=True
        )
    if done.returncode:
        return f"not read: {done.stderr.strip()[-2_000:]}"
    return f"read by {name} {done.stdout.strip().splitlines()[-1]}"


def _environment(folder: Path, package: str) -> Path | str:
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    done = subprocess.run(
        [str(python), "-m", "pip", "install", "-q", package], capture_output=True, text=True
    )
    return f"not installed: {done.stderr.strip()[-500:]}" if done.returncode else python


if __name__ == "__main__":
    sys.exit(main())
