"""The real agent in a container whose output nobody reads: a pipe that is full, one whose other end is closed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from launcher.emulator.runpod import RunPodEmulator, Timing
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.places import PLACES
from tests.kit.checkout import ROOT
from tests.kit.clouds import pod_body
from tests.kit.processes import fill

LOUD = """
import logging, sys
from pod_image import __main__ as agent
import pod_image.agent.story as story

async def loud(ports):
    for _ in range(2_000):
        logging.getLogger("some.library").warning("a long line of a library " * 10)
        ports.write_line("x" * 500)
    return await run_pod(ports)

run_pod, story.run_pod = story.run_pod, loud
sys.exit(agent.agent())
"""


@pytest.mark.parametrize("output", ["full", "closed"])
def test_the_pod_is_released_though_nobody_reads_what_it_says(tmp_path: Path, output: str) -> None:
    reader, writer = os.pipe()
    if output == "full":
        fill(writer)
    else:
        os.close(reader)
    with RunPodEmulator(tmp_path, timing=Timing(provisioning_seconds=0.1)) as cloud:
        pod = cloud.world.rent(pod_body(args="sleep 600"))
        agent = subprocess.Popen(
            [sys.executable, "-P", "-c", LOUD],
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=writer,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                PLACES["runpod"].pod_id: pod.id,
                PLACES["runpod"].key: pod.key.value,
                "RUNPOD_API_BASE_URL": cloud.url,
                RUN_VARIABLE: '{"contract": 999}',  # not to be understood: the pod only ends itself
            },
        )
        try:
            give_up_at = time.monotonic() + 40
            while pod.is_live:
                assert agent.poll() is None
                assert time.monotonic() < give_up_at, "the pod was not released"
                time.sleep(0.05)
        finally:
            for each in (*psutil.Process(agent.pid).children(), agent):
                each.kill()
            agent.wait()
            os.close(writer)
