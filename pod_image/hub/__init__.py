"""huggingface_hub with its holes closed: pinned and verified downloads, commits that land once.

No torch here. Everything is blocking; `Hub` says whose token, which clock and how much patience.
"""

# ruff: noqa: E402  the environment comes before the library
import os

# huggingface_hub reads these when it is imported. A token must be one we were handed, never one
# that lies around on the machine; and nothing is reported or drawn behind our back.
for _name in (
    "HF_HUB_DISABLE_IMPLICIT_TOKEN",
    "HF_HUB_DISABLE_TELEMETRY",
    "HF_HUB_DISABLE_PROGRESS_BARS",
    "HF_HUB_DISABLE_UPDATE_CHECK",
):
    os.environ.setdefault(_name, "1")

from pod_image.hub.budget import CommitBudget, CommitPriority
from pod_image.hub.ensure_repo import ensure_results_repo
from pod_image.hub.fetch import Fetched, FetchProgress, fetch, files_below
from pod_image.hub.in_folder import OpenDataset, OpenFolder, own_dataset, own_folder
from pod_image.hub.other_kinds import kind_there
from pod_image.hub.preflight import (
    Account,
    Cause,
    Preflight,
    ResultsState,
    preflight,
    whoami,
)
from pod_image.hub.publish import Receipt, publish, update_card
from pod_image.hub.refusals import (
    Damaged,
    Gated,
    HubConflict,
    HubError,
    HubRefused,
    HubRejected,
    HubUnavailable,
    NoRight,
    NotInRepo,
    NotToBeAsked,
    Overtaken,
    RepoMissing,
)
from pod_image.hub.repos import (
    Checksums,
    RemoteFile,
    Repo,
    check_access,
    list_files,
    list_folders,
    look_at,
    read_bytes,
    read_range,
    resolve_commit,
)
from pod_image.hub.session import Hub, Patience, Secret
from pod_image.hub.tags import NoNameLeft, leave_tag, list_tags
from pod_image.hub.verify import Difference, verify

__all__ = [
    "Account",
    "Cause",
    "Checksums",
    "CommitBudget",
    "CommitPriority",
    "Damaged",
    "Difference",
    "FetchProgress",
    "Fetched",
    "Gated",
    "Hub",
    "HubConflict",
    "HubError",
    "HubRefused",
    "HubRejected",
    "HubUnavailable",
    "NoNameLeft",
    "NoRight",
    "NotInRepo",
    "NotToBeAsked",
    "OpenDataset",
    "OpenFolder",
    "Overtaken",
    "Patience",
    "Preflight",
    "Receipt",
    "RemoteFile",
    "Repo",
    "RepoMissing",
    "ResultsState",
    "Secret",
    "check_access",
    "ensure_results_repo",
    "fetch",
    "files_below",
    "kind_there",
    "leave_tag",
    "list_files",
    "list_folders",
    "list_tags",
    "look_at",
    "own_dataset",
    "own_folder",
    "preflight",
    "publish",
    "read_bytes",
    "read_range",
    "resolve_commit",
    "update_card",
    "verify",
    "whoami",
]
