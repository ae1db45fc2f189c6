"""The folder itself: versions that are there whole or not at all, tags for those that stay, and a proof of each file.

The newest version lies open, as plain files that a person uses. What only a tagged version has lies below `.launcher`
beside the lists, by its hash; what no tag names goes when it is replaced, so that old checkpoints fill no disk.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shlex
import stat
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from pod_image.contract.paths import safe_path
from pod_image.contract.patient_lock import have_lock
from pod_image.folder_store.below import Below, NotPlain
from pod_image.folder_store.contents import Contents, FileSums
from pod_image.folder_store.trouble import FolderFault, FolderTrouble
from pod_image.folder_store.width import too_wide

OURS = ".launcher"
CARD = "README.md"
MOST_LISTS = 50
"""Versions that can still be named by their commit, beside those with a tag."""
LEFT_SECONDS = 86_400.0
"""A piece that was sent so long ago, and never put, is nobody's any more."""
PATIENCE_SECONDS = 60.0
"""How long another process may keep the folder locked; whoever waits gives up then, and may try again."""
_NEWEST = ("", "main")
_COMING = re.compile(r"[0-9a-f]{16}")
"""What files are copied into before they take their places."""


@dataclass(frozen=True)
class Sent:
    """A file that was sent to the folder in pieces, by `OwnFolder.receive`; `name` is 16 hexadecimal digits."""

    name: str

    @property
    def path(self) -> str:
        if not _COMING.fullmatch(self.name):
            raise FolderTrouble(
                FolderFault.REFUSED, "That cannot be the name of a file that was sent."
            )
        return f"{OURS}/sent-{self.name}"


Content = Path | bytes | Sent


@dataclass(frozen=True)
class OwnFolder:
    """Every call raises FolderTrouble. Safe beside other processes: each change is made under a lock of the system."""

    root: Path
    patience_seconds: float = PATIENCE_SECONDS

    @property
    def ours(self) -> Path:
        return self.root / OURS

    @property
    def _below(self) -> Below:
        return Below(self.root)

    def is_there(self) -> bool:
        with _usable(self.root):
            return (self.ours / "newest.json").is_file()

    def too_wide(self) -> str:
        return too_wide(self.root)

    def has_others(self) -> bool:
        """Whether something is in it before anything was ever delivered to it."""
        if self.is_there() or not self.root.is_dir():
            return False
        with _usable(self.root):
            return any(name != OURS for name in self._below.names(""))

    def may_be_written(self) -> bool:
        """Whether it, or the nearest folder above that is there, can be written to. Changes nothing."""
        with _usable(self.root):
            nearest = self.ours if self.ours.exists() else self.root
            while not nearest.exists() and nearest != nearest.parent:
                nearest = nearest.parent
            return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)

    def ensure(self) -> bool:
        """See to it that it is there and can be written to; True when it was made one of ours now."""
        with _usable(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            for name in ("lists", "kept", "coming"):
                with self._below.folder(f"{OURS}/{name}", makes=True):
                    pass
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
        with self._locked(), _usable(self.root):
            listed = self._contents(commit).files
            found = {path: self._where(path, listed[path]) for path in paths if path in listed}
        read = {}
        for path, where in found.items():
            with suppress(FileNotFoundError), _usable(self.root):
                read[path] = self._sums(where)
        return read

    def read(self, revision: str, path: str, start: int, length: int) -> bytes:
        """Fewer bytes where the file ends."""
        with self._locked(), _usable(self.root):
            listed = self._contents(revision).files
            if path not in listed:
                raise FolderTrouble(FolderFault.NOT_IN_IT, f"{self.root} has no file {path}.")
            try:
                with self._below.reading(self._where(path, listed[path])) as (stream, _):
                    stream.seek(start)
                    return stream.read(length)
            except FileNotFoundError:
                raise FolderTrouble(
                    FolderFault.NOT_IN_IT,
                    f"{path} was delivered to {self.root}, and no longer exists there.",
                    "Put it back, if you have moved it.",
                ) from None

    def read_card(self) -> bytes | None:
        """README.md as it stands there, whoever wrote it; a link in its place is none."""
        with suppress(FileNotFoundError), _usable(self.root):
            found = self._below.status(CARD)
            if found is not None and stat.S_ISREG(found.st_mode):
                return self._below.read(CARD)
        return None

    def receive(self, sent: Sent, piece: bytes) -> None:
        """A piece of a file that is put later, behind those that came before."""
        self.ensure()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with _usable(self.root), os.fdopen(self._below.open(sent.path, flags), "ab") as file:
            file.write(piece)

    def forget(self, sent: Sent) -> None:
        """It was put, or never will be."""
        with suppress(OSError):
            self._below.remove(sent.path)

    def put(
        self,
        files: Mapping[str, Content],
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
        name, below = secrets.token_hex(8), self._below
        coming = _coming(name)
        self.ensure()
        held = -1
        try:
            with self._locked(), _usable(self.root):
                below.make_folder(coming)
                held = below.open(f"{coming}/held", os.O_RDWR | os.O_CREAT)
                _lock(held)
                self._drop_leavings(name)
            with _usable(self.root):
                sums = {
                    path: self._bring(content, f"{coming}/{number}")
                    for number, (path, content) in enumerate(files.items())
                }
            with self._locked():
                return self._follow(name, sums, message, deletes, parent)
        finally:
            if not self._may_be_begun(name):
                below.remove_all(coming)  # else whoever comes next finishes it
            if held >= 0:
                os.close(held)

    def _may_be_begun(self, name: str) -> bool:
        """Also where nobody can tell: a change that is begun needs what was copied."""
        try:
            return self._document("change").get("coming") == name
        except FolderTrouble:
            return True

    def _bring(self, content: Content, target: str) -> FileSums:
        """A copy on that disk, whole and through to it, with the hash of what was read."""
        opened = self._below.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(opened, "wb") as out, self._opened(content) as (source, size_bytes):
            sums = FileSums.copying(source, out, size_bytes)
            out.flush()
            os.fsync(out.fileno())
        return sums

    @contextmanager
    def _opened(self, content: Content) -> Iterator[tuple[BinaryIO, int]]:
        if isinstance(content, bytes):
            yield BytesIO(content), len(content)
        elif isinstance(content, Sent):
            with self._below.reading(content.path) as found:
                yield found
        else:
            with content.open("rb") as source:
                yield source, content.stat().st_size

    def _drop_leavings(self, mine: str) -> None:
        """What was copied here by a process that was killed meanwhile: else it fills the disk for ever."""
        below = self._below
        for name in below.names(f"{OURS}/coming"):
            if name == mine or not _COMING.fullmatch(name):
                continue
            with suppress(OSError):
                held = below.open(f"{_coming(name)}/held", os.O_RDWR | os.O_CREAT)
                try:
                    if _lock(held):
                        below.remove_all(_coming(name))
                finally:
                    os.close(held)
        for name in below.names(OURS):
            with suppress(OSError):
                piece = below.status(f"{OURS}/{name}") if name.startswith("sent-") else None
                if piece is not None and time.time() - piece.st_mtime > LEFT_SECONDS:
                    below.remove(f"{OURS}/{name}")

    def _follow(
        self,
        coming: str,
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
        if parent and parent != now.commit:
            # Also where nothing is left to change: somebody else has made the same change, which is not ours.
            raise FolderTrouble(FolderFault.OVERTAKEN, f"{self.root} has changed meanwhile.")
        if not new and not gone:
            return now.commit
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
                    "coming": coming,
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
            with _usable(self.root):
                if path in now.files or path == CARD or not self._below.is_there(path):
                    continue
                if not self._lies_there(path, sums):
                    raise FolderTrouble(
                        FolderFault.REFUSED,
                        f"{self.root / path} is there already, and no run has delivered it.",
                        "Move it away, or give the results another folder.",
                    )

    def _lies_there(self, path: str, sums: FileSums) -> bool:
        """Read again: a list does not know what became of a file since."""
        try:
            return self._sums(path) == sums
        except OSError:
            return False

    def _sums(self, path: str) -> FileSums:
        """Raises OSError."""
        with self._below.reading(path) as (stream, size_bytes):
            return FileSums.copying(stream, None, size_bytes)

    def _make_way(self, new: Collection[str]) -> None:
        """What would keep a file from its place is found now: a change that is begun must be finished by whoever
        comes next, and one that can never be would shut the folder for all."""
        with _usable(self.root):
            disk = self.root.stat().st_dev
            for path in new:
                is_free = self._is_inside(path) and not self._below.is_folder(path)
                if is_free:
                    is_free = self._may_take(path.rpartition("/")[0], disk)
                if not is_free:
                    raise FolderTrouble(
                        FolderFault.REFUSED,
                        f"{self.root / path} cannot be written: a file, a folder, a link or another disk is in its "
                        "place.",
                        "Move that away, or give the results another folder.",
                    )

    def _may_take(self, parent: str, disk: int) -> bool:
        """Whether files can be moved into that folder, which is made where it is absent."""
        try:
            with self._below.folder(parent, makes=True) as here:
                may_write = os.access(".", os.W_OK | os.X_OK, dir_fd=here)
                return may_write and os.fstat(here).st_dev == disk
        except OSError as exc:
            if exc.errno == errno.ENOTDIR:
                return False
            raise

    def _is_inside(self, path: str) -> bool:
        """Whether a file of that name lies below the folder, wherever links lead that somebody put there."""
        if safe_path(path) != path or path.split("/")[0] == OURS:
            return False
        parent = Path(os.path.realpath((self.root / path).parent))
        return parent.is_relative_to(os.path.realpath(self.root))

    def _change(self) -> dict[str, Any]:
        """What `change.json` says. A run in a container can write it, and whoever finishes it may be outside: it names
        nothing beyond the folder, or nothing of it is done."""
        change = self._document("change")
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
        below, coming = self._below, _coming(str(change["coming"]))
        with _usable(self.root):
            for number, path in change["moves"]:
                if below.is_there(f"{coming}/{number}"):  # else it was moved before
                    self._put_aside(path, before, kept)
                    with below.folder(path.rpartition("/")[0], makes=True):
                        pass
                    below.move(f"{coming}/{number}", path)
            for path in change["gone"]:
                self._put_aside(path, before, kept)
                self._remove_empty(path.rpartition("/")[0])
            self._write("newest", str(change["list"]))
            below.remove(f"{OURS}/change.json")
            below.remove_all(coming)

    def _put_aside(self, path: str, before: Contents, kept: Collection[str]) -> None:
        """What is there now makes room: kept by its hash where a tagged version has it, else removed."""
        below, sums = self._below, before.files.get(path)
        if sums is None or not below.is_there(path) or below.is_folder(path):
            return
        place = _kept(sums)
        if sums.sha256 in kept and not below.is_there(place) and self._lies_there(path, sums):
            below.move(path, place)
        else:
            below.remove(path)

    def _remove_empty(self, folder: str) -> None:
        while folder:
            try:
                self._below.remove_empty_folder(folder)
            except OSError:
                return
            folder = folder.rpartition("/")[0]

    def _kept_hashes(self) -> set[str]:
        lists = (self._list(commit) for commit in set(self._tags().values()))
        return {sums.sha256 for each in lists if each for sums in each.files.values()}

    def _forget_lists(self) -> None:
        tagged, below = {f"{commit}.json" for commit in self._tags().values()}, self._below
        with _usable(self.root):
            ages = {}
            for name in below.names(f"{OURS}/lists"):
                found = below.status(f"{OURS}/lists/{name}")
                if found is not None and name not in tagged:
                    ages[name] = found.st_mtime_ns
            for name in sorted(ages, key=ages.__getitem__)[:-MOST_LISTS]:
                below.remove(f"{OURS}/lists/{name}")

    def _where(self, path: str, sums: FileSums) -> str:
        """The file that has this content: where it lies open, or else where it is kept."""
        newest = self._contents()
        if newest.files.get(path) == sums:
            return path
        if self._below.is_there(kept := _kept(sums)):
            return kept
        if (elsewhere := newest.path_of(sums.sha256)) is not None:
            return elsewhere
        raise FolderTrouble(
            FolderFault.NOT_IN_IT,
            f"{path} of that version was replaced, and no tag had kept it.",
        )

    def _contents(self, revision: str = "") -> Contents:
        newest = Contents.parse(self._raw("newest"))
        if newest is None:
            raise FolderTrouble(
                FolderFault.DAMAGED, f"The list of what {self.root} holds cannot be read."
            )
        if revision in _NEWEST or revision == newest.commit:
            return newest
        wanted = self._tags().get(revision, revision)
        if wanted == newest.commit:
            return newest
        found = self._list(wanted) if wanted.isalnum() else None
        if found is None:
            raise FolderTrouble(FolderFault.NOT_IN_IT, f"{self.root} has no version {revision}.")
        return found

    def _tags(self) -> dict[str, str]:
        return {str(name): str(commit) for name, commit in self._document("tags").items()}

    def _list(self, commit: str) -> Contents | None:
        return Contents.parse(self._raw(f"lists/{commit}"))

    def _document(self, name: str) -> dict[str, Any]:
        try:
            document = json.loads(self._raw(name))
        except (ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}

    def _raw(self, name: str) -> bytes:
        """What a file of ours says; nothing where there is none. One that cannot be read is trouble: without the tags
        what they keep would be removed."""
        try:
            with _usable(self.root):
                return self._below.read(f"{OURS}/{name}.json")
        except FileNotFoundError:
            return b""

    def _write(self, name: str, text: str) -> None:
        with _usable(self.root):
            self._below.write(f"{OURS}/{name}.json", text)

    @contextmanager
    def _locked(self, *, needs_folder: bool = True) -> Iterator[None]:
        """No other process changes it meanwhile, and a change that a kill has stopped is finished."""
        if needs_folder and not self.is_there():
            raise FolderTrouble(
                FolderFault.NO_FOLDER, f"Nothing was ever delivered to {self.root}."
            )
        lock = self._lock_file()
        try:
            with _usable(self.root):
                if not _lock(lock, self.patience_seconds):
                    raise FolderTrouble(
                        FolderFault.UNUSABLE,
                        f"Another program has kept {self.root} locked for {self.patience_seconds:.0f} seconds.",
                        f"`fuser -v {shlex.quote(str(self.ours / 'lock'))}` says which: wait for it, or end it.",
                    )
                is_begun = self._below.is_there(f"{OURS}/change.json")
            if is_begun:
                self._finish_change(self._contents())
            yield
        finally:
            os.close(lock)

    def _lock_file(self) -> int:
        path = f"{OURS}/lock"
        with _usable(self.root):
            try:
                return self._below.open(path, os.O_RDWR | os.O_CREAT)
            except NotPlain as exc:
                raise FolderTrouble(FolderFault.DAMAGED, f"{self.root / path} is no file.") from exc
            except OSError:  # whoever may only read may do that
                return self._below.open(path)


def _lock(descriptor: int, patience_seconds: float = 0.0) -> bool:
    """Have it for as long as it is open. False where another process has it for all of that time."""
    try:
        return have_lock(descriptor, patience_seconds)
    except ModuleNotFoundError:
        raise FolderTrouble(
            FolderFault.NOT_TO_BE_WRITTEN,
            "A results folder on this computer needs Linux or macOS.",
            "Give a results repo, or the folder of a machine that ssh reaches.",
        ) from None


def _coming(name: str) -> str:
    return f"{OURS}/coming/{name}"


def _kept(sums: FileSums) -> str:
    return f"{OURS}/kept/{sums.sha256}"


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
