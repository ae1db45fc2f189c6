"""`launcher demo --image bootstrap`: a run with real processes whose image knows nothing of us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from launcher.providers.runpod.place import PYTORCH_IMAGE
from launcher.services.launching.pod_wheel import pod_wheel
from tests.cli.conftest import Shell


def test_a_pod_without_an_image_of_ours_becomes_the_agent_and_ends_itself(tmp_path: Path) -> None:
    words = ["demo", "--headless", "--recipe", "command", "--image", "bootstrap"]
    done = subprocess.run(
        [sys.executable, "-m", "launcher.cli.app", *words, "--out", str(tmp_path / "o"), "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "LAUNCHER_HOME": str(tmp_path / "home")},
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert (outcome["end_reason"], outcome["pods_left"]) == ("finished", 0)
    delivered = {path.name for path in (tmp_path / "o").rglob("*") if path.is_file()}
    assert "hello.txt" in delivered


def test_a_plan_names_the_image_and_the_wheel_that_would_be_used(shell: Shell) -> None:
    words = ("--recipe", "command", "--results-repo", "demo/voices", "--image", "bootstrap")
    said = shell("plan", *words, "--json", "--", "true")
    create = said.json["requests"][-1]["json"]
    assert create["image"] == PYTORCH_IMAGE
    assert pod_wheel().sha256 in create["cmd"]
    assert "args" not in create
    notes = " ".join(finding["message"] for finding in said.json["remarks"])
    assert PYTORCH_IMAGE in notes
    assert shell.rented == 0
