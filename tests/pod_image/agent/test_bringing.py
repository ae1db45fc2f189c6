"""What a run brings along: put in its place before anything runs, held to the plan, refused where it is another."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launcher.domain.brought import Brought
from pod_image.agent.bringing import place
from pod_image.agent.ports import RunHub
from pod_image.contract.brought import BroughtFile, BroughtList, files_folder, list_path
from pod_image.contract.environment import RunDocument
from pod_image.contract.outcomes import EndReason
from tests.kit.brought_files import brought, in_repo
from tests.kit.clouds import CLIPS_REPO, HUB_URL, RESULTS_REPO, WRITE_TOKEN
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage

COMMAND: dict[str, Any] = {
    "recipe": "command",
    "argv": ["train"],
    "dataset_repo": "",
    "pip": ["trl"],
    "checkpoint": ["out/checkpoint-*"],
}
FILES = brought(
    {"train.py": b"print(1)\n", "lib/run.sh": b"#!/bin/sh\n"}, executable=("lib/run.sh",)
)


class Seen:
    """What each stage finds in its folder; it then does as told."""

    def __init__(self, spoil: bool = False) -> None:
        self.stages: list[dict[str, tuple[bytes, bool]]] = []
        self.spoil = spoil

    async def __call__(self, stage: ScriptedStage) -> int:
        work = stage.spec.folder / "prepared"
        self.stages.append(
            {
                path.relative_to(work).as_posix(): (path.read_bytes(), is_executable(path))
                for path in work.rglob("*")
                if path.is_file()
            }
        )
        if self.spoil:
            (work / "train.py").write_bytes(b"another\n")
        return 0


def is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IXUSR)


def put(harness: AgentHarness, files: dict[str, Path | bytes]) -> None:
    hub = harness.hub_of(RunHub(HUB_URL, CLIPS_REPO, RESULTS_REPO, WRITE_TOKEN, WRITE_TOKEN))
    hub.check()
    if files:
        hub.publish(files, "brought")


def document(harness: AgentHarness, files: Brought = FILES, **changes: Any) -> RunDocument:
    made = harness.document(**{**COMMAND, **changes})
    return made.model_copy(update={"brought_sha256": files.sha256})


async def lived(
    harness: AgentHarness, there: dict[str, Path | bytes], files: Brought = FILES
) -> None:
    harness.rent(document(harness, files))
    put(harness, there)
    await harness.until_gone()


@in_virtual_time
async def test_files_lie_in_the_commands_folder_before_any_stage_and_keep_their_bit(
    tmp_path: Path,
) -> None:
    seen = Seen(spoil=True)
    harness = AgentHarness(tmp_path, seen)
    await lived(harness, in_repo(FILES))
    assert harness.ended["reason"] == EndReason.FINISHED
    packages, command = seen.stages
    assert packages == {"train.py": (b"print(1)\n", False), "lib/run.sh": (b"#!/bin/sh\n", True)}
    assert command["train.py"] == (b"another\n", False), "a stage's own change stays for the next"
    assert harness.record().brought_sha256 == FILES.sha256


def tampered() -> dict[str, dict[str, Path | bytes]]:
    start = files_folder(FILES.sha256)
    whole = in_repo(FILES)
    outside = BroughtList.of(
        [BroughtFile(path="../train.py", size_bytes=1, sha256=hashlib.sha256(b"x").hexdigest())]
    )
    return {
        "of the same size": {**whole, f"{start}/train.py": b"print(2)\n"},
        "longer": {**whole, f"{start}/train.py": b"print(1)\nprint(2)\n"},
        "gone": {path: each for path, each in whole.items() if not path.endswith("train.py")},
        "one more": {**whole, f"{start}/sitecustomize.py": b"import os\n"},
        "the list": {**whole, list_path(FILES.sha256): outside.to_json()},
        "all gone": {},
    }


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("of the same size", "train.py, sent with the run, is not the file in the plan"),
        ("longer", "train.py, sent with the run, is not the file in the plan"),
        ("gone", "train.py, sent with the run, is missing from the results repo"),
        ("one more", "contains sitecustomize.py, which is not in the plan"),
        ("the list", "The list of files sent with the run differs from the plan"),
        ("all gone", "The list of files sent with the run is missing"),
    ],
)
@in_virtual_time
async def test_what_is_not_the_plans_is_refused_nothing_runs_and_the_pod_goes(
    tmp_path: Path, what: str, says: str
) -> None:
    seen = Seen()
    harness = AgentHarness(tmp_path, seen)
    await lived(harness, tampered()[what])
    assert seen.stages == []
    assert harness.ended["reason"] == EndReason.FAILED
    assert says in harness.ended["detail"]
    assert "Delete it there and start the run again" in harness.ended["hint"]


@in_virtual_time
async def test_a_list_that_leads_out_of_the_folder_is_refused_though_the_plan_sent_it(
    tmp_path: Path,
) -> None:
    seen = Seen()
    harness = AgentHarness(tmp_path, seen)
    outside = brought({"lib/../../out/run.json": b"x"})
    await lived(harness, {list_path(outside.sha256): outside.listed.to_json()}, outside)
    assert (seen.stages, harness.ended["reason"]) == ([], EndReason.FAILED)
    assert "outside the command's folder" in harness.ended["detail"]


@in_virtual_time
async def test_they_come_again_into_a_second_pod_and_at_a_restart(tmp_path: Path) -> None:
    """A restart finds them on its disk, where the command has changed one: it is as brought again."""
    found: list[bytes] = []

    async def script(stage: ScriptedStage) -> int:
        work = stage.spec.folder / "prepared"
        found.append((work / "train.py").read_bytes())
        (work / "train.py").write_bytes(b"another\n")
        checkpoint = stage.out / "checkpoints" / f"step-{len(found):08}"
        checkpoint.mkdir(parents=True, exist_ok=True)
        (checkpoint / "state").write_bytes(b"1")
        at = f"checkpoints/{checkpoint.name}"
        stage.emit("checkpoint", step=len(found), path=at, size_bytes=1)
        if len(found) < 3:
            await stage.commands.get()
        return 0

    harness = AgentHarness(tmp_path, script)
    first = harness.rent(document(harness, pip=[]))
    put(harness, in_repo(FILES))
    await until(harness, lambda: any("checkpoints/" in path for path in harness.results()))
    harness.containers[-1].kill()
    await until(harness, lambda: len(found) == 2)
    harness.world.kill_host(first)
    harness.rent(document(harness, pip=[], attempt=2, nonce="nonce2", resume=True))
    await harness.until_gone()
    assert found == [b"print(1)\n"] * 3


async def until(harness: AgentHarness, holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        await harness.clock.sleep(1.0)
    raise AssertionError("it did not come to that")


def test_no_link_that_the_command_left_is_followed(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "prepared"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    folder.mkdir()
    source = tmp_path / "source"
    source.write_bytes(b"brought")
    (folder / "lib").symlink_to(outside)
    (folder / "train.py").symlink_to(outside / "kept.txt")
    (folder / ".brought.unfinished").symlink_to(outside / "kept.txt")
    (folder / "a").mkdir()
    (folder / "a" / "b").write_text("where a file is to be")
    place(source, folder, "lib/x.py", is_executable=False)
    place(source, folder, "train.py", is_executable=True)
    place(source, folder, "a", is_executable=False)
    assert [path.name for path in outside.iterdir()] == ["kept.txt"]
    assert (outside / "kept.txt").read_text() == "kept"
    assert not (folder / "lib").is_symlink()
    assert [(folder / name).read_bytes() for name in ("lib/x.py", "train.py", "a")] == [
        b"brought"
    ] * 3
    assert is_executable(folder / "train.py")
