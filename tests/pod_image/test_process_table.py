"""Processes as /proc shows them, whatever they call themselves."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pod_image.process_table import PROC, process
from pod_image.recipes.command.descendants import ignores_interrupt

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="there is no /proc")

CALL_ITSELF = """
import ctypes, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
PR_SET_NAME = 15
ctypes.CDLL(None).prctl(PR_SET_NAME, bytes.fromhex(sys.argv[1]), 0, 0, 0)
print("called so", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    "name",
    [
        "обучение".encode()[
            :15
        ],  # the kernel keeps fifteen bytes, and cuts the eighth letter in two
        b"\xff\xfe",
        b"a) Z 1 (b",
        b"two words\nand a line",
    ],
)
def test_a_process_of_any_name_is_found_as_it_is(name: bytes) -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-S", "-c", CALL_ITSELF, name.hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"called so\n"
        found = process(other.pid)
        assert found is not None
        assert (found.parent, found.is_dead) == (os.getpid(), False)
        assert found.started.isdigit()
        assert ignores_interrupt(found)
