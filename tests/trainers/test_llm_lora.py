"""What trl made on a pod is loaded and merged on another computer, by the lines of the page."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

from huggingface_hub import snapshot_download

from pod_image.recipes.command.recipe import ENVIRONMENT
from tests.kit.checkout import ROOT
from tests.kit.hub_access import hub_of
from tests.kit.language_model_pods import language_model_clouds, put_repos, rent

PAGE = ROOT / "docs" / "trainers" / "llm-lora.md"


def test_an_adapter_is_loaded_and_merged_by_the_lines_of_the_page(tmp_path: Path) -> None:
    with language_model_clouds(tmp_path, tmp_path / "image") as clouds:
        token = clouds.hub.tokens["write"]
        api = hub_of(clouds.hub).api
        rent(clouds, put_repos(api, clouds.root / "base"))
        clouds.until_gone()
        elsewhere = tmp_path / "elsewhere"
        snapshot_download(
            "demo/results",
            endpoint=clouds.hub.url,
            token=token,
            local_dir=elsewhere / "my-adapter",
            allow_patterns="run-01/files/**",
        )
        (lines,) = PAGE.read_text("utf-8").split("```python\n")[1:]
        python = clouds.disk / "prepared" / ENVIRONMENT / "bin" / "python"
        done = subprocess.run(
            [python, "-c", lines.split("```")[0]],
            cwd=elsewhere,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(elsewhere),
                "PYTHONPATH": sysconfig.get_path("purelib"),
                "HF_ENDPOINT": clouds.hub.url,
                "HF_TOKEN": token,
            },
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert "The quick brown" in done.stdout
    assert (elsewhere / "merged" / "model.safetensors").is_file()
    assert not (elsewhere / "merged" / "adapter_config.json").exists()
