"""The end of a run gets a name in the results repo, so that this version can be had again after a later one."""

from __future__ import annotations

import asyncio
from functools import partial

from pod_image.agent.ports import HubTrouble
from pod_image.agent.run import Run
from pod_image.contract.results_address import results_kind
from pod_image.contract.versions import WORTH_A_NAME, version_names


async def name_version(run: Run, commit: str, most_seconds: float) -> str:
    """Tag the commit that the run's verified delivery ended with; the tag, or "" where there is none.

    Nothing depends on it: it takes little time, and raises nothing that the Hub may say.
    """
    seconds = min(run.ports.timing.tag_seconds, most_seconds)
    if run.ending is None or run.ending.reason not in WORTH_A_NAME or seconds <= 0:
        return ""
    document = run.document
    names = version_names(document.run_id, document.attempt.number)
    try:
        async with asyncio.timeout(seconds):
            return await run.ports.run_blocking(partial(run.hub.leave_tag, commit, list(names)))
    except TimeoutError:
        why = "the Hub took too long."
    except HubTrouble as trouble:
        why = str(trouble)
    except Exception as fault:  # whatever it is, the results are delivered and the pod has to go
        why = f"{type(fault).__name__}."
    run.events.say(
        f"This version has no tag in the {results_kind(document.settings.results_there)}: {why}"
    )
    return ""
