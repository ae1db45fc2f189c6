"""What the id of a pod tells. Loads nothing: the list of runs reads it."""

from __future__ import annotations

CLUSTER_PREFIX = "cluster-"
"""Several pods that come and go together are one to us: the id of such a one begins so, and no pod's does."""


def is_cluster(pod_id: str) -> bool:
    """Whether several pods stand behind the id, which are released together or not at all."""
    return pod_id.startswith(CLUSTER_PREFIX)


def named_pod(pod_id: str, *, begins: bool = False) -> str:
    """What a sentence says of it, within or at its beginning."""
    if not is_cluster(pod_id):
        return f"{'P' if begins else 'p'}od {pod_id}"
    return f"{'C' if begins else 'c'}luster {pod_id.removeprefix(CLUSTER_PREFIX)}"
