"""The agent beside a command that floods it: how much memory it takes, and what comes through."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.emulator.hub import HubEmulator
from launcher.emulator.runpod import RunPodEmulator
from pod_image.contract.run_log import MOST_BYTES, find_gap, read_lines
from pod_image.process_table import processes
from tests.kit.hub_access import hub_of
from tests.kit.real_pods import Clouds

MOST_MB = 150
LINES, FILES = 80_000, 1_000
FLOOD = f"""
import os, sys
os.makedirs("out/a")
for n in range({FILES}):
    with open(f"out/a/{{n}}.txt", "w") as file: file.write(str(n))
sys.stdout.write("x" * 5_000_000 + "\\n")
for n in range({LINES}):
    sys.stdout.write(f"line {{n}}\\n")
    if n % 20_000 == 0: print('{{"step": %d}}' % (n // 20_000 + 1), flush=True)
print("the end of it", flush=True)
while not os.path.exists("go"): __import__("time").sleep(0.1)
"""


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Clouds]:
    with HubEmulator(tmp_path / "hub") as hub, RunPodEmulator(tmp_path / "pods") as cloud:
        hub_of(hub).api.create_repo("demo/results")
        yield Clouds(hub, cloud, tmp_path)


def peak_mb(pid: int) -> float:
    """The most memory that the process ever held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1_024


def is_agent(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"-m\0pod_image\0")


@pytest.mark.slow
def test_an_agent_beside_a_flood_of_lines_and_files_stays_small_and_drowns_no_event(
    clouds: Clouds,
) -> None:
    clouds.rent("python", "-c", FLOOD, outputs=["out/**"])
    disk = clouds.disk
    log = disk / "out" / "log.txt"
    clouds.wait(lambda: log.exists() and b"the end of it" in log.read_bytes(), "no end of it")
    first = int((disk.parent.parent / "main.pid").read_text())
    (pid,) = [each.pid for each in processes() if each.parent == first and is_agent(each.pid)]
    (disk / "prepared/go").touch()
    peak = 0.0
    while clouds.pods[-1].is_live:
        try:
            peak = max(peak, peak_mb(pid))
            time.sleep(0.05)
        except OSError:
            break
    clouds.until_gone()
    print(f"the agent took {peak:.0f} MB at most")
    assert 0 < peak < MOST_MB
    (ended,) = clouds.events("ended")
    assert ended["reason"] == "finished"
    assert {event["step"] for event in clouds.events("step")} >= {4}
    delivered = clouds.results()["run-01/log.txt"]
    assert len(delivered) <= MOST_BYTES
    lines = sum(line.is_program for line in read_lines(delivered))
    gap = find_gap(delivered)
    assert lines + (gap.lines if gap is not None else 0) >= LINES, "what is left out is counted"
    assert sum(path.startswith("run-01/files/out/a/") for path in clouds.results()) == FILES
