"""Which of the pods of a RunPod cluster this one is, as the platform tells each of them. Standard library alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """One of `count` pods that train together. A pod by itself is the first of one."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """The first alone reports, obeys instructions, delivers and ends the cluster."""
        return self.rank == 0

    @property
    def is_in_cluster(self) -> bool:
        return self.count > 1


ALONE = Node()


def node_in(environment: Mapping[str, str]) -> Node:
    """Never raises: what is no number is no cluster."""
    try:
        count, rank = int(environment["NUM_NODES"]), int(environment["NODE_RANK"])
    except (KeyError, ValueError):
        return ALONE
    return Node(rank, count) if count > 1 and 0 <= rank < count else ALONE
