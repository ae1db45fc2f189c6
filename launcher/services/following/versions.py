"""The versions of a run: tags that its verified ends left in the results repo, each to be had again."""

from __future__ import annotations

from dataclasses import replace

from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.services.common.workbench import Workbench
from pod_image.contract.versions import WORTH_A_NAME, is_version_of, number_of

_LOOKED_AT = 3
"""Of the newest tags: a run's own is among them unless others went on from it since."""


async def versions_of(bench: Workbench, run: Run) -> dict[str, str]:
    """Tag and commit of every version of the run, oldest first. Raises HubError, NotConfigured."""
    tags = await bench.results(run.results_repo).tags()
    own = [tag for tag in tags if is_version_of(run.run_id, tag)]
    return {tag: tags[tag] for tag in sorted(own, key=number_of)}


async def version_of_end(bench: Workbench, run: Run) -> str:
    """The tag that holds this very attempt's end, by the record that stands there; "" where none is seen to.

    Raises nothing, and does not wait long: an end is told without it as well.
    """
    if run.end_reason not in WORTH_A_NAME or not run.attempt_nonce:
        return ""
    hurried = replace(bench, hub=bench.hub.in_a_hurry())
    try:
        tags = reversed(await versions_of(hurried, run))
        for tag in list(tags)[:_LOOKED_AT]:
            record = await hurried.results(run.results_repo).record(run.run_id, tag)
            if record is not None and record.nonce == run.attempt_nonce:
                return tag if record.state == "ended" else ""
    except LauncherError:
        return ""
    return ""
