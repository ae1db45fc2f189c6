"""How a training is started once for each GPU, of one pod or of a RunPod cluster: torchrun's arguments. No torch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from pod_image.contract.interpreter import SAFE_PATH_VARIABLE, module_command
from pod_image.contract.nodes import node_in

MEETING_SECONDS = 1_800
"""How long the nodes of a cluster wait for each other before the first step: each fetches and prepares by itself."""
CLUSTER_INTERFACE = "ens1"
"""Between the pods of a RunPod cluster; over the other one, to the internet, NCCL times out."""


def torchrun_command(
    module: str, arguments: Sequence[str], gpus: int, environment: Mapping[str, str] = os.environ
) -> list[str] | None:
    """How to start `module` once for each GPU, or None when this process is enough or is one of them already.

    A pod of a RunPod cluster says in its environment how many pods and GPUs there are and where the first is; its
    WORLD_SIZE without a RANK means a process that torchrun has not started yet.
    """
    node = node_in(environment)
    each = int(environment.get("NUM_TRAINERS") or gpus)
    if "LOCAL_RANK" in environment or node.count * each == 1:
        return None
    command = [*module_command("torch.distributed.run"), f"--nproc-per-node={each}"]
    if not node.is_in_cluster:
        command.append("--standalone")
    else:
        command += [
            f"--nnodes={node.count}",
            f"--rdzv-conf=timeout={MEETING_SECONDS}",
            f"--node-rank={node.rank}",
            f"--master-addr={environment['MASTER_ADDR']}",
            f"--master-port={environment['MASTER_PORT']}",
        ]
    return [*command, "--module", module, *arguments]


def torchrun_environment(
    environment: Mapping[str, str], interfaces: Sequence[str]
) -> dict[str, str]:
    """What the processes need beside the variables they have already."""
    # torchrun writes its processes' command lines, and knows no -P.
    extra = {"OMP_NUM_THREADS": environment.get("OMP_NUM_THREADS", "2"), SAFE_PATH_VARIABLE: "1"}
    if node_in(environment).is_in_cluster and CLUSTER_INTERFACE in interfaces:
        extra["NCCL_SOCKET_IFNAME"] = environment.get("NCCL_SOCKET_IFNAME", CLUSTER_INTERFACE)
    return extra
