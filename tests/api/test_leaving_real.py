"""A program or a notebook's kernel that is ended while it deploys: real processes and signals, and no pod stays."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.real_launches import Home, finished, home_below, started

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

DEPLOY = """
import asyncio, threading, time
import launcher

run = {"recipe": "command", "argv": ["true"], "results_repo": "demo/voice", "boot_minutes": 5.0}
"""
WAITING = DEPLOY + "launcher.deploy(run, agreed_usd=50)"
AWAITING = DEPLOY + "asyncio.run(launcher.deploy.aio(run, agreed_usd=50))"
IN_A_CELL = DEPLOY + (
    "async def cell():\n    launcher.deploy(run, agreed_usd=50)\n\nasyncio.run(cell())"
)
LEFT_BEHIND = DEPLOY + (
    "deploy = lambda: launcher.deploy(run, agreed_usd=50, say=said.append)\n"
    "said = []\n"
    "threading.Thread(target=deploy, daemon=True).start()\n"
    "while not any('is rented' in text for text in said): time.sleep(0.05)\n"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_below(Path(tmp_path_factory.mktemp("computer"))) as found:
        yield found


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (WAITING, signal.SIGINT),
        (WAITING, signal.SIGTERM),
        (AWAITING, signal.SIGTERM),
        (IN_A_CELL, signal.SIGINT),
    ],
    ids=["interrupted", "ended", "awaiting and ended", "a cell that is interrupted"],
)
def test_a_program_that_is_ended_before_the_pod_is_armed_leaves_none(
    home: Home, code: str, number: signal.Signals
) -> None:
    with started(home, [sys.executable, "-P", "-c", code]) as process:
        home.until(home.live)
        process.send_signal(number)
        exit_code, said = finished(process)
    assert home.live() == []
    assert not home.world.account.secrets
    if number is signal.SIGTERM:
        assert exit_code == -signal.SIGTERM
    else:
        assert "Interrupted before the pod was armed. Pod" in said
        assert "launcher.runs() shows what is left." in said


def test_a_program_that_comes_to_its_end_ends_what_it_left_behind_first(home: Home) -> None:
    with started(home, [sys.executable, "-P", "-c", LEFT_BEHIND]) as process:
        exit_code, _ = finished(process)
    assert exit_code == 0
    assert home.live() == []
    assert not home.world.account.secrets
