"""What commands print of a simulated world with runs in it, as pictures of a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.browser.terminal import draw_printed, own_home
from tests.kit.checkout import ROOT
from tests.kit.processes import demo_in_background

STILLS: Mapping[str, tuple[str, ...]] = {
    "offers.png": ("offers", "--preset", "quick-check", "--dataset-repo", "demo/clips"),
    "top.png": ("top", "--once"),
}
"""The command of each picture."""
RUNS = {"anna-01": "RTX 4090", "anna-02": "RTX A5000", "bell-01": "L4"}
"""What lives meanwhile, and on which GPU."""
ENDS_WITHIN_SECONDS = 30.0
_STEPS = """
import json, time
for step in range(1, 2001):
    print(json.dumps({"step": step, "total_steps": 2000, "loss": 2.0 / step ** 0.2}), flush=True)
    time.sleep(0.05)
"""


def draw_stills(folder: Path, files: list[str]) -> None:
    """Write these of the pictures, by one world for all."""
    with own_home() as home, _emulators(home) as world:
        if "top.png" in files:
            for run_id, gpu in RUNS.items():
                _start(world, run_id, gpu)
        for file in files:
            draw_printed(folder / file, STILLS[file], world)


@contextmanager
def _emulators(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The environment that its simulated services ask for."""
    home, words = Path(environment["LAUNCHER_HOME"]), ("--emulators", "--no-browser", "--json")
    with demo_in_background(home, *words) as process:
        assert process.stdout is not None
        told: dict[str, str] = json.loads(process.stdout.readline())["env"]
        try:
            yield {**environment, **told}
        finally:
            process.terminate()  # its pods end with it; by force it is ended where it does not
            process.wait(ENDS_WITHIN_SECONDS)


def _start(world: Mapping[str, str], run_id: str, gpu: str) -> None:
    words = [sys.executable, "-P", "-m", "launcher", "deploy", "--detach", "--yes", "--json"]
    words += ["--recipe", "command", "--run-id", run_id, "--results-repo", "demo/results"]
    words += ["--gpu-types", gpu, "--", "python", "-c", _STEPS]
    made = subprocess.run(
        words, env=dict(world), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(made.stdout.splitlines()[-1])
