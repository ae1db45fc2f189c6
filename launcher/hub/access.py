"""The Hub with this person's two tokens, awaited; and what the tokens may do, as findings for a plan."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr

from launcher.errors import BadEnvironment, HubError, LauncherError, NotConfigured
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.results_address import is_folder

if TYPE_CHECKING:  # loaded when the Hub is asked: many commands open a workbench and never do
    from pod_image.hub import Hub, OpenDataset, OpenFolder, Preflight
    from pod_image.hub import HubError as PodHubError

T = TypeVar("T")
RunBlocking = Callable[..., Awaitable[Any]]
HURRIED_SECONDS = 10.0


class HubAccess:
    """Both tokens' ways to the Hub. Blocking work runs through `run_blocking`, by default on a thread."""

    def __init__(
        self, dataset: Hub, upload: Hub, *, run_blocking: RunBlocking = asyncio.to_thread
    ) -> None:
        self._dataset = dataset
        self._upload = upload
        self._run_blocking = run_blocking

    @staticmethod
    def with_tokens(
        endpoint: str,
        dataset: SecretStr | None,
        upload: SecretStr | None,
        open_folder: OpenFolder | None = None,
        open_dataset: OpenDataset | None = None,
    ) -> HubAccess:
        """`open_folder` and `open_dataset`: how folders are reached that stand in the place of a repo, which is on this
        machine where they are None."""
        return _MadeWhenUsed(endpoint, dataset, upload, open_folder, open_dataset)

    @property
    def dataset(self) -> Hub:
        return self._dataset

    @property
    def upload(self) -> Hub:
        return self._upload

    def in_a_hurry(self) -> HubAccess:
        """The same, for who would rather go without an answer than wait out a Hub that has trouble."""
        patience = replace(self.upload.patience, keep_trying_seconds=HURRIED_SECONDS)
        dataset, upload = (replace(each, patience=patience) for each in (self.dataset, self.upload))
        return HubAccess(dataset, upload, run_blocking=self._run_blocking)

    async def run(self, call: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run one function of `pod_image.hub`. Raises HubError or NotConfigured of the launcher."""
        from pod_image.hub import HubError as PodHubError

        try:
            answer: T = await self._run_blocking(call, *args, **options)
        except PodHubError as exc:
            raise translated(exc) from exc
        return answer


class _MadeWhenUsed(HubAccess):
    """The ways that two tokens open, each made when it is first asked for."""

    def __init__(
        self,
        endpoint: str,
        dataset: SecretStr | None,
        upload: SecretStr | None,
        open_folder: OpenFolder | None,
        open_dataset: OpenDataset | None,
    ) -> None:
        self._endpoint = endpoint
        self._tokens = dataset, upload
        self._open_folder, self._open_dataset = open_folder, open_dataset
        self._run_blocking = asyncio.to_thread

    @cached_property
    def dataset(self) -> Hub:
        return self._way(self._tokens[0])

    @cached_property
    def upload(self) -> Hub:
        return self._way(self._tokens[1])

    def _way(self, token: SecretStr | None) -> Hub:
        from pod_image.hub import Hub, own_dataset, own_folder

        return Hub(
            token,
            endpoint=self._endpoint,
            open_folder=self._open_folder or own_folder,
            open_dataset=self._open_dataset or own_dataset,
        )


def translated(exc: PodHubError) -> LauncherError:
    """Ours for theirs: a refused token is a matter of configuration, everything else the Hub's word."""
    from pod_image.hub import HubRefused, NotToBeAsked

    if isinstance(exc, NotToBeAsked):
        return BadEnvironment(exc.message, hint=exc.hint)
    kind: type[LauncherError] = NotConfigured if isinstance(exc, HubRefused) else HubError
    return kind(exc.message, hint=exc.hint)


def is_hidden(error: LauncherError) -> bool:
    """Whether the Hub itself has answered that it shows this to no such caller: without a token a private repo looks
    like one that does not exist. False where it gave no answer.
    """
    from pod_image.hub import HubRefused, NoRight, RepoMissing

    return isinstance(error.__cause__, HubRefused | NoRight | RepoMissing)


@dataclass(frozen=True)
class AccessReport:
    """What the tokens may do. An error among the findings keeps a run from starting."""

    findings: tuple[Finding, ...]
    dataset_commits: tuple[str, ...]
    """The commit that each dataset's revision means now; empty where it cannot be read."""
    makes_results_repo: bool


async def check_access(
    access: HubAccess, datasets: Sequence[tuple[str, str]], results: str
) -> AccessReport:
    """Ask the Hub, by reads alone. Never raises for what it finds; `datasets` are repos, each at a revision."""
    from pod_image.hub import ResultsState, preflight

    found: Preflight = await access.run(preflight, access.dataset, access.upload, datasets, results)
    findings = list(found.findings)
    makes_repo = found.results is ResultsState.TO_BE_CREATED
    if makes_repo:
        findings.append(
            Finding(
                Severity.NOTE,
                "results_repo_made",
                f"The results folder {results} will be made."
                if is_folder(results)
                else f"The results repo {results} does not exist yet. A private one will be created.",
            )
        )
    commits = tuple(commit or "" for commit in found.dataset_commits)
    return AccessReport(tuple(findings), commits, makes_repo)
