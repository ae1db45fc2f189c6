"""Several processes train as one: the same steps as one process with all their clips, and one that reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from pod_image.contract.environment import EVENTS_FD_VARIABLE
from pod_image.contract.interpreter import program_command
from pod_image.contract.settings import RunSettings
from pod_image.recipes.piper import __main__ as program
from pod_image.recipes.piper.distributed import Distributed, join_distributed
from pod_image.recipes.piper.torchrun import torchrun_command, torchrun_environment
from tests.kit.checkout import ROOT
from tests.pod_image.recipes.piper.distributed_process import BATCHES, steps, weights
from tests.whole.foreign import ForeignFolder


def run_two(what, folder):
    """Two processes under torchrun, on the CPU."""
    command = torchrun_command(
        "tests.pod_image.recipes.piper.distributed_process", [what, str(folder)], 2, {}
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    assert command is not None
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one_with_the_doubled_batch(tmp_path):
    run_two("steps", tmp_path)
    alone, optimisation = steps(Distributed())
    shares = [json.loads((tmp_path / f"losses-{rank}.json").read_text()) for rank in (0, 1)]
    for step, expected in enumerate(alone):
        means = [(a + b) / 2 for a, b in zip(shares[0][step], shares[1][step], strict=True)]
        assert means == pytest.approx(expected, rel=1e-4)
    first, second = (torch.load(tmp_path / f"weights-{rank}.pt") for rank in (0, 1))
    trained = weights(optimisation)
    assert all(torch.equal(first[name], second[name]) for name in trained)
    apart = torch.stack([(first[n] - trained[n]).abs().mean() for n in trained])
    # AdamW's first steps are signs of 2e-4: where a gradient is all rounding, two signs may differ.
    assert apart.mean() < 1e-5
    assert len(BATCHES) == 2


@pytest.mark.slow
def test_the_first_process_alone_reports_and_writes_and_all_end_together_with_equal_weights(
    tmp_path,
):
    run_two("train", tmp_path)
    first, second = (json.loads((tmp_path / f"own-{rank}.json").read_text()) for rank in (0, 1))
    assert first["step"] == second["step"] == 3
    assert [e["step"] for e in first["events"] if e["event"] == "step"][-1] == 3
    assert sum(e["event"] == "checkpoint" for e in first["events"]) == 1
    assert second["events"] == []
    assert not (tmp_path / "out-1").exists()
    a, b = (torch.load(tmp_path / f"weights-{rank}.pt") for rank in (0, 1))
    assert all(torch.equal(a[name], b[name]) for name in a)


AS_THE_AGENT_STARTS_IT = """
from pod_image.recipes.piper import __main__ as program
program._MODULE = "tests.pod_image.recipes.piper.distributed_entry"
program._gpus = lambda document: 2
program._train(None, None, None)
"""


@pytest.mark.slow
def test_where_there_are_two_gpus_the_training_becomes_torchrun_with_its_pipes_to_the_agent(
    tmp_path,
):
    (tmp_path / "run").mkdir()
    foreign = ForeignFolder(tmp_path / "run", tmp_path / "loaded")
    listening, speaking = os.pipe()
    environment = {
        **os.environ, EVENTS_FD_VARIABLE: str(speaking), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    with subprocess.Popen(
        program_command(AS_THE_AGENT_STARTS_IT), env=environment, cwd=foreign.folder,
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[speaking], text=True,
    ) as stage:  # fmt: skip
        os.close(speaking)
        _, trouble = stage.communicate('{"id":"my-save","command":"save"}\n', timeout=300)
    assert stage.returncode == 0, trouble[-2000:]
    with os.fdopen(listening) as events:
        said = sorted(
            (json.loads(json.loads(line)["message"]) for line in events),
            key=lambda event: event["step"],
        )
    assert [(e["step"], e["of"], e["device"], e["stage"]) for e in said] == [
        (0, 2, 0, "train"),
        (1, 2, 1, "train"),
    ]
    assert [event["command"] for event in said] == ["my-save", ""]
    assert foreign.loaded == ""  # by none of the four programs


@pytest.mark.parametrize(
    ("rented", "present", "used"), [(1, 8, 1), (4, 2, 2), (2, 4, 2), (2, 0, 1)]
)
def test_as_many_processes_as_gpus_that_were_rented_and_are_there(
    monkeypatch, rented, present, used
):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: present)
    settings = RunSettings(gpu_count=rented)
    assert program._gpus(cast("Any", SimpleNamespace(settings=settings))) == used


def test_a_batch_is_shared_without_a_clip_left_over_or_taken_twice():
    shares = [Distributed(rank, 3).share(range(8)) for rank in range(3)]
    assert sorted(index for share in shares for index in share) == list(range(8))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert [Distributed(rank, 3).share([7]) for rank in range(3)] == [[7], [7], [7]]


def test_without_torchrun_a_process_is_alone_even_in_a_cluster():
    assert join_distributed({}) == Distributed(0, 1)
    assert join_distributed({"WORLD_SIZE": "8"}) == Distributed(0, 1)
    assert Distributed().agreed(2) == 2


def test_one_gpu_or_a_process_of_torchruns_own_needs_no_torchrun():
    assert torchrun_command("m", ["train"], 1, {}) is None
    assert torchrun_command("m", ["train"], 4, {"LOCAL_RANK": "2"}) is None


def test_several_gpus_of_a_pod_are_a_process_each():
    command = torchrun_command("m", ["train"], 4, {})
    assert command is not None
    assert command[0] == sys.executable
    assert command[1:] == [
        "-P", "-m", "torch.distributed.run", "--nproc-per-node=4", "--standalone", "--module", "m", "train",
    ]  # fmt: skip


def test_a_cluster_gets_its_addresses_from_the_environment():
    environment = {
        "NUM_NODES": "2", "NUM_TRAINERS": "8", "NODE_RANK": "1", "WORLD_SIZE": "16",
        "MASTER_ADDR": "10.65.0.2", "MASTER_PORT": "29400",
    }  # fmt: skip
    command = torchrun_command("m", ["train"], 1, environment)
    assert command is not None
    assert command[4:] == [
        "--nproc-per-node=8", "--nnodes=2", "--rdzv-conf=timeout=1800", "--node-rank=1",
        "--master-addr=10.65.0.2", "--master-port=29400", "--module", "m", "train",
    ]  # fmt: skip
    extra = torchrun_environment(environment, ["lo", "eth0", "ens1"])
    assert extra["NCCL_SOCKET_IFNAME"] == "ens1"
    assert "NCCL_SOCKET_IFNAME" not in torchrun_environment(environment, ["lo", "eth0"])
    assert "NCCL_SOCKET_IFNAME" not in torchrun_environment({}, ["ens1"])
