"""The studies in a results repo or folder: read at one commit, written on top of that commit or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.errors import HubError
from launcher.hub.access import HubAccess
from pod_image.contract.paths import STUDIES_FOLDER
from pod_image.hub import (
    HubConflict,
    NotInRepo,
    Overtaken,
    Repo,
    RepoMissing,
    list_files,
    publish,
    read_range,
    resolve_commit,
)

STUDY_FILE = "study.json"
TRIALS_FILE = "trials.jsonl"
_TRIES = 12


@dataclass(frozen=True)
class KeptFiles:
    """Both files of a study, and the commit at which they were read; None where the repo has no such study."""

    commit: str
    study: bytes | None
    trials: bytes


@dataclass(frozen=True)
class KeptStudies:
    """Studies of one results repo, as the upload token sees it. Raises HubError or NotConfigured."""

    access: HubAccess
    repo_id: str

    async def names(self) -> list[str]:
        """None where the repo does not exist."""
        try:
            commit = await self._head()
            files = await self.access.run(
                list_files, self.access.upload, self._repo, commit, STUDIES_FOLDER
            )
        except HubError as exc:
            if isinstance(exc.__cause__, RepoMissing):
                return []
            raise
        ends = f"/{STUDY_FILE}"
        return sorted(each.path.split("/")[-2] for each in files if each.path.endswith(ends))

    async def read(self, name: str, study_bytes: int, trials_bytes: int) -> KeptFiles:
        """Both as they are now, each at most that long.

        A folder keeps what is in it, and not what was there before: a file that is missing may have been replaced
        since, and then both are read again.
        """
        folder, head = f"{STUDIES_FOLDER}/{name}", await self._head()
        for _ in range(_TRIES):
            study = await self._content(f"{folder}/{STUDY_FILE}", study_bytes, head)
            trials = await self._content(f"{folder}/{TRIALS_FILE}", trials_bytes, head)
            if study is not None and trials is not None:
                return KeptFiles(head, study, trials)
            before, head = head, await self._head()
            if head == before:
                return KeptFiles(head, study, trials or b"")
        raise HubError(
            f"The study {name} could not be read: others kept changing {self.repo_id}.",
            hint="Try again in a moment.",
        )

    async def write(
        self, name: str, study: str, trials: str, message: str, *, on_top_of: str
    ) -> bool:
        """Both in one commit that follows that one; False where somebody has committed since, be it the very same."""
        folder = f"{STUDIES_FOLDER}/{name}"
        files = {
            f"{folder}/{STUDY_FILE}": study.encode(),
            f"{folder}/{TRIALS_FILE}": trials.encode(),
        }
        try:
            receipt = await self.access.run(
                publish, self.access.upload, self._repo, files, message, parent=on_top_of
            )
        except HubError as exc:
            if isinstance(exc.__cause__, HubConflict | Overtaken):
                return False
            raise
        return receipt.made_commit

    @property
    def _repo(self) -> Repo:
        return Repo(self.repo_id, "model")

    async def _head(self) -> str:
        return await self.access.run(resolve_commit, self.access.upload, self._repo, None)

    async def _content(self, path: str, most_bytes: int, commit: str) -> bytes | None:
        try:
            return await self.access.run(
                read_range, self.access.upload, self._repo, commit, path, 0, most_bytes
            )
        except HubError as exc:
            if isinstance(exc.__cause__, NotInRepo):
                return None
            raise
