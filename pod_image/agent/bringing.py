"""What a run brings along from the person's computer: fetched, held to the plan, put below the command's folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from pod_image.agent.ports import HubTrouble
from pod_image.agent.run import Run
from pod_image.contract.brought import (
    FOLDER,
    BroughtFile,
    BroughtList,
    changed,
    files_folder,
    list_path,
)
from pod_image.contract.contract_error import ContractError

_SCRATCH = ".brought.unfinished"


async def bring(run: Run) -> None:
    """Put every file where the plan wants it, again at each start. Raises HubTrouble; a refusal where one is not its.

    A file that is on this disk and right is not fetched again, but always put anew: the command may have changed it.
    """
    sha256 = run.document.brought_sha256
    if not sha256:
        return
    blocking, store = run.ports.run_blocking, run.folder.root / FOLDER
    try:
        listed = await _list_of(run, sha256)
        if await blocking(partial(_wrong, listed.files, store)):
            there = await blocking(partial(run.hub.listing, files_folder(sha256)))
            start = f"{files_folder(sha256)}/"
            listed.refuse_changed({one.path.removeprefix(start): one.size_bytes for one in there})
            below = files_folder(sha256)
            await blocking(partial(run.hub.fetch_results, [below], store, below))
            if wrong := await blocking(partial(_wrong, listed.files, store)):
                raise changed(wrong[0].path)
    except ContractError as exc:
        raise HubTrouble(exc.message, hint=exc.hint, is_refusal=True) from exc
    await blocking(partial(_place_all, listed.files, store, run.folder.prepared))
    for top in sorted({file.path.partition("/")[0] for file in listed.files}):
        run.ports.processes.hand_over(run.folder.prepared / top, run.user)


async def _list_of(run: Run, sha256: str) -> BroughtList:
    content = await run.ports.run_blocking(partial(run.hub.read, list_path(sha256)))
    return BroughtList.from_json(content, sha256)


def _wrong(files: Sequence[BroughtFile], store: Path) -> list[BroughtFile]:
    """Those that are absent, or have another content."""
    return [file for file in files if not _is_right(file, store / file.path)]


def _is_right(file: BroughtFile, path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def _place_all(files: Sequence[BroughtFile], store: Path, folder: Path) -> None:
    for file in files:
        place(store / file.path, folder, file.path, is_executable=file.is_executable)


def place(source: Path, folder: Path, below: str, *, is_executable: bool) -> None:
    """A copy of `source` at `folder`/`below`, whole or not at all. Raises OSError.

    The folder is the command's, which may have left links in it: none is followed, whatever stands in the way goes.
    """
    *parents, name = below.split("/")
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for part in parents:
            inner = _folder(at, part)
            os.close(at)
            at = inner
        _copy(source, at, name, 0o755 if is_executable else 0o644)
    finally:
        os.close(at)


def _folder(at: int, name: str) -> int:
    """The folder of that name in the open one, made where there is none."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=at)
    try:
        return os.open(name, flags, dir_fd=at)
    except OSError:
        os.unlink(name, dir_fd=at)  # a link, or a file
        os.mkdir(name, 0o755, dir_fd=at)
        return os.open(name, flags, dir_fd=at)


def _copy(source: Path, at: int, name: str, mode: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(_SCRATCH, dir_fd=at)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with (
        source.open("rb") as content,
        os.fdopen(os.open(_SCRATCH, flags, mode, dir_fd=at), "wb") as copy,
    ):
        shutil.copyfileobj(content, copy, 1 << 20)
        os.fchmod(copy.fileno(), mode)
    if _is_folder(at, name):
        shutil.rmtree(name, dir_fd=at)
    os.replace(_SCRATCH, name, src_dir_fd=at, dst_dir_fd=at)


def _is_folder(at: int, name: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False
