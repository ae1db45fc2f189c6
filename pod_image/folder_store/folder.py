"""The folder itself: versions that are there whole or not at all, tags for those that stay, and a proof of each file.

The newest version lies open, as plain files that a person uses. What only a tagged version has lies below `.launcher`
beside the lists, by its hash; what no tag names goes when it is replaced, so that old checkpoints fill no disk.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from pod_image.contract.paths import safe_path
from pod_image.contract.whole_file import write_whole
from pod_image.folder_store.contents import Contents, FileSums
from pod_image.folder_store.trouble import FolderFault, FolderTrouble

OURS = ".launcher"
CARD = "README.md"
MOST_LISTS = 50
"""Versions that can still be named by their commit, beside those with a tag."""
LEFT_SECONDS = 86_400.0
"""A piece that was sent so long ago, and never put, is nobody's any more."""
_NEWEST = ("", "main")
_COMING = re.compile(r"[0-9a-f]{16}")
"""What files are copied into before they take their places."""


@dataclass(frozen=True)
class OwnFolder:
    """Every call raises FolderTrouble. Safe beside other processes: each change is made under a lock of the system."""

    root: Path

    @property
    def ours(self) -> Path:
        return self.root / OURS

    def is_there(self) -> bool:
        return (self.ours / "newest.json").is_file()

    def may_be_written(self) -> bool:
        """Whether it, or the nearest folder above that is there, can be written to. Changes nothing."""
        nearest = self.ours if self.ours.exists() else self.root
        while not nearest.exists() and nearest != nearest.parent:
            nearest = nearest.parent
        return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)

    def ensure(self) -> bool:
        """See to it that it is there and can be written to; True when it was made one of ours now."""
        with _usable(self.root):
            self.ours.mkdir(parents=True, exist_ok=True)
            for name in ("lists", "kept", "coming"):
                (self.ours / name).mkdir(exist_ok=True)
        with self._locked(needs_folder=False):
            if self.is_there():
                return False
            self._write("newest", Contents.of({}, "", secrets.token_hex(16)).to_json())
            self._write("tags", "{}")
            return True

    def commit(self, revision: str = "") -> str:
        """What a tag, a commit or nothing (the newest) means now."""
        with self._locked():
            return self._contents(revision).commit

    def tags(self) -> dict[str, str]:
        with self._locked():
            return self._tags()

    def tag(self, commit: str, name: str) -> None:
        """Name a version, which then stays. Silent where the name is taken: whose it is, is looked at."""
        with self._locked():
            contents, tags = self._contents(commit), self._tags()
            self._write(f"lists/{contents.commit}", contents.to_json())
            self._write("tags", json.dumps({name: contents.commit, **tags}))

    def files(self, revision: str = "", under: str = "") -> dict[str, FileSums]:
        with self._locked():
            return self._contents(revision).below(under)

    def proven(self, commit: str, paths: Collection[str]) -> dict[str, FileSums]:
        """What these files really are on the disk, each read again from there; those that are absent are left out."""
        with self._locked():
            listed = self._contents(commit).files
            found = {path: self._where(path, listed[path]) for path in paths if path in listed}
        read = {}
        for path, where in found.items():
            with suppress(FileNotFoundError), _usable(where):
                read[path] = FileSums.of(where)
        return read

    def read(self, revision: str, path: str, start: int, length: int) -> bytes:
        """Fewer bytes where the file ends."""
        with self._locked(), _usable(self.root):
            listed = self._contents(revision).files
            if path not in listed:
                raise FolderTrouble(FolderFault.NOT_IN_IT, f"{self.root} has no file {path}.")
            try:
                with self._where(path, listed[path]).open("rb") as stream:
                    stream.seek(start)
                    return stream.read(length)
            except FileNotFoundError:
                raise FolderTrouble(
                    FolderFault.NOT_IN_IT,
                    f"{path} was delivered to {self.root}, and no longer exists there.",
                    "Put it back, if you have moved it.",
                ) from None

    def read_card(self) -> bytes | None:
        """README.md as it stands there, whoever wrote it."""
        with suppress(FileNotFoundError), _usable(self.root):
            return (self.root / CARD).read_bytes()
        return None

    def put(
        self,
        files: Mapping[str, Path | bytes],
        message: str,
        *,
        deletes: Collection[str] = (),
        parent: str = "",
    ) -> str:
        """One new version with these files; its commit. With `parent` it follows that one or is not made at all.

        What is there already, by its hash, is left alone; when nothing is left there is no new version.
        """
        for path in files:
            if safe_path(path) != path or path.split("/")[0] == OURS:
                raise FolderTrouble(
                    FolderFault.REFUSED, f"{path!r} cannot be a file of {self.root}."
                )
        coming = self.ours / "coming" / secrets.token_hex(8)
        self.ensure()
        held = -1
        try:
            with self._locked(), _usable(self.root):
                coming.mkdir()
                held = os.open(coming / "held", os.O_RDWR | os.O_CREAT)
                _lock(held)
                self._drop_leavings(coming)
            with _usable(self.root):
                sums = {
                    path: _bring(content, coming / str(number))
                    for number, (path, content) in enumerate(files.items())
                }
            with self._locked():
                return self._follow(coming, sums, message, deletes, parent)
        finally:
            if _document(self.ours / "change.json").get("coming") != coming.name:
                shutil.rmtree(coming, ignore_errors=True)  # else whoever comes next finishes it
            if held >= 0:
                os.close(held)

    def _drop_leavings(self, mine: Path) -> None:
        """What was copied here by a process that was killed meanwhile: else it fills the disk for ever."""
        for left in (self.ours / "coming").iterdir():
            if left == mine or not _COMING.fullmatch(left.name):
                continue
            with suppress(OSError):
                held = os.open(left / "held", os.O_RDWR | os.O_CREAT)
                try:
                    if _lock(held, waits=False):
                        shutil.rmtree(left, ignore_errors=True)
                finally:
                    os.close(held)
        for piece in self.ours.glob("sent-*"):
            with suppress(OSError):
                if time.time() - piece.stat().st_mtime > LEFT_SECONDS:
                    piece.unlink()

    def _follow(
        self,
        coming: Path,
        sums: Mapping[str, FileSums],
        message: str,
        deletes: Collection[str],
        parent: str,
    ) -> str:
        now = self._contents()
        new = {
            path: each
            for path, each in sums.items()
            if now.files.get(path) != each or not self._lies_there(path, each)
        }
        gone = [path for path in deletes if path in now.files and path not in sums]
        if not new and not gone:
            return now.commit
        if parent and parent != now.commit:
            raise FolderTrouble(FolderFault.OVERTAKEN, f"{self.root} has changed meanwhile.")
        self._refuse_strangers(now, new)
        self._make_way(new)
        left = {path: each for path, each in now.files.items() if path not in gone}
        following = Contents.of({**left, **new}, now.commit, message)
        numbers = {path: number for number, path in enumerate(sums)}
        self._write(f"lists/{now.commit}", now.to_json())
        self._write(
            "change",
            json.dumps(
                {
                    "coming": str(coming.name),
                    "moves": [[numbers[path], path] for path in new],
                    "gone": gone,
                    "list": following.to_json(),
                }
            ),
        )
        self._finish_change(now)
        self._forget_lists()
        return following.commit

    def _refuse_strangers(self, now: Contents, new: Mapping[str, FileSums]) -> None:
        """A file that a person put there is not written over; the card is theirs and ours."""
        for path, sums in new.items():
            target = self.root / path
            if path in now.files or path == CARD or not target.exists():
                continue
            with _usable(target):
                if not target.is_file() or FileSums.of(target) != sums:
                    raise FolderTrouble(
                        FolderFault.REFUSED,
                        f"{target} is there already, and no run has delivered it.",
                        "Move it away, or give the results another folder.",
                    )

    def _lies_there(self, path: str, sums: FileSums) -> bool:
        """Read again: a list does not know what became of a file since."""
        try:
            return FileSums.of(self.root / path) == sums
        except OSError:
            return False

    def _make_way(self, new: Collection[str]) -> None:
        """What would keep a file from its place is found now: a change that is begun must be finished by whoever
        comes next, and one that can never be would shut the folder for all."""
        with _usable(self.root):
            disk = self.root.stat().st_dev
            for path in new:
                target, is_free = self.root / path, False
                try:
                    if not self._is_inside(path):
                        raise NotADirectoryError
                    target.parent.mkdir(parents=True, exist_ok=True)
                    is_free = target.parent.stat().st_dev == disk and not target.is_dir()
                except (FileExistsError, NotADirectoryError):
                    pass
                if not is_free or not os.access(target.parent, os.W_OK | os.X_OK):
                    raise FolderTrouble(
                        FolderFault.REFUSED,
                        f"{target} cannot be written: a file, a folder, a link or another disk is in its place.",
                        "Move that away, or give the results another folder.",
                    )

    def _is_inside(self, path: str) -> bool:
        """Whether a file of that name lies below the folder, wherever links lead that somebody put there."""
        if safe_path(path) != path or path.split("/")[0] == OURS:
            return False
        parent = Path(os.path.realpath((self.root / path).parent))
        return parent.is_relative_to(os.path.realpath(self.root))

    def _change(self) -> dict[str, Any]:
        """What `change.json` says. A run in a container can write it, and whoever finishes it may be outside: it names
        nothing beyond the folder, or nothing of it is done."""
        change = _document(self.ours / "change.json")
        coming = str(change.get("coming"))
        real = Path(os.path.realpath(self.ours / "coming" / coming))
        try:
            paths = [*(str(path) for _, path in change["moves"]), *map(str, change["gone"])]
            is_ours = all(isinstance(number, int) for number, _ in change["moves"])
        except (KeyError, TypeError, ValueError):
            paths, is_ours = [], False
        is_ours &= bool(_COMING.fullmatch(coming)) and all(map(self._is_inside, paths))
        if not is_ours or real != Path(os.path.realpath(self.root), OURS, "coming", coming):
            raise FolderTrouble(
                FolderFault.DAMAGED,
                f"{self.ours / 'change.json'} is not a change that this program makes.",
            )
        return change

    def _finish_change(self, before: Contents) -> None:
        """Do what `change.json` says, from the beginning or from wherever a kill stopped it."""
        change, kept = self._change(), self._kept_hashes()
        coming = self.ours / "coming" / str(change["coming"])
        with _usable(self.root):
            for number, path in change["moves"]:
                source, target = coming / str(number), self.root / path
                if source.exists():  # else it was moved before
                    self._put_aside(path, before, kept)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    source.replace(target)
            for path in change["gone"]:
                self._put_aside(path, before, kept)
                _remove_empty(self.root, (self.root / path).parent)
            self._write("newest", str(change["list"]))
            (self.ours / "change.json").unlink()
            shutil.rmtree(coming, ignore_errors=True)

    def _put_aside(self, path: str, before: Contents, kept: Collection[str]) -> None:
        """What is there now makes room: kept by its hash where a tagged version has it, else removed."""
        target, sums = self.root / path, before.files.get(path)
        if sums is None or not target.is_file():
            return
        place = self.ours / "kept" / sums.sha256
        if sums.sha256 in kept and not place.exists() and self._lies_there(path, sums):
            target.replace(place)
        else:
            target.unlink()

    def _kept_hashes(self) -> set[str]:
        lists = (Contents.read(self._list(commit)) for commit in set(self._tags().values()))
        return {sums.sha256 for each in lists if each for sums in each.files.values()}

    def _forget_lists(self) -> None:
        tagged = set(self._tags().values())
        lists = sorted((self.ours / "lists").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for path in [each for each in lists if each.stem not in tagged][:-MOST_LISTS]:
            path.unlink(missing_ok=True)

    def _where(self, path: str, sums: FileSums) -> Path:
        """The file that has this content: where it lies open, or else where it is kept."""
        newest = self._contents()
        if newest.files.get(path) == sums:
            return self.root / path
        kept = self.ours / "kept" / sums.sha256
        if kept.is_file():
            return kept
        if (elsewhere := newest.path_of(sums.sha256)) is not None:
            return self.root / elsewhere
        raise FolderTrouble(
            FolderFault.NOT_IN_IT,
            f"{path} of that version was replaced, and no tag had kept it.",
        )

    def _contents(self, revision: str = "") -> Contents:
        newest = Contents.read(self.ours / "newest.json")
        if newest is None:
            raise FolderTrouble(
                FolderFault.DAMAGED, f"The list of what {self.root} holds cannot be read."
            )
        if revision in _NEWEST or revision == newest.commit:
            return newest
        wanted = self._tags().get(revision, revision)
        if wanted == newest.commit:
            return newest
        found = Contents.read(self._list(wanted)) if wanted.isalnum() else None
        if found is None:
            raise FolderTrouble(FolderFault.NOT_IN_IT, f"{self.root} has no version {revision}.")
        return found

    def _tags(self) -> dict[str, str]:
        return {
            str(name): str(commit) for name, commit in _document(self.ours / "tags.json").items()
        }

    def _list(self, commit: str) -> Path:
        return self.ours / "lists" / f"{commit}.json"

    def _write(self, name: str, text: str) -> None:
        with _usable(self.root):
            write_whole(self.ours / f"{name}.json", text, is_durable=True)

    @contextmanager
    def _locked(self, *, needs_folder: bool = True) -> Iterator[None]:
        """No other process changes it meanwhile, and a change that a kill has stopped is finished."""
        if needs_folder and not self.is_there():
            raise FolderTrouble(
                FolderFault.NO_FOLDER, f"Nothing was ever delivered to {self.root}."
            )
        with _usable(self.root):
            try:
                lock = os.open(self.ours / "lock", os.O_RDWR | os.O_CREAT, 0o666)
            except OSError:  # whoever may only read may do that
                lock = os.open(self.ours / "lock", os.O_RDONLY)
        try:
            with _usable(self.root):
                _lock(lock)
            if (self.ours / "change.json").exists():
                self._finish_change(self._contents())
            yield
        finally:
            os.close(lock)


def _lock(descriptor: int, *, waits: bool = True) -> bool:
    """Have it for as long as it is open. False where another process has it, and this one does not wait."""
    try:
        import fcntl  # absent on Windows, where the rest of the launcher works
    except ModuleNotFoundError:
        raise FolderTrouble(
            FolderFault.NOT_TO_BE_WRITTEN,
            "A results folder on this computer needs Linux or macOS.",
            "Give a results repo, or the folder of a machine that ssh reaches.",
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _bring(content: Path | bytes, target: Path) -> FileSums:
    """A copy on that disk, whole and through to it, with the hash of what was read."""
    with target.open("wb") as out:
        if isinstance(content, bytes):
            sums = FileSums.copying(BytesIO(content), out, len(content))
        else:
            with content.open("rb") as source:
                sums = FileSums.copying(source, out, content.stat().st_size)
        out.flush()
        os.fsync(out.fileno())
    return sums


def _remove_empty(root: Path, folder: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    """What the system refuses, as trouble with the folder."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (PermissionError, NotADirectoryError) as exc:
        raise FolderTrouble(
            FolderFault.NOT_TO_BE_WRITTEN,
            f"{exc.filename or path} cannot be used: {exc.strerror}.",
            "Choose a folder that you may write to.",
        ) from exc
    except OSError as exc:
        raise FolderTrouble(
            FolderFault.UNUSABLE, f"{exc.filename or path} cannot be used: {exc.strerror}."
        ) from exc
