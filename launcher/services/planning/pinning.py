"""Datasets held to the commits that they are at now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from launcher.hub.access import HubAccess
from pod_image.contract.datasets import ChosenDataset
from pod_image.hub import Repo, resolve_commit


async def pinned(
    hub: HubAccess, chosen: Sequence[ChosenDataset]
) -> list[tuple[ChosenDataset, str]]:
    """Each with its commit, asked for all at once. Raises HubError or NotConfigured."""
    commits = await asyncio.gather(
        *(
            hub.run(resolve_commit, hub.dataset, Repo(each.repo, "dataset"), each.revision)
            for each in chosen
        )
    )
    return list(zip(chosen, commits, strict=True))
