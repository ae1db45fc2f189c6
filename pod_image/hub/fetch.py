"""Downloading a repo at a pinned commit, so that a folder is either whole and verified or an error."""

from __future__ import annotations

import contextlib
import fnmatch
import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

from pod_image.contract.leavings import is_left_behind
from pod_image.contract.paths import safe_path
from pod_image.hub.refusals import Damaged, HubRejected
from pod_image.hub.repos import Checksums, RemoteFile, Repo, list_files, read_range
from pod_image.hub.session import Hub
from pod_image.hub.watchdog import within

if TYPE_CHECKING:
    from huggingface_hub import HfApi

log = logging.getLogger(__name__)

# By xet, files go in groups of at most this much, so that progress can be told in between.
GROUP_FILES = 250
GROUP_BYTES = 256 << 20
TRIES_PER_DAMAGED_FILE = 3
PIECE_BYTES = 8 << 20


@dataclass(frozen=True)
class FetchProgress:
    """How far a download is."""

    done_bytes: int
    all_bytes: int


@dataclass(frozen=True)
class Fetched:
    """A whole folder: the commit it came from, and what is in it by path."""

    repo: Repo
    commit: str
    folder: Path
    files: dict[str, Checksums]

    @property
    def size_bytes(self) -> int:
        return sum(found.size_bytes for found in self.files.values())


OnProgress = Callable[[FetchProgress], None]


def fetch(
    hub: Hub,
    repo: Repo,
    commit: str,
    folder: Path,
    patterns: Sequence[str] = (),
    on_progress: OnProgress | None = None,
) -> Fetched:
    """Bring every file of a commit (that matches one of `patterns`, if given) into `folder`.

    Returns only when each file has the size and checksum that the Hub lists. Files that are there
    and right are kept, damaged ones are fetched again. Raises HubError; what is whole then stays,
    so a second call continues.
    """
    listed = [row for row in list_files(hub, repo, commit) if _is_wanted(row.path, patterns)]
    listed = [row for row in listed if not _is_unsafe_leaving(row.path)]
    for row in listed:
        _check_path(row.path)
    job = _Download(hub, repo, commit, folder, listed, on_progress)
    job.keep_what_is_right()
    if hub.goes_by_xet and not repo.is_folder:
        job.by_xet()
    job.by_http()
    return Fetched(repo, commit, folder, job.right)


class _Download:
    """What is right so far, and the two ways to get the rest."""

    def __init__(
        self,
        hub: Hub,
        repo: Repo,
        commit: str,
        folder: Path,
        listed: list[RemoteFile],
        on_progress: OnProgress | None,
    ) -> None:
        self._hub, self._repo, self._commit, self._folder = hub, repo, commit, folder
        self._listed, self._on_progress = listed, on_progress
        self._lock = threading.Lock()
        self.right: dict[str, Checksums] = {}

    @property
    def missing(self) -> list[RemoteFile]:
        return [row for row in self._listed if row.path not in self.right]

    def keep_what_is_right(self) -> None:
        for row in self.missing:
            self._accept(row)
        self._tell()

    def by_xet(self) -> None:
        """The library's snapshot, in groups. Whatever it leaves out or damages is left to HTTP."""
        for group in _groups([row for row in self.missing if row.sha256 is not None]):
            try:
                self._snapshot(group)
            except Exception as exc:
                # Every failure, of whatever library: plain HTTP comes next, and raises for good.
                log.warning("fetching %s by xet failed, going on by HTTP: %s", self._repo, exc)
                return
            finally:
                for row in group:
                    self._accept(row)
                self._tell()
                self._remove_notes()

    def _remove_notes(self) -> None:
        """The library's notes about each file; whatever else is in `.cache` is not ours."""
        notes = self._folder / ".cache" / "huggingface"
        shutil.rmtree(notes, ignore_errors=True)
        with contextlib.suppress(OSError):
            notes.parent.rmdir()

    def _snapshot(self, group: list[RemoteFile]) -> None:
        patience = self._hub.patience
        size = sum(row.size_bytes for row in group)
        within(
            patience.stall_seconds + size / patience.slow_bytes_per_second,
            lambda: _snapshot(
                self._hub.api, self._repo, self._commit, self._folder, group, patience.workers
            ),
            f"fetching {self._repo} by xet",
        )

    def by_http(self) -> None:
        """One GET per file that is still missing, each verified."""
        workers = self._hub.patience.workers
        if workers <= 1:
            for row in self.missing:
                self._fetch_one(row)
            return
        with ThreadPoolExecutor(workers, thread_name_prefix="hub-fetch") as pool:
            try:
                list(pool.map(self._fetch_one, self.missing))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _fetch_one(self, row: RemoteFile) -> None:
        for _ in range(TRIES_PER_DAMAGED_FILE):
            if self._repo.is_folder:
                self._download(row)
            else:
                doing = f"fetching {row.path} of {self._repo}"
                self._hub.read(doing, lambda: self._download(row))
            if self._accept(row):
                self._tell()
                return
        raise Damaged(
            f"{row.path} of {self._repo} arrived damaged {TRIES_PER_DAMAGED_FILE} times:"
            " its size or checksum is not the listed one."
        )

    def _download(self, row: RemoteFile) -> None:
        """Append to what an earlier try left of the file, then move it to its name."""
        target = self._folder / row.path
        half = target.with_name(target.name + ".part")
        half.parent.mkdir(parents=True, exist_ok=True)
        got = half.stat().st_size if half.exists() else 0
        if got > row.size_bytes:
            half.unlink()
            got = 0
        if got < row.size_bytes or row.size_bytes == 0:
            self._append(row, half, got)
        half.replace(target)

    def _append(self, row: RemoteFile, half: Path, got: int) -> None:
        if self._repo.is_folder:
            self._append_from_folder(row, half, got)
            return
        url = self._repo.file_url(self._hub.endpoint, self._commit, row.path)
        headers = {**self._hub.headers(), "Accept-Encoding": "identity"}
        if got:
            headers["Range"] = f"bytes={got}-"
        with self._hub.client().stream("GET", url, headers=headers) as response:
            if response.is_error:
                response.read()
            hf_raise_for_status(response)
            with half.open("ab" if response.status_code == 206 else "wb") as stream:
                for piece in response.iter_bytes():
                    stream.write(piece)

    def _append_from_folder(self, row: RemoteFile, half: Path, got: int) -> None:
        with half.open("ab") as stream:
            while got < row.size_bytes:
                piece = read_range(self._hub, self._repo, self._commit, row.path, got, PIECE_BYTES)
                if not piece:
                    return  # shorter than its list says: its hash tells
                stream.write(piece)
                got += len(piece)

    def _accept(self, row: RemoteFile) -> bool:
        """Count the file as right if it is; remove it if it is damaged."""
        path = self._folder / row.path
        if not path.is_file():
            return False
        found = Checksums.of(path)
        if not row.matches(found):
            path.unlink()
            return False
        with self._lock:
            self.right[row.path] = found
        return True

    def _tell(self) -> None:
        if self._on_progress is None:
            return
        with self._lock:
            done = sum(found.size_bytes for found in self.right.values())
            whole = sum(row.size_bytes for row in self._listed)
            self._on_progress(FetchProgress(done, whole))


def _snapshot(
    api: HfApi, repo: Repo, commit: str, folder: Path, group: list[RemoteFile], workers: int
) -> None:
    api.snapshot_download(
        repo.id,
        repo_type=repo.kind,
        revision=commit,
        local_dir=folder,
        allow_patterns=[_literal(row.path) for row in group],
        max_workers=workers,
    )


def _groups(rows: list[RemoteFile]) -> Iterator[list[RemoteFile]]:
    group: list[RemoteFile] = []
    for row in rows:
        size = sum(member.size_bytes for member in group)
        if group and (len(group) >= GROUP_FILES or size + row.size_bytes > GROUP_BYTES):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _is_wanted(path: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def files_below(folder: str) -> Sequence[str]:
    """The pattern of all files in a folder of the repo; none for the whole repo."""
    return (f"{_literal(folder)}/*",) if folder else ()


def _literal(path: str) -> str:
    """The glob that matches this path alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)


def _is_unsafe_leaving(path: str) -> bool:
    """Such as Finder's icon, with a line end in its name: no reason to refuse the files that are meant."""
    return is_left_behind(path) and safe_path(path) != path


def _check_path(path: str) -> None:
    """A repo is written by others: its names must stay inside our folder, whichever system that is on."""
    if safe_path(path) != path:
        raise HubRejected(
            f"The repo lists a file with an unsafe name: {path!r}.",
            hint="Fetch the others by their folder, or rename this one on the Hub.",
        )


__all__ = ["FetchProgress", "Fetched", "OnProgress", "fetch"]
