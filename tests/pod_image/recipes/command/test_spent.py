"""Results that a program keeps without end leave the pod's disk once they are delivered, and not before."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pod_image.contract.paths import RunFolder
from pod_image.recipes.command.spent import SpentResults, SpentRule


class Disk:
    def __init__(self, root: Path, *patterns: str) -> None:
        self.folder, self.files = RunFolder(root), root / "out" / "files"
        self.folder.events.parent.mkdir(parents=True)
        self.folder.events.touch()
        self.spent = SpentResults(self.folder, self.files, SpentRule(patterns or ("out/save/*",)))
        self.age = 0

    def saved(self, name: str, size: int = 10) -> None:
        """By the program, and collected."""
        self.age += 1
        for base in (self.folder.prepared, self.files):
            path = base / "out" / "save" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bytes(size))
            os.utime(path, (self.age, self.age))

    def uploaded(self, *names: str, size: int = 10, event: str = "upload", end: str = "\n") -> None:
        files = [
            {"path": f"run-01/files/out/save/{name}", "size_bytes": size, "sha256": "x"}
            for name in names
        ]
        said = {"event": event, "seq": 1, "commit": "c", "files": files}
        with self.folder.events.open("a") as file:
            file.write(json.dumps(said) + end)

    def left(self) -> list[str]:
        both = [
            sorted(path.name for path in (base / "out" / "save").rglob("*") if path.is_file())
            for base in (self.folder.prepared, self.files)
        ]
        assert both[0] == both[1]
        return both[0]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    made = Disk(tmp_path)
    for name in ("d", "c", "b", "a"):
        made.saved(name)
    return made


def test_all_but_the_newest_two_go_once_they_are_in_the_repo(disk: Disk) -> None:
    disk.uploaded("d", "c", "b", "a")
    disk.spent.drop()
    assert disk.left() == ["a", "b"]


def test_what_nobody_has_said_to_be_in_the_repo_stays(disk: Disk) -> None:
    disk.uploaded("d", "c", event="sample")
    disk.uploaded("c", size=9)
    disk.uploaded("x")
    disk.uploaded("d", end="")  # cut off: it is read when it is whole
    assert disk.spent.drop() == []
    with disk.folder.events.open("a") as file:
        file.write("\nnot JSON\n")
    disk.spent.drop()
    assert disk.left() == ["a", "b", "c"]


def test_a_folder_goes_when_all_of_it_is_in_the_repo(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    for name in ("one/unet/w", "one/index", "two/w", "three/w"):
        disk.saved(name)
    disk.uploaded("one/index")
    assert disk.spent.drop() == []
    disk.uploaded("one/unet/w")
    disk.spent.drop()
    assert disk.left() == ["w", "w"]


def test_without_a_rule_or_a_word_of_the_agent_nothing_goes(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    for name in ("a", "b", "c"):
        disk.saved(name)
    disk.folder.events.unlink()
    assert disk.spent.drop() == []
    nothing = SpentResults(disk.folder, disk.files, SpentRule())
    assert nothing.drop() == []
    assert disk.left() == ["a", "b", "c"]
