"""The results repo: what a run has delivered, its events and record, and the folder that takes instructions."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.config import private_files
from launcher.domain.labels import MOST_BYTES as MOST_BYTES_OF_LABELS
from launcher.errors import HubError
from launcher.hub.access import HubAccess
from launcher.hub.told_events import (
    FIRST_EVENTS_BYTES,
    LAST_EVENTS_BYTES,
    ToldEvents,
    read_events,
)
from pod_image.contract.brought import BroughtList, list_path
from pod_image.contract.contract_error import ContractError
from pod_image.contract.events import Event
from pod_image.contract.instructions import Instruction
from pod_image.contract.paths import CONTROL_FOLDER, STUDIES_FOLDER, ResultsFolder
from pod_image.contract.record import RunRecord
from pod_image.contract.run_log import MOST_BYTES
from pod_image.hub import (
    Fetched,
    FetchProgress,
    HubConflict,
    NotInRepo,
    Overtaken,
    RemoteFile,
    Repo,
    RepoMissing,
    ensure_results_repo,
    fetch,
    list_files,
    list_folders,
    list_tags,
    look_at,
    publish,
    read_range,
    resolve_commit,
)

_CONTROL_FILE = re.compile(rf"/{CONTROL_FOLDER}/(\d+)\.json$")
_TRIES_FOR_A_NUMBER = 5
RECORD_BYTES = 8 << 20
"""No record of ours is as long, and no list of files; a longer one is read as none."""


def exactly(*paths: str) -> list[str]:
    """Patterns that match these files and no others: a pod chose their names, which may hold a star or a bracket."""
    return [glob.escape(path) for path in paths]


@dataclass(frozen=True)
class ResultsRepo:
    """The results repo as the upload token sees it. Raises HubError or NotConfigured when the Hub refuses."""

    access: HubAccess
    repo_id: str

    @property
    def repo(self) -> Repo:
        return Repo(self.repo_id, "model")

    async def ensure(self) -> bool:
        """See to it that the repo is there; True when it was made now, private."""
        return await self.access.run(ensure_results_repo, self.access.upload, self.repo_id)

    async def commit(self, revision: str = "") -> str:
        """The commit that a revision means now; without one the newest."""
        return await self.access.run(
            resolve_commit, self.access.upload, self.repo, revision or None
        )

    async def tags(self) -> dict[str, str]:
        """Every tag of the repo, with the commit that it means. Raises HubError, NotConfigured."""
        return await self.access.run(list_tags, self.access.upload, self.repo)

    async def run_ids(self, revision: str = "main") -> list[str]:
        """Names of the folders at the root; none when the repo does not exist. `_` begins what is no run, and studies
        have a folder of their own."""
        try:
            folders = await self.access.run(list_folders, self.access.upload, self.repo, revision)
            return [name for name in folders if not name.startswith("_") and name != STUDIES_FOLDER]
        except HubError as exc:
            if isinstance(exc.__cause__, RepoMissing):
                return []
            raise

    async def files(self, run_id: str, revision: str = "") -> list[RemoteFile]:
        """What the run has delivered so far, or had at a revision; none while it has no folder."""
        commit = await self.commit(revision)
        return await self.access.run(list_files, self.access.upload, self.repo, commit, run_id)

    async def record(self, run_id: str, revision: str = "main") -> RunRecord | None:
        """The run's own record, or None while there is none that can be read."""
        path = ResultsFolder(run_id).record
        return RunRecord.from_json(await self._read_at_most(path, RECORD_BYTES, revision))

    async def labels(self, run_ids: Sequence[str], revision: str = "main") -> dict[str, bytes]:
        """The files of labels that these runs have; asks once which there are."""
        paths = {ResultsFolder(run_id).labels: run_id for run_id in run_ids}
        found = await self.access.run(look_at, self.access.upload, self.repo, revision, paths)
        return {
            paths[path]: await self._read_at_most(path, MOST_BYTES_OF_LABELS + 1, revision) or b""
            for path in found
        }

    async def put_labels(self, run_id: str, content: bytes, head: str) -> bool:
        """Write a run's labels on top of that commit; False where others have committed since."""
        try:
            path = ResultsFolder(run_id).labels
            await self._publish_on(head, {path: content}, f"Name, notes and tags of {run_id}")
        except HubError as exc:
            if isinstance(exc.__cause__, HubConflict | Overtaken):
                return False
            raise
        return True

    async def brought(self, sha256: str) -> BroughtList | None:
        """What a run brought along, by the hash in its record; None where that cannot be read any more."""
        try:
            content = await self._read_at_most(list_path(sha256), RECORD_BYTES)
            return BroughtList.from_json(content, sha256)
        except ContractError:
            return None

    async def events(self, run_id: str) -> list[Event]:
        """The run's events as it delivered them, in order; unreadable lines are passed over."""
        return list((await self.told(run_id)).events)

    async def told(self, run_id: str, revision: str = "main", *, attempt: int = 0) -> ToldEvents:
        """The same at a revision, and whether all could be read: of a file that is too long to be ours, the first
        and the last are. With `attempt` those of an attempt that a later one has followed."""
        folder = ResultsFolder(run_id)
        path = folder.earlier_events(attempt) if attempt else folder.events
        start = await self._read_at_most(path, FIRST_EVENTS_BYTES + 1, revision) or b""
        if len(start) <= FIRST_EVENTS_BYTES:
            return await self.access.run(read_events, start)
        return await self.access.run(read_events, start, await self._end_of(path, revision))

    async def log(self, run_id: str) -> bytes | None:
        """What the run printed, as it delivered it; None where there is no log, as from an older image."""
        return await self._read_at_most(ResultsFolder(run_id).log, MOST_BYTES)

    async def download(
        self,
        run_id: str,
        folder: Path,
        patterns: Sequence[str] = ("**",),
        on_progress: Callable[[FetchProgress], None] | None = None,
        revision: str = "",
    ) -> Fetched:
        """Bring the run's files, as they are now or were at a revision, to `folder`/<run id>, each checked against the
        Hub's listing.

        `patterns` are below the run's folder. Returns only when all of them are whole.
        """
        commit = await self.commit(revision)
        wanted = [ResultsFolder(run_id).path(pattern) for pattern in patterns]
        with private_files(folder):
            return await self.access.run(
                fetch, self.access.upload, self.repo, commit, folder, wanted, on_progress
            )

    async def put(self, files: dict[str, Path | bytes], message: str) -> None:
        """Files at these paths of the repo; those that are there already are left alone."""
        await self.access.run(publish, self.access.upload, self.repo, files, message)

    async def leave_instruction(self, run_id: str, instruction: Instruction) -> str:
        """Put an instruction where the pod looks for it, under the next free number. Returns the path."""
        body = instruction.model_dump_json().encode()
        for _ in range(_TRIES_FOR_A_NUMBER):
            head = await self.commit()
            path = ResultsFolder(run_id).control(await self._next_number(run_id, head))
            try:
                await self._publish_on(
                    head, {path: body}, f"Instruction {instruction.command} for {run_id}"
                )
                return path
            except HubError as exc:
                if not isinstance(exc.__cause__, HubConflict | Overtaken):
                    raise
        raise HubError(
            f"The instruction for {run_id} could not be saved in {self.repo_id}, because others kept committing.",
            hint="Try again in a moment.",
        )

    async def _next_number(self, run_id: str, head: str) -> int:
        under = ResultsFolder(run_id).path(CONTROL_FOLDER)
        files = await self.access.run(list_files, self.access.upload, self.repo, head, under)
        numbers = [int(match[1]) for each in files if (match := _CONTROL_FILE.search(each.path))]
        return max(numbers, default=0) + 1

    async def _publish_on(self, head: str, files: dict[str, Path | bytes], message: str) -> None:
        await self.access.run(publish, self.access.upload, self.repo, files, message, parent=head)

    async def _read_at_most(
        self, path: str, most_bytes: int, revision: str = "main"
    ) -> bytes | None:
        """The start of a file, None where there is none: whoever wrote it, it fills no memory."""
        try:
            return await self._read_range(path, 0, most_bytes, revision)
        except HubError as exc:
            if isinstance(exc.__cause__, NotInRepo | RepoMissing):
                return None
            raise

    async def _end_of(self, path: str, revision: str) -> bytes:
        """The last bytes of a long file."""
        upload = self.access.upload
        found = await self.access.run(look_at, upload, self.repo, revision, [path])
        size_bytes = found[path].size_bytes if path in found else 0
        first = max(FIRST_EVENTS_BYTES, size_bytes - LAST_EVENTS_BYTES)
        return await self._read_range(path, first, LAST_EVENTS_BYTES, revision)

    async def _read_range(self, path: str, first: int, most_bytes: int, revision: str) -> bytes:
        return await self.access.run(
            read_range, self.access.upload, self.repo, revision, path, first, most_bytes
        )
