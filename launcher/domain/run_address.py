"""A run by its results repo, as people type or paste it: `me/voice/run-01`, an address of the Hub, `hf://`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from launcher.domain.hub_address import hub_address
from pod_image.contract.results_address import is_folder

_RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_KEY = re.compile(rf"(?P<run_id>{_RUN_ID.pattern})@(?P<repo>[^/@\s]+/[^/@\s]+)")
"""A run's name as earlier releases printed it."""
_REVISION = re.compile(r"[\w.-][\w./-]{0,199}")
_MAIN = "main"
_AT = "@"


@dataclass(frozen=True)
class RunAddress:
    """`run_id` is empty where a repo alone is named, `revision` where what is newest is meant."""

    repo: str
    run_id: str = ""
    revision: str = ""

    def __str__(self) -> str:
        """As it is typed: `me/voice/run-01`, and `me/voice@run-01.2/run-01` for a version of it."""
        at = f"@{self.revision}" if self.revision else ""
        alone = "/" if is_folder(self.repo) else ""  # its own name may look like a run's
        return f"{self.repo}{at}" + (f"/{self.run_id}" if self.run_id else alone)


def run_address(typed: str, endpoint: str = "") -> RunAddress | None:
    """What was named, or None for a text that names no results repo: a run id, a pod's id, a dataset's address.

    A folder of a person's own may stand in the place of a repo: `/home/me/voices/run-01`, `gpubox:/data/voices/run-01`.
    A folder or a file inside a run names the run. `endpoint` is the Hub's own address, where it is not the public one.
    """
    if is_folder(typed.strip()):
        return _in_folder(typed.strip())
    text = _without_endpoint(typed.strip(), endpoint)
    if of_history := _KEY.fullmatch(text):
        text = f"{of_history['repo']}/{of_history['run_id']}"
    found = hub_address(text)
    if found is None or found.kind not in ("", "model"):
        return None
    first = found.folder.partition("/")[0]
    if not _is_revision(found.revision) or (first and not is_run_id(first)):
        return None
    return RunAddress(found.repo, first, "" if found.revision == _MAIN else found.revision)


def _in_folder(typed: str) -> RunAddress | None:
    """`/home/me/voices/run-01`; the folder alone ends with a slash, since its own name may look like a run's."""
    folder, _, last = typed.rpartition("/")
    run_id = last if is_run_id(last) else ""
    if last and not run_id:
        folder = typed
    if not is_folder(folder):
        return None
    above, _, name = folder.rpartition("/")
    name, _, revision = name.partition(_AT)
    is_version = bool(revision) and _is_revision(revision)
    return RunAddress(
        f"{above}/{name}" if is_version else folder, run_id, revision if is_version else ""
    )


def is_run_id(name: str) -> bool:
    """Whether it can be the id of a run, and the name of its folder."""
    return _RUN_ID.fullmatch(name) is not None


def _is_revision(revision: str) -> bool:
    if not revision:
        return True
    return _REVISION.fullmatch(revision) is not None and ".." not in revision


def _without_endpoint(text: str, endpoint: str) -> str:
    """An address at a Hub of one's own, as the same path at the public one."""
    base = endpoint.rstrip("/")
    return f"hf://{text[len(base) + 1 :]}" if base and text.startswith(f"{base}/") else text
