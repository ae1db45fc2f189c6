"""What names a place on the pod's disk is delivered in words that mean something elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pod_image.contract.bodies import Body
from pod_image.contract.paths import RunFolder
from pod_image.hub import Checksums
from pod_image.recipes.command import rewording
from pod_image.recipes.command.checkpoints import CheckpointRule
from pod_image.recipes.command.collecting import uncollected
from pod_image.recipes.command.keeping import Results
from pod_image.recipes.command.recipe import Job, files_folder
from pod_image.recipes.command.rewording import Rewording

BASE = b"/pod/base"


def by_name(name: str, content: bytes) -> bytes:
    assert name == "card.md"
    return content.replace(BASE, b"me/base")


JOB = Job(
    ("x",),
    ("out/**",),
    checkpoints=CheckpointRule(("out/checkpoint-*",), ("state.json",)),
    rewording=Rewording(("card.md",), by_name),
)


class Pod:
    def __init__(self, root: Path) -> None:
        self.folder = RunFolder(root)
        self.said: list[Body] = []
        self.results = Results(JOB, self.folder, self.said.append, lambda _: None)

    def write(self, below: str, content: bytes) -> Path:
        path = self.folder.prepared / below
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def collected(self) -> list[str]:
        """The kinds of what a turn tells."""
        self.said.clear()
        self.results.collect()
        return [body.event for body in self.said]

    @property
    def delivered(self) -> dict[str, bytes]:
        out = self.folder.out
        return {
            path.relative_to(out).as_posix(): path.read_bytes()
            for path in out.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_results_and_checkpoints_are_delivered_reworded_and_the_trainers_own_stay(
    pod: Pod,
) -> None:
    own = pod.write("out/card.md", b"of /pod/base")
    pod.write("out/other.md", b"of /pod/base")
    pod.write("out/checkpoint-5/card.md", b"step 5 of /pod/base")
    pod.write("out/checkpoint-5/state.json", json.dumps({}).encode())
    pod.collected()
    assert pod.delivered == {
        "files/out/card.md": b"of me/base",
        "files/out/other.md": b"of /pod/base",
        "checkpoints/step-00000005/out/checkpoint-5/card.md": b"step 5 of me/base",
        "checkpoints/step-00000005/out/checkpoint-5/state.json": b"{}",
    }
    assert own.read_bytes() == b"of /pod/base"


def test_what_was_delivered_reworded_is_sent_again_only_when_it_has_changed(pod: Pod) -> None:
    own = pod.write("out/card.md", b"of /pod/base")
    assert pod.collected() == ["collected"]
    assert pod.collected() == []
    assert uncollected(pod.folder.prepared, JOB.results, files_folder(pod.folder)) == {}
    before = own.stat()
    own.write_bytes(b"of /pod/base, rank 8")
    assert pod.collected() == ["collected"]
    assert pod.delivered == {"files/out/card.md": b"of me/base, rank 8"}
    assert own.stat().st_mtime_ns >= before.st_mtime_ns


def test_a_reworded_file_is_proved_by_what_is_sent_of_it(pod: Pod) -> None:
    """The checksum that the repo is held to is that of the copy, which stays as it is."""
    pod.write("out/card.md", b"of /pod/base")
    pod.collected()
    copy = files_folder(pod.folder) / "out" / "card.md"
    assert Checksums.of(copy).sha256 == Checksums.of(b"of me/base").sha256


def test_a_file_too_large_to_be_words_is_delivered_as_it_is(
    pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewording, "MOST_BYTES", 3)
    pod.write("out/card.md", b"of /pod/base")
    pod.collected()
    assert pod.delivered == {"files/out/card.md": b"of /pod/base"}
