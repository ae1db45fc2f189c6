"""What a push would do to what a repo holds already: told before, so that nothing is replaced or mixed unasked."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from launcher.errors import InvalidRequest
from launcher.workshop.card import BEGIN
from launcher.workshop.hub_source import HubSource, open_repo
from launcher.workshop.licence import CARD
from launcher.workshop.shards import SHARD_PREFIX
from launcher.workshop.table import CLIPS_FOLDER, TABLE
from pod_image.contract.figures import counted
from pod_image.contract.findings import Severity
from pod_image.dataset import Entry, FileSource, Survey, survey
from pod_image.dataset.archives import OpenedSource, is_archive
from pod_image.dataset.choice import TABLE_ENDINGS
from pod_image.dataset.endings import AUDIO_ENDINGS
from pod_image.dataset.weighing import TABLE_NAMES
from pod_image.hub import Checksums, Hub, RemoteFile, Repo, RepoMissing, list_files, read_bytes

NOT_DATA = (CARD, ".gitattributes")
NAMED = 5
"""So many names are said of each kind; the rest is counted."""
MOST_REMEMBERED_BYTES = 64 * 2**20


@dataclass(frozen=True)
class PushLook:
    """A repo at one commit (None: it does not exist yet), and what a push of one dataset would do to it."""

    repo_id: str
    commit: str | None = None
    is_public: bool = False
    clips: int = 0
    replaced: tuple[str, ...] = ()
    """Clips whose sound would be another's."""
    retexted: tuple[str, ...] = ()
    """Clips whose text or speaker would be another."""
    removed: tuple[str, ...] = ()
    """Clips of an earlier push that this dataset does not have."""
    unnamed: tuple[str, ...] = ()
    """Clips of others that would stay there, and that the new table does not name."""
    in_the_way: tuple[str, ...] = ()
    """Tables and archives that would be read with the new table: they go."""
    deletes: tuple[str, ...] = field(default=(), repr=False)
    """Every file that goes."""
    notes: tuple[str, ...] = field(default=(), compare=False)
    """What is said of the dataset itself before it is sent; nobody has to agree to it."""

    @property
    def holds_other_data(self) -> bool:
        """Whether a person has to agree first."""
        return any((self.replaced, self.retexted, self.removed, self.unnamed, self.in_the_way))

    @property
    def consequences(self) -> tuple[str, ...]:
        """What would happen, a sentence for each kind, with its count and first names."""
        kinds = (
            (self.replaced, "clip", "would be replaced by another of the same name",
             "would be replaced by others of the same name"),
            (self.retexted, "clip", "would get another text", "would get other texts"),
            (self.removed, "clip", "would be deleted, since this dataset does not have it",
             "would be deleted, since this dataset does not have them"),
            (self.unnamed, "clip", "would stay without a text: the new table does not name it",
             "would stay without a text: the new table does not name them"),
            (self.in_the_way, "file", "would be deleted, since it would be mixed with the new table",
             "would be deleted, since they would be mixed with the new table"),
        )  # fmt: skip
        return tuple(
            f"{counted(len(names), noun)} {one if len(names) == 1 else many} ({named_first(names)})."
            for names, noun, one, many in kinds
            if names
        )


def look_before_push(
    hub: Hub, repo_id: str, found: Survey, table: bytes, planned: Iterable[str], last_push: str
) -> PushLook:
    """Look at the repo. `planned` are all files of the push; `last_push` the commit that this dataset's last one made.

    What stands there as that push left it is the dataset's own, and nobody is asked about it. Blocking; HubError.
    """
    repo = Repo(repo_id, "dataset")
    try:
        there = open_repo(hub, repo_id)
    except RepoMissing:
        return PushLook(repo_id)
    info = hub.ask(f"looking up {repo}", lambda api: api.repo_info(repo_id, repo_type="dataset"))
    rows = {row.path: row for row in list_files(hub, repo, there.commit)}
    then = _data(_at(hub, repo, last_push)) if last_push else {}
    look = _Look(hub, there, rows, found, table, set(planned), set(then))
    # Somebody may have edited the card since: that is none of the data.
    return look.taken(is_public=not info.private, is_own=bool(then) and then == _data(rows))


def _at(hub: Hub, repo: Repo, commit: str) -> dict[str, RemoteFile]:
    """What was there at a commit; nothing where the repo was made anew since."""
    try:
        return {row.path: row for row in list_files(hub, repo, commit)}
    except RepoMissing:
        return {}


def _data(rows: Mapping[str, RemoteFile]) -> dict[str, str]:
    return {path: row.git_sha1 for path, row in rows.items() if path not in NOT_DATA}


class _Look:
    def __init__(
        self,
        hub: Hub,
        there: HubSource,
        rows: Mapping[str, RemoteFile],
        found: Survey,
        table: bytes,
        planned: set[str],
        pushed_before: set[str],
    ) -> None:
        self._hub, self._rows, self._found, self._planned = hub, rows, found, planned
        self._pushed_before = pushed_before
        self._there, self._table = there, table
        self._base = _Remembering(there)
        self._ours = {str(each.path): each for each in found.utterances}

    def taken(self, *, is_public: bool, is_own: bool) -> PushLook:
        outdated = dict.fromkeys(self._outdated())
        if is_own:
            return PushLook(
                self._there.name, self._there.commit, is_public, deletes=tuple(outdated)
            )
        opened = OpenedSource(self._base)
        clips = [e for e in opened.entries() if e.path.lower().endswith(AUDIO_ENDINGS)]
        same = {e.path for e in clips if e.path in self._ours and self._is_same(opened, e)}
        others = [e.path for e in clips if e.path not in self._ours]
        going = {path for path in others if opened.container(path) in outdated}
        in_the_way = dict.fromkeys(self._in_the_way(opened, outdated))
        going |= {path for path in others if opened.container(path) in in_the_way}
        return PushLook(
            self._there.name,
            self._there.commit,
            is_public,
            len(clips),
            replaced=tuple(e.path for e in clips if e.path in self._ours and e.path not in same),
            retexted=tuple(self._retexted(same)),
            removed=tuple(path for path in others if path in going),
            unnamed=tuple(path for path in others if path not in going),
            in_the_way=tuple(in_the_way),
            deletes=tuple(dict.fromkeys((*outdated, *in_the_way))),
        )

    def _outdated(self) -> list[str]:
        """Clips and shards of an earlier push of ours that are no part of this one; other people's files stay."""
        card = read_bytes(self._hub, self._there.repo, CARD, self._there.commit)
        is_marked = card is not None and BEGIN.encode() in card
        return [
            path
            for path in self._rows
            if path.startswith((SHARD_PREFIX, f"{CLIPS_FOLDER}/"))
            and path not in self._planned
            and (is_marked or path in self._pushed_before)
        ]

    def _is_same(self, opened: OpenedSource, entry: Entry) -> bool:
        mine = self._ours[entry.path]
        if mine.size != entry.size:
            return False
        content = self._found.source.read(entry.path)
        if not opened.is_packed(entry.path):
            return self._rows[entry.path].matches(Checksums.of(content))
        checksum = opened.checksum(entry.path)
        return checksum is not None and checksum == zlib.crc32(content)

    def _retexted(self, same: set[str]) -> list[str]:
        there = {str(each.path): each for each in survey(self._base).utterances}
        return [
            path
            for path in sorted(same & there.keys())
            if (there[path].text, there[path].speaker)
            != (self._ours[path].text, self._ours[path].speaker)
        ]

    def _in_the_way(self, opened: OpenedSource, outdated: Collection[str]) -> list[str]:
        settled = {*outdated, *self._planned, *NOT_DATA}
        left = [path for path in self._rows if path not in settled]
        archives = [
            path
            for path in left
            if is_archive(path) and self._collides(opened, path)
        ]  # fmt: skip
        if self._mixed([path for path in left if path not in archives]) is None:
            return archives
        going = [path for path in left if path in archives or _may_be_a_table(path)]
        still = self._mixed([path for path in left if path not in going])
        if still is not None:
            raise InvalidRequest(
                f"{self._there.name} holds files that a training would mix with this dataset{still}.",
                hint="Push it to another repo.",
            )
        return going

    def _collides(self, opened: OpenedSource, archive: str) -> bool:
        """Whether a clip of ours may be taken out of it; one that cannot be looked into may hold any."""
        members = {
            entry.path for entry in opened.entries() if opened.container(entry.path) == archive
        }
        return not members or bool(members & self._ours.keys())

    def _mixed(self, left: Sequence[str]) -> str | None:
        """None if the repo is read as this dataset alone, with these files beside it; else what is wrong, if known."""
        result = survey(_Beside(self._base, left, self._found, self._table))
        grave = next((each for each in result.findings if each.severity is Severity.ERROR), None)
        if grave is not None:
            return f": {grave.place}" if grave.place else ""
        texts = {(each.path, each.text, each.speaker) for each in result.utterances}
        mine = {(each.path, each.text, each.speaker) for each in self._found.utterances}
        return None if texts == mine else ""


def _may_be_a_table(path: str) -> bool:
    name = PurePosixPath(path).name.lower()
    return name in TABLE_NAMES or name.endswith((*TABLE_ENDINGS, ".parquet", ".json", ".list"))


def named_first(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


class _Remembering:
    """A repo whose pieces are read once: tables and directories of archives are looked at several times."""

    is_remote = True

    def __init__(self, base: HubSource) -> None:
        self._base = base
        self._pieces: dict[tuple[str, int, int | None], bytes] = {}
        self._kept = 0

    @property
    def name(self) -> str:
        return self._base.name

    def entries(self) -> Sequence[Entry]:
        return self._base.entries()

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        key = (path, start, length)
        if key not in self._pieces:
            piece = self._base.read(path, start, length)
            if self._kept + len(piece) > MOST_REMEMBERED_BYTES:
                return piece
            self._pieces[key] = piece
            self._kept += len(piece)
        return self._pieces[key]


class _Beside:
    """The repo as it would be: this dataset with its table, and some files of others beside it."""

    is_remote = True

    def __init__(self, base: FileSource, left: Sequence[str], found: Survey, table: bytes) -> None:
        self._base, self._found, self._table = base, found, table
        ours = [Entry(str(each.path), each.size) for each in found.utterances]
        stay = set(left)
        theirs = [entry for entry in base.entries() if entry.path in stay]
        self._mine = {entry.path for entry in ours}
        self._all = sorted([*ours, *theirs, Entry(TABLE, len(table))], key=lambda each: each.path)

    @property
    def name(self) -> str:
        return self._base.name

    def entries(self) -> Sequence[Entry]:
        return self._all

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        if path == TABLE:
            return self._table[start:] if length is None else self._table[start : start + length]
        source = self._found.source if path in self._mine else self._base
        return source.read(path, start, length)
