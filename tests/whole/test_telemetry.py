"""What is installed beside us reports nothing behind a person's back, whichever of the two packages is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("package", ["launcher", "pod_image"])
def test_the_runtime_that_speaks_is_told_to_report_nothing(package: str) -> None:
    program = f"import os, {package}; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    without = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    said = subprocess.check_output([sys.executable, "-c", program], text=True, env=without)
    assert said.strip() == "1"


def test_a_person_who_wants_to_report_still_can() -> None:
    program = "import os, launcher; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    chosen = {**os.environ, "ORT_DISABLE_TELEMETRY": "0"}
    said = subprocess.check_output([sys.executable, "-c", program], text=True, env=chosen)
    assert said.strip() == "0"
