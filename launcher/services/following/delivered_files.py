"""What a run has delivered: looking at it, and bringing it here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.services.common.workbench import Workbench
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.paths import CONTROL_FOLDER
from pod_image.contract.results_address import name_below
from pod_image.hub import FetchProgress, RemoteFile


@dataclass(frozen=True)
class Downloaded:
    """Files of a run on this machine, each checked against the Hub's listing. `folder` holds them."""

    folder: Path
    files: tuple[Path, ...]
    size_bytes: int
    commit: str


async def list_results(bench: Workbench, run: Run, revision: str = "") -> list[RemoteFile]:
    """The run's files in the results repo, now or at a revision, without those that carry instructions. Raises
    HubError, NotConfigured."""
    files = await bench.results(run.results_repo).files(run.run_id, revision)
    prefix = f"{run.run_id}/{CONTROL_FOLDER}/"
    return [file for file in files if not file.path.startswith(prefix)]


async def download_results(
    bench: Workbench,
    run: Run,
    folder: Path | None = None,
    patterns: Sequence[str] = ("**",),
    on_progress: Callable[[FetchProgress], None] | None = None,
    *,
    revision: str = "",
) -> Downloaded:
    """Bring the run's files to `folder`/<run id> (default: the results folder of the configuration, one of its own
    for each revision).

    `patterns` such as "voice/**" are below the run's folder. Files that are there and right are kept.
    Raises InvalidRequest when nothing matches, HubError when something could not be had whole.
    """
    into = folder or results_folder(bench, run, revision)
    fetched = await bench.results(run.results_repo).download(
        run.run_id, into, patterns, on_progress, revision
    )
    if not fetched.files:
        at = f" at {revision}" if revision else ""
        raise InvalidRequest(
            f"Run {run.run_id} has no files in {run.results_repo}{at} that match {', '.join(patterns)}.",
            hint=Sentence(NextStep.LIST_RESULTS.of(run.run_id), " lists what it has delivered."),
        )
    paths = tuple(fetched.folder / path for path in sorted(fetched.files))
    return Downloaded(into / run.run_id, paths, fetched.size_bytes, fetched.commit)


def results_folder(bench: Workbench, run: Run, revision: str = "") -> Path:
    """Where the files of the run's repo are on this machine; a version does not go over what is newest."""
    newest = bench.config.results_folder / name_below(run.results_repo)
    return newest.with_name(f"{newest.name}@{revision.replace('/', '-')}") if revision else newest
