"""How many commits an hour a pod is told that it may make: the Hub counts them by account, over all of its pods."""

from __future__ import annotations

from contextlib import suppress

from launcher.domain.run import Run
from launcher.errors import NotConfigured
from launcher.services.common.workbench import Workbench
from pod_image.contract.environment import COMMITS_ALONE

OF_AN_ACCOUNT = 120
"""128 an hour were reported; the rest is for labels, pages and whatever else the person commits."""
LEAST = 6
"""A checkpoint every twenty minutes, and the end. Over twenty pods at a time have more than the account's together."""


def commits_per_hour(bench: Workbench, run: Run, together: int = 1) -> int:
    """The run's share beside the pods that live now, or beside those that are to live `together`.

    Pods that live already keep what they were told.
    """
    others = 0
    with suppress(NotConfigured):  # a history that cannot be read holds up no launch
        others = sum(each.nonce != run.nonce for each in bench.runs.live())
    return share_of(max(others + 1, together))


def share_of(pods: int) -> int:
    return max(LEAST, min(COMMITS_ALONE, OF_AN_ACCOUNT // max(1, pods)))
