"""The examples of docs/http.md, run as they stand there: by a shell and curl, against a server on a real socket."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.checkout import ROOT
from tests.kit.virtual_time import in_patient_time
from tests.serve.harness import SOUND, TOKEN, on_a_socket, served

EXAMPLES = re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "http.md").read_text("utf-8"), re.S)
AS_DOCUMENTED = "http://127.0.0.1:8420"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@in_patient_time
async def test_every_example_of_the_guide_works_as_it_stands_there(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    async with served(tmp_path) as site:
        site.harness.script.ends_after = None
        said = []
        async with on_a_socket(site, asyncio.get_running_loop().time) as origin:
            for example in EXAMPLES:
                said.append(await asyncio.to_thread(_run, example, origin, folder))
                await asyncio.sleep(60)
    system, plan, deployed, stopped, told, made = said
    assert json.loads(system)["token_id"] == site.ground.token.id
    assert re.search(r"^\d+\.\d+ [0-9a-f]{64}$", plan.strip())
    assert deployed.startswith("run-01 launching ")
    assert json.loads(stopped)["command"] == "stop"
    assert "event: armed" in told
    assert "event: over" in told
    assert "printed at step 3" in told
    assert json.loads(made)["samples"][0]["step"] == 3
    assert (folder / "sample.wav").read_bytes() == SOUND
    assert (folder / "launcher-token").stat().st_mode & 0o077 == 0


def _run(example: str, origin: str, folder: Path) -> str:
    """What the example prints. `launcher serve token` is answered by the shell itself."""
    script = f"launcher() {{ echo {TOKEN}; }}\n{example.replace(AS_DOCUMENTED, origin)}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout
    return done.stdout
