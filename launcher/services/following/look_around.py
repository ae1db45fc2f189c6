"""What there is of our runs that this computer may not know: in the account's pods, and in results repos."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from launcher.domain.run import Run
from launcher.domain.run_address import RunAddress
from launcher.errors import LauncherError, NotConfigured
from launcher.services.common.workbench import Workbench
from launcher.services.ending.refresh import refreshed
from launcher.services.following.adopted import adopt, keep, keep_listed, runs_of_pods
from launcher.services.following.attached import list_runs, read_run
from launcher.services.labelling import send_all
from pod_image.contract.next_steps import Said, Sentence


@dataclass(frozen=True)
class LookedAround:
    """`found`: runs that were seen, newest first, as the history has them now; `troubles`: what could not be seen."""

    found: tuple[Run, ...] = ()
    troubles: tuple[Said, ...] = ()


async def look_around(bench: Workbench) -> LookedAround:
    """Bring the history up to date: runs that are still open in it, pods of the account that are provably ours, and
    the results repos that either of them names; what runs are called here goes there too. Raises nothing for a part
    that cannot be looked at."""
    troubles: list[Said] = []
    found = await _of_pods(bench, troubles)
    for run in bench.runs.live():
        try:
            found.append((await refreshed(bench, run))[0])
        except LauncherError as error:
            troubles.append(Sentence(f"{run.address} stays open: ", error.message))
    for repo in _repos([*found, *bench.runs.runs()]):
        try:
            found += await runs_of_repo(bench, repo)
        except LauncherError as error:
            troubles.append(Sentence(f"{repo} could not be checked: ", error.message))
    troubles += await send_all(bench)
    return LookedAround(tuple(_each_once(found)), tuple(troubles))


async def attach(bench: Workbench, address: RunAddress) -> list[Run]:
    """Take over what a results repo tells: one run, or every run of the repo, newest first.

    A run whose pod is of this account is that pod's. Raises InvalidRequest where there is none, HubError or
    NotConfigured where the repo cannot be read.
    """
    of_pods = [run for run in await _of_pods(bench, []) if run.results_repo == address.repo]
    if address.run_id:
        mine = [run for run in of_pods if run.run_id == address.run_id and not address.revision]
        return mine or [keep(bench, await read_run(bench, address))]
    found = [*of_pods, *await runs_of_repo(bench, address.repo, address.revision)]
    if not found:
        # Says which repo has none.
        found = [keep(bench, await read_run(bench, address))]
    return _each_once(found)


async def runs_of_repo(bench: Workbench, repo: str, revision: str = "") -> list[Run]:
    """Every run of the repo, in the history from here on. Raises HubError or NotConfigured."""
    return [keep_listed(bench, run) for run in await list_runs(bench, repo, revision)]


async def _of_pods(bench: Workbench, troubles: list[Said]) -> list[Run]:
    """Runs of pods that the history did not know, in it now; and why they could not be looked for."""
    try:
        return [adopt(bench, run) for run in await runs_of_pods(bench)]
    except NotConfigured:
        return []  # without the key there is no account to look into
    except LauncherError as error:
        troubles.append(Sentence("The account's pods could not be checked: ", error.message))
        return []


def _repos(runs: Iterable[Run]) -> list[str]:
    return list(dict.fromkeys(run.results_repo for run in runs if run.results_repo))


def _each_once(runs: Sequence[Run]) -> list[Run]:
    newest = {run.nonce: run for run in runs}
    return sorted(newest.values(), key=lambda run: run.planned_at, reverse=True)
