"""Looking at repos: pin a revision, list files with their checksums, read small ones or a range."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from huggingface_hub.utils import (  # type: ignore[attr-defined]
    hf_raise_for_status,
    paginate,
    validate_repo_id,
)

from pod_image.contract.results_address import is_folder
from pod_image.folder_store.contents import FileSums
from pod_image.folder_store.port import ReadableFolder
from pod_image.hub.in_folder import as_of_the_hub
from pod_image.hub.refusals import NotInRepo, RepoMissing
from pod_image.hub.session import Hub

Row = TypeVar("Row")

SMALL_BYTES = 64 << 20
"""Of a folder's file: so much is read at once, and of one version."""
PATHS_PER_REQUEST = 500


@dataclass(frozen=True)
class Repo:
    """A repo's name and kind: recordings come from a `dataset`, voices go to a `model`, pages to a `space`.

    Where the name is a folder's, the same functions ask that folder, and no token is needed.
    """

    id: str
    kind: Literal["dataset", "model", "space"]

    @property
    def is_folder(self) -> bool:
        return is_folder(self.id)

    def __str__(self) -> str:
        return self.id if self.is_folder else f"{self.kind} {self.id}"

    @property
    def api_path(self) -> str:
        """Below the Hub's address. Raises HFValidationError, which `Hub.read` translates, for what is no name."""
        validate_repo_id(self.id)
        return f"/api/{self.kind}s/{self.id}"

    def page(self, endpoint: str) -> str:
        """The address a person opens."""
        if self.is_folder:
            return self.id
        folder = {"dataset": "datasets/", "model": "", "space": "spaces/"}[self.kind]
        return f"{endpoint}/{folder}{self.id}"

    def file_url(self, endpoint: str, revision: str, path: str) -> str:
        return f"{self.page(endpoint)}/resolve/{quote(revision, safe='')}/{quote(path)}"


Checksums = FileSums
"""What makes two contents the same. The Hub lists sha256 for large files, git's sha1 for others."""


@dataclass(frozen=True)
class RemoteFile:
    """One file as the Hub lists it at a commit. `sha256` is None for small files kept in git itself."""

    path: str
    size_bytes: int
    sha256: str | None
    git_sha1: str

    def matches(self, local: Checksums) -> bool:
        """Whether this is the same content, by size and by the checksum that the Hub gives."""
        if self.size_bytes != local.size_bytes:
            return False
        if self.sha256 is not None:
            return self.sha256 == local.sha256
        return self.git_sha1 == local.git_sha1


def resolve_commit(hub: Hub, repo: Repo, revision: str | None = None) -> str:
    """The commit (40 hex digits) that a branch, tag or sha means now. Raises HubError."""
    if repo.is_folder:
        with as_of_the_hub():
            return _folder(hub, repo).commit(revision or "")
    return str(look_up(hub, repo, revision).get("sha"))


def look_up(hub: Hub, repo: Repo, revision: str | None = None) -> dict[str, Any]:
    """What the Hub says of a repo. Raises HubError."""
    at = f"/revision/{quote(revision, safe='')}" if revision is not None else ""
    return dict(hub.get_json(f"looking up {repo}", lambda: f"{repo.api_path}{at}"))


def check_access(hub: Hub, repo: Repo, *, write: bool = False) -> None:
    """Ask whether the token may read the repo, or `write` to it. Raises HubError where it may not."""

    def look() -> None:
        path = f"{repo.api_path}/auth-check{'/write' if write else ''}"
        hf_raise_for_status(hub.client().get(f"{hub.endpoint}{path}", headers=hub.headers()))

    hub.read(f"checking access to {repo}", look)


def list_files(hub: Hub, repo: Repo, commit: str, under: str = "") -> list[RemoteFile]:
    """Every file at a commit, in one folder if `under` names one; none when that is absent."""
    if repo.is_folder:
        with as_of_the_hub():
            listed = _folder(hub, repo).files(commit, under)
            return [file_in_folder(path, sums) for path, sums in listed.items()]

    rows = _tree(hub, repo, commit, under, recursive=True)
    return [_remote(row) for row in rows if row["type"] == "file"]


def list_folders(hub: Hub, repo: Repo, revision: str = "main", under: str = "") -> list[str]:
    """The names of the folders directly in a repo, or in one of its folders."""
    if repo.is_folder:
        inside = f"{under.strip('/')}/" if under.strip("/") else ""
        below = (row.path.removeprefix(inside) for row in list_files(hub, repo, revision, under))
        return sorted({path.split("/")[0] for path in below if "/" in path})

    rows = _tree(hub, repo, revision, under, recursive=False)
    return [row["path"].rsplit("/", 1)[-1] for row in rows if row["type"] != "file"]


def _tree(
    hub: Hub, repo: Repo, revision: str, under: str, *, recursive: bool
) -> list[dict[str, Any]]:
    folder = f"/{quote(inside, safe='')}" if (inside := under.strip("/")) else ""

    def look() -> list[dict[str, Any]]:
        url = f"{hub.endpoint}{repo.api_path}/tree/{quote(revision, safe='')}{folder}"
        return list(paginate(url, {"recursive": recursive, "expand": False}, hub.headers()))

    return _empty_when_absent(lambda: hub.read(f"listing {repo}", look), under)


def look_at(hub: Hub, repo: Repo, revision: str, paths: Iterable[str]) -> dict[str, RemoteFile]:
    """The listing of these paths alone; absent ones are left out."""
    if repo.is_folder:
        listed = {row.path: row for row in list_files(hub, repo, revision)}
        return {path: listed[path] for path in paths if path in listed}
    found: dict[str, RemoteFile] = {}
    left = iter(paths)
    while some := list(islice(left, PATHS_PER_REQUEST)):
        rows = _paths_info(hub, repo, revision, some)
        found |= {row["path"]: _remote(row) for row in rows if row["type"] == "file"}
    return found


def _paths_info(hub: Hub, repo: Repo, revision: str, paths: list[str]) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]]:
        response = hub.client().post(
            f"{hub.endpoint}{repo.api_path}/paths-info/{quote(revision, safe='')}",
            data={"paths": paths, "expand": False},
            headers=hub.headers(),
        )
        hf_raise_for_status(response)
        return list(response.json())

    return hub.read(f"looking at {repo}", look)


def read_bytes(hub: Hub, repo: Repo, path: str, revision: str = "main") -> bytes | None:
    """A small file's content, None when the repo has no such file (or does not exist yet)."""
    if repo.is_folder:
        try:
            with as_of_the_hub():
                return _whole(_folder(hub, repo), path, revision)
        except (NotInRepo, RepoMissing):
            return None

    def read() -> bytes:
        response = hub.client().get(_url(hub, repo, revision, path), headers=hub.headers())
        hf_raise_for_status(response)
        return response.content

    try:
        return hub.read(f"reading {path} of {repo}", read)
    except (NotInRepo, RepoMissing):
        return None


def read_range(hub: Hub, repo: Repo, commit: str, path: str, start: int, length: int) -> bytes:
    """`length` bytes of a file from byte `start`; fewer where the file ends. Raises HubError."""
    if repo.is_folder:
        with as_of_the_hub():
            return _folder(hub, repo).read(commit, path, start, length)
    wanted = {"Range": f"bytes={start}-{start + length - 1}"}

    def read() -> bytes:
        url = _url(hub, repo, commit, path)
        with hub.client().stream("GET", url, headers={**hub.headers(), **wanted}) as response:
            if response.status_code == 416:
                return b""
            if response.is_error:
                response.read()
            hf_raise_for_status(response)
            # A server that ignores Range sends the file from its start.
            skip = 0 if response.status_code == 206 else start
            return _window(response.iter_bytes(), skip, length)

    return hub.read(f"reading {path} of {repo}", read)


def _window(pieces: Iterator[bytes], skip: int, length: int) -> bytes:
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) >= skip + length:
            break
    return bytes(content[skip : skip + length])


def _url(hub: Hub, repo: Repo, revision: str, path: str) -> str:
    return repo.file_url(hub.endpoint, revision, path)


def _remote(row: Mapping[str, Any]) -> RemoteFile:
    large = row.get("lfs")
    return RemoteFile(row["path"], row["size"], large["oid"] if large else None, row["oid"])


def _whole(folder: ReadableFolder, path: str, revision: str) -> bytes:
    content = bytearray()
    while len(piece := folder.read(revision, path, len(content), SMALL_BYTES)) == SMALL_BYTES:
        content += piece
    return bytes(content + piece)


def _folder(hub: Hub, repo: Repo) -> ReadableFolder:
    opened = hub.open_dataset if repo.kind == "dataset" else hub.open_folder
    return opened(repo.id)


def file_in_folder(path: str, sums: FileSums) -> RemoteFile:
    return RemoteFile(path, sums.size_bytes, sums.sha256, sums.git_sha1)


def _empty_when_absent(listing: Callable[[], list[Row]], under: str) -> list[Row]:
    try:
        return listing()
    except NotInRepo:
        if under:
            return []
        raise
