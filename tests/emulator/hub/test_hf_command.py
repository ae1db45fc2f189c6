"""The `hf` command line, as people use it, against the emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HF = Path(sys.executable).with_name("hf")


@pytest.fixture
def hf(emulator, tmp_path):
    """Runs `hf` with the write token in its environment and returns what it printed."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": emulator.url,
        "HF_TOKEN": emulator.tokens["write"],
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "NO_COLOR": "1",
    }
    environment.pop("HF_HUB_DISABLE_IMPLICIT_TOKEN", None)

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(HF), *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_people_sign_in_upload_look_and_download_with_hf(emulator, hf, tmp_path):
    (tmp_path / "voice.onnx").write_bytes(bytes(range(256)) * 1000)
    assert "demo" in hf("auth", "whoami")
    hf("repos", "create", "demo/voice", "--private")
    assert "demo/voice" in hf(
        "upload", "demo/voice", str(tmp_path / "voice.onnx"), "run-01/voice.onnx"
    )
    assert (emulator.core.root / "models/demo/voice/run-01/voice.onnx").is_file()
    hf("download", "demo/voice", "run-01/voice.onnx", "--local-dir", str(tmp_path / "back"))
    assert (tmp_path / "back/run-01/voice.onnx").read_bytes() == bytes(range(256)) * 1000
