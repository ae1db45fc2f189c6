"""The processes that train one voice together: which of them this one is, its share, and what the first decides.

Gradients are torch's own DistributedDataParallel's; torchrun starts the processes. Nothing of that is ours.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import distributed


@dataclass(frozen=True)
class Distributed:
    """This process's place among `size`. Alone, nothing here costs anything."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """The first alone reports, obeys commands and writes."""
        return self.rank == 0

    def share(self, indices: Sequence[int]) -> list[int]:
        """This process's clips of a batch; of neighbours in length each gets every size-th.

        A batch smaller than `size` has its last clip learnt by several.
        """
        return list(indices[self.rank :: self.size]) or [indices[-1]]

    def agreed(self, decision: int) -> int:
        """What the first process decided, in every process; the others' own word does not count."""
        if self.size == 1:
            return decision
        told = torch.tensor([decision])
        distributed.broadcast(told, src=0)
        return int(told)


def join_distributed(environment: Mapping[str, str] = os.environ) -> Distributed:
    """Meet the others that torchrun started; alone without torchrun."""
    size = int(environment.get("WORLD_SIZE", "1"))
    if size == 1 or "RANK" not in environment:
        return Distributed()
    # What is decided travels between CPUs: nobody's GPU waits for it.
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    if not distributed.is_initialized():
        distributed.init_process_group(backend)
    return Distributed(int(environment["RANK"]), size)


def leave_distributed() -> None:
    """Part from the others, if there are any."""
    if distributed.is_initialized():
        distributed.destroy_process_group()
