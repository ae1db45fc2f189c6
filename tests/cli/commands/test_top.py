"""`launcher top`: what is shown of all that lives, and that leaving it ends nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator

import pytest
from rich.console import Console

from launcher.cli.commands.top import _draw_until_left, _frame
from launcher.cli.terminal.key_presses import key_presses
from launcher.services.launching.launch import launch
from launcher.services.live.whole_fleet import whole_fleet
from tests.cli.conftest import Shell
from tests.kit.plans import plan

NEEDS_TERMINALS = pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")


def rented(shell: Shell, *run_ids: str) -> None:
    """Runs that train until the test is over."""
    shell.harness.script.ends_after, shell.harness.script.heartbeat_seconds = None, 30.0
    for run_id in run_ids:
        shell.loop.run_until_complete(launch(shell.harness.bench, plan(run_id), shell.harness.keys))


def test_one_table_shows_each_run_with_its_figures_and_all_together(shell: Shell) -> None:
    rented(shell, "run-01", "run-02")
    said = shell("top")
    assert said.code == 0, said.err
    head, *rows = said.out.splitlines()
    assert head.split("  ")[0] == "RUN"
    assert "GPU USE" in head
    assert "CAP" in head
    assert [row.split()[0] for row in rows] == ["run-02", "run-01", "all"]
    assert all("RunPod" in row and "RTX 4090" in row and "train" in row for row in rows[:2])
    assert "2 runs" in rows[2]
    assert "$0.0230" in rows[2]
    assert len(shell.world.live_pods()) == 2


def test_the_document_has_the_figures_of_each_run_and_the_sums(shell: Shell) -> None:
    rented(shell, "run-01")
    document = shell("top", "--json").json
    (run,) = document["runs"]
    assert (run["run_id"], run["place"], run["phase"]) == ("run-01", "runpod", "train")
    assert run["cost_per_minute_usd"] == pytest.approx(0.0115)
    assert document["totals"]["runs"] == 1
    assert document["totals"]["cap_usd"] == run["cap_usd"] > 0
    assert (document["places"], document["troubles"]) == (["RunPod"], {})


def test_where_nothing_lives_that_is_said(shell: Shell) -> None:
    said = shell("top", "--once")
    assert said.code == 0
    assert "No run is live on RunPod." in said.out
    assert shell("top", "--quiet").out.strip() == ""


def test_a_run_that_another_computer_began_is_in_the_table(shell: Shell) -> None:
    rented(shell, "run-01")
    shell.move_to("second-home")
    assert shell("top", "--quiet").out.split() == ["demo/voices/run-01"]


def test_a_refused_key_is_an_error(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNPOD_API_KEY", "no-such-key")
    assert shell("top").code == 3


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The far end of the terminal that stands for standard input."""
    far, near = os.openpty()
    with os.fdopen(near, "r", closefd=True) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        yield far
    os.close(far)


@NEEDS_TERMINALS
async def test_keys_are_read_without_enter_and_the_terminal_is_put_back(keyboard: int) -> None:
    import termios

    before = termios.tcgetattr(sys.stdin.fileno())
    heard: asyncio.Queue[str] = asyncio.Queue()
    with key_presses(heard.put_nowait):
        os.write(keyboard, b"q")
        assert await asyncio.wait_for(heard.get(), 5) == "q"
    assert termios.tcgetattr(sys.stdin.fileno()) == before


@NEEDS_TERMINALS
@pytest.mark.parametrize("way", ["q", "Ctrl-C"])
def test_both_ways_to_leave_the_live_table_end_no_run(
    shell: Shell, keyboard: int, way: str
) -> None:
    rented(shell, "run-01")

    async def look() -> None:
        harness = shell.harness
        async with whole_fleet(harness.bench, harness.keys, str) as whole:
            drawing = asyncio.create_task(_draw_until_left(whole))
            await asyncio.sleep(20)
            if way == "q":
                os.write(keyboard, b"q")
            else:
                drawing.cancel()
            await drawing
            drawn = _frame(whole, ["The disk is full."], Console(width=100, height=20)).plain
        assert "run-01" in drawn
        assert "the pods continue" in drawn
        assert "The disk is full." in drawn

    shell.loop.run_until_complete(look())
    assert len(shell.world.live_pods()) == 1
