"""What a command may leave behind: names that are no text, pipes, loops of links, torn checkpoints, zombies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pod_image.process_table import process
from pod_image.recipes.command.descendants import send
from tests.pod_image.recipes.command.commands import worker

NASTY = r"""
import os
os.makedirs(b'out/d\xff')
for name in (b'out/bad\xff.png', b'out/new\nline.png', b'out/d\xff/x.txt', b'out/good.png'):
    open(name, 'wb').write(b'x')
open(b'out/' + b'n' * 250 + b'.txt', 'wb').write(b'x')
os.mkfifo('out/pipe')
for link, to in (('loop1', 'loop2'), ('loop2', 'loop1'), ('self', '.'), ('passwd', '/etc/passwd')):
    os.symlink(to, 'out/' + link)
"""


def collected(folder: Path) -> set[bytes]:
    base = os.fsencode(folder / "out" / "files" / "out")
    found = [os.path.join(at, name) for at, _, names in os.walk(base) for name in names]  # noqa: PTH118
    return {path.removeprefix(base + b"/") for path in found}


def test_names_that_are_no_text_pipes_and_links_cost_neither_the_run_nor_the_other_files(
    tmp_path: Path,
) -> None:
    code, events = worker(tmp_path, sys.executable, "-c", NASTY)
    assert code == 0
    long = b"n" * 250 + b".txt"
    assert collected(tmp_path) == {
        b"bad\xff.png", b"new\nline.png", b"d\xff/x.txt", b"good.png", long,
    }  # fmt: skip
    shown = {event["path"] for event in events if event["event"] == "sample"}
    assert shown == {"files/out/good.png", "files/out/new\nline.png"}
    assert [event["files"] for event in events if "files" in event] == [5]


def a_checkpoint(folder: Path, step: int, *, is_whole: bool) -> None:
    path = folder / "out" / "checkpoints" / f"step-{step:08d}" / "out" / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "weights.bin").write_text(str(step))
    (path / "state.json").write_text('{"steps": 1}' if is_whole else '{"steps"')


@pytest.mark.promise("results-all")
def test_a_resume_whose_newest_checkpoint_is_torn_goes_on_from_the_one_before_and_says_so(
    tmp_path: Path,
) -> None:
    for step, is_whole in ((10, True), (20, True), (30, False), (40, False)):
        a_checkpoint(tmp_path, step, is_whole=is_whole)
    script = 'cat "$LAUNCHER_RESUME_DIR/weights.bin" > out/from; ls -d out/checkpoint-* >> out/from'
    code, events = worker(
        tmp_path, "sh", "-c", script, resume=True,
        checkpoint=["out/checkpoint-*"], whole_with=["state.json"],
    )  # fmt: skip
    assert code == 0
    # What is torn is not left where a trainer that looks by itself would take it for the newest.
    assert (tmp_path / "prepared/out/from").read_text() == "20out/checkpoint-20\n"
    said = [event["message"] for event in events if event["event"] == "warning"]
    assert said == ["What was kept of step 40 and 30 is incomplete: continuing from step 20."]


def test_a_resume_that_has_no_whole_checkpoint_is_refused(tmp_path: Path) -> None:
    a_checkpoint(tmp_path, 10, is_whole=False)
    code, events = worker(
        tmp_path, "true", resume=True, checkpoint=["out/checkpoint-*"], whole_with=["state.json"]
    )
    assert code == 2
    assert "step 10 is incomplete: it needs state.json" in events[-1]["message"]


def test_a_number_that_another_process_has_by_now_gets_no_signal() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        found = process(other.pid)
        assert found is not None
        send([replace(found, started="1")], signal.SIGKILL)
        assert process(other.pid) is not None
        assert other.poll() is None
        send([found], signal.SIGKILL)
        assert other.wait(10) == -signal.SIGKILL


STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for _ in range(200):
            if os.fork() == 0: os._exit(0)
        open('pid', 'w').write(str(os.getpid()))
        while True: time.sleep(1)
    os._exit(0)
while not os.path.exists('pid'): time.sleep(0.05)
sys.exit(3)
"""


def test_what_forks_itself_away_hears_no_signal_and_leaves_zombies_ends_all_the_same(
    tmp_path: Path,
) -> None:
    code, _ = worker(tmp_path, sys.executable, "-c", STUBBORN)
    assert code == 2
    assert not Path(f"/proc/{(tmp_path / 'prepared' / 'pid').read_text()}").exists()
