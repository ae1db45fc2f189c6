"""What the launcher keeps on this machine can be read by its owner alone: folders 0700, files 0600."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from launcher.config import Config, is_private, private_files
from launcher.presets import save_preset
from launcher.services.common.intents import run_lock
from launcher.services.common.observations import RunEnded
from launcher.services.common.workbench import open_workbench
from launcher.services.following.delivered_files import download_results
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.live.journal import Journal
from launcher.stores.secrets import Keys
from launcher.ui.state.preferences import Preferences, write_preferences
from launcher.workshop.table import Line, write_lines
from pod_image.contract.events import from_line
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


def readable_by_others(folder: Path) -> list[str]:
    """What a copy of the folder would show to others; the folder itself included."""
    found = [folder, *folder.rglob("*")]
    bad = [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]
    return [f"{path.relative_to(folder)} {stat.S_IMODE(path.stat().st_mode):o}" for path in bad]


@in_virtual_time
async def test_a_run_leaves_nothing_that_others_could_read(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    seen = [each async for each in watch(harness.bench, run)]
    assert isinstance(seen[-1], RunEnded)
    got = await download_results(harness.bench, seen[-1].run)
    with run_lock(harness.bench, run.results_repo, "run-02"):
        event = from_line(harness.script.said[0])
        assert event is not None
        Journal(harness.config.data_folder / "events").write(run, event)
        found = readable_by_others(harness.config.data_folder)
    names = {path.name for path in harness.config.data_folder.rglob("*")}
    assert {"runs.sqlite", "runs.sqlite-wal", "voice.onnx", "events.jsonl"} <= names
    assert len(got.files) == 3
    assert found == []


def test_presets_preferences_and_tables_are_the_owners_alone(tmp_path: Path) -> None:
    config = Config(tmp_path / "config", tmp_path / "data")
    config.make_folders()
    save_preset(config, "mine", {"epochs": 3})
    write_preferences(config.preferences_path, Preferences())
    assert readable_by_others(config.config_folder) == []
    kept = config.datasets_folder / "mine"
    kept.mkdir(mode=0o700, parents=True)
    config.datasets_folder.chmod(0o700)
    write_lines(kept, [Line("a.wav", "Hello.", "")])
    assert readable_by_others(config.data_folder) == []


async def test_the_folders_are_closed_when_a_workbench_opens(tmp_path: Path) -> None:
    config = Config(tmp_path / "config", tmp_path / "data")
    config.data_folder.mkdir(mode=0o755)
    async with open_workbench(config, Keys()):
        for folder in (config.config_folder, config.data_folder):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_elsewhere_the_persons_own_habits_hold(tmp_path: Path) -> None:
    private, shared = tmp_path / "private", Path(tmp_path.anchor) / "tmp"
    private.mkdir(mode=0o700)
    assert is_private(private / "not" / "yet" / "there")
    assert not is_private(shared)
    with private_files(private / "voices"):
        (private / "voices").mkdir()
        (private / "voices" / "a.onnx").touch()
    assert readable_by_others(private) == []
    with private_files(shared):
        (private / "b.onnx").touch()
    assert stat.S_IMODE((private / "b.onnx").stat().st_mode) != 0o600


def test_blocks_of_several_threads_that_overlap_keep_their_files_private_and_give_the_habits_back(
    tmp_path: Path,
) -> None:
    usual = os.umask(0o022)
    try:
        first, second = private_files(tmp_path), private_files(tmp_path)
        tmp_path.chmod(0o700)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        (tmp_path / "of the second").touch()
        second.__exit__(None, None, None)
        assert readable_by_others(tmp_path) == []
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(usual)


def test_the_form_writes_for_its_owner_alone() -> None:
    script = (
        "import os; from launcher.door.server import harden_process; harden_process(); "
        "print(f'{os.umask(0):o}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "77"
