"""A reader of strangers' files can harm nothing, even one that a file has taken over."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pod_image.foreign import apart
from pod_image.foreign.apart import Bounds, ReadingEnded, ask
from pod_image.foreign.landlock import version
from tests.foreign.attacks import ATTACKS
from tests.foreign.malice import KINDS, Harm

BOUNDS = Bounds(seconds=20.0, memory_bytes=1 << 30, answer_bytes=1 << 20)
NETWORK = {"connect": 4, "listen": 4, "signal its parent": 6}
"""Which version of Landlock stops it; the others the first one stops."""
with_landlock = pytest.mark.skipif(version() == 0, reason="this kernel has no Landlock")


@pytest.fixture
def port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def attacked(reader: str, attack: str, folder: Path, port: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "kept.txt").write_text("kept")
    answer = ask(
        f"tests.foreign.{reader}", [], BOUNDS, attack=attack, folder=str(folder), word=port
    )
    return str(answer.said["came"])


@pytest.mark.promise("secrets-strangers")
@with_landlock
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_reader_is_made_to_do_is_stopped(attack: str, tmp_path: Path, port: str) -> None:
    if version() < NETWORK.get(attack, 1):
        pytest.skip("this kernel's Landlock is older")
    assert attacked("attacks", attack, tmp_path / "home", port) != "done"
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["kept.txt"]
    assert (tmp_path / "home" / "kept.txt").read_text() == "kept"


@pytest.mark.parametrize("attack", ["make a file", "remove a file", "rename a file", "connect"])
def test_without_landlock_such_things_are_done_and_nothing_else_is_claimed(
    attack: str, tmp_path: Path, port: str
) -> None:
    assert attacked("attacks_on_an_older_kernel", attack, tmp_path / "home", port) == "done"


def test_without_landlock_no_byte_is_written_all_the_same(tmp_path: Path, port: str) -> None:
    came = attacked("attacks_on_an_older_kernel", "write into a file", tmp_path / "home", port)
    assert came == "OSError"
    assert (tmp_path / "home" / "kept.txt").read_text() == "kept"


@with_landlock
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_file_that_runs_code_in_a_reader_that_trusts_it_makes_nothing(
    kind: Harm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "json.py"
    path = kind(tmp_path / "voice.ckpt", str(made))
    monkeypatch.chdir(tmp_path)
    assert ask("tests.foreign.trusting", [path], BOUNDS).said == {"came": "read"}
    assert not made.exists()
    older = (sys.executable, "-P", "-m", "tests.foreign.trusting", "--older-kernel")
    monkeypatch.setattr(apart, "module_command", lambda module: older)
    assert ask("tests.foreign.trusting", [path], BOUNDS).said == {"came": "read"}
    # So the file does what it is made for, and it was Landlock that stopped it.
    assert made.exists()


def test_a_reader_has_no_key_no_open_file_and_an_empty_folder_that_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "demo-token-0001")
    monkeypatch.setenv("MY_KEY", "demo-token-0001")
    with (tmp_path / "open.txt").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        said = ask("tests.foreign.telling", [], BOUNDS).said
    assert "demo-token-0001" not in str(said["environment"])
    assert said["here"] == []
    assert [name for name in said["open"] if str(tmp_path) in name] == []
    assert not Path(said["folder"]).exists()


def test_a_reader_looks_for_no_gpu_where_the_libraries_for_one_are_installed() -> None:
    """They look for the driver with programs and files that the walls forbid, and torch ends with them."""
    assert not ask("tests.foreign.telling", [], BOUNDS).said["has_cuda"]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("eats memory", "broke off"),
        ("never ends", "longer than"),
        ("ends at once", "broke off"),
        ("writes what is no answer", "broke off"),
        ("announces more than the file", "broke off"),
    ],
)
def test_a_reader_that_goes_wrong_is_ended_in_time(
    trouble: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "START_SECONDS", 1.5 if trouble == "never ends" else 60.0)
    bounds = Bounds(seconds=0.5, memory_bytes=64 << 20, answer_bytes=1 << 20)
    with pytest.raises(ReadingEnded, match=words):
        ask("tests.foreign.troubled", [], bounds, trouble=trouble)


def test_a_reader_that_computes_for_ever_is_ended_by_the_system_when_its_starter_is_gone() -> None:
    program = "from pod_image.foreign.walls import limit\nlimit(1 << 30, 0.2)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-P", "-c", program], timeout=60, check=False)
    assert done.returncode < 0
