"""Everything the emulated Hub keeps, as files: a store of objects, and each repo at its head.

    <root>/models/<namespace>/<name>/...     the files of `main`, to look at (read-only)
    <root>/datasets/<namespace>/<name>/...
    <root>/store/objects/ab/<sha256>         every content ever committed
    <root>/store/repos/models/<ns>/<name>/   repo.json and one JSON file per commit
    <root>/store/xorbs, <root>/store/xet     what xet uploads brought

A new store over the same root continues where the last one ended.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from launcher.emulator.hub.wire import Body, Refusal
from pod_image.contract.whole_file import write_whole

FOLDER_OF_KIND = {"model": "models", "dataset": "datasets", "space": "spaces"}


@dataclass(frozen=True)
class Blob:
    """One file's content in a tree. `sha1` is git's blob id; `is_lfs` files are known by sha256."""

    sha256: str
    sha1: str
    size: int
    is_lfs: bool = False
    xet_hash: str | None = None

    @property
    def etag(self) -> str:
        return self.sha256 if self.is_lfs else self.sha1


Tree = dict[str, Blob]


@dataclass(frozen=True)
class Commit:
    """One commit with its whole tree. `at` is unix seconds."""

    oid: str
    parent: str | None
    title: str
    message: str
    author: str
    at: float
    tree: Tree


@dataclass
class Repo:
    """One repo: who may see it, its branches and tags (name to commit), its commits by oid."""

    kind: str
    id: str
    is_private: bool
    created_at: float
    gated: str | bool = False
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    granted: list[str] = field(default_factory=list)
    commits: dict[str, Commit] = field(default_factory=dict)

    @property
    def kind_folder(self) -> str:
        return FOLDER_OF_KIND[self.kind]

    @property
    def head(self) -> Commit:
        return self.commits[self.branches["main"]]

    def resolve(self, revision: str) -> Commit:
        """The commit a branch, tag, `refs/...` name or (shortened) sha stands for."""
        name = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
        oid = self.branches.get(name) or self.tags.get(name)
        if oid is None and len(revision) >= 7:
            oid = next((known for known in self.commits if known.startswith(revision)), None)
        if oid is None:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return self.commits[oid]

    def history(self, commit: Commit) -> Iterator[Commit]:
        """The commit and its ancestors, newest first."""
        current: Commit | None = commit
        while current is not None:
            yield current
            current = self.commits.get(current.parent) if current.parent else None

    def last_change(self, commit: Commit, path: str) -> Commit:
        """The newest commit at or before `commit` that gave `path` its present content."""
        wanted = commit.tree.get(path)
        found = commit
        for older in self.history(commit):
            if older.tree.get(path) != wanted:
                break
            found = older
        return found


class Store:
    """The folder under a root, and what is in it. Not thread-safe: the hub's lock guards it.

    `xet_id` tells its xet storage from any other that had the same address before: clients remember
    on their disk, by address, what a storage holds and do not send it again.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects = root / "store" / "objects"
        self._repos_folder = root / "store" / "repos"
        self.incoming = root / "store" / "incoming"
        self.xorbs = root / "store" / "xorbs"
        self.xet = root / "store" / "xet"
        for folder in (self._objects, self._repos_folder, self.incoming, self.xorbs, self.xet):
            folder.mkdir(parents=True, exist_ok=True)
        self.xet_id = _kept_id(root / "store" / "xet-id")
        self.repos: dict[tuple[str, str], Repo] = {}
        for described in sorted(self._repos_folder.glob("*/*/*/repo.json")):
            self._load(described)

    # Objects

    def object_path(self, sha256: str) -> Path:
        return self._objects / sha256[:2] / sha256

    def has_object(self, sha256: str) -> bool:
        return self.object_path(sha256).is_file()

    def add_object(self, body: Body) -> str:
        """Keep the bytes and return their sha256. The file is read-only: heads are hard links to it."""
        target = self.object_path(body.sha256)
        if not target.exists():
            body.save_as(target)
            target.chmod(0o444)
        return body.sha256

    def blob(self, sha256: str, *, is_lfs: bool, xet_hash: str | None = None) -> Blob:
        path = self.object_path(sha256)
        size = path.stat().st_size
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
        return Blob(sha256, digest.hexdigest(), size, is_lfs, xet_hash)

    # Repos

    def create(self, kind: str, repo_id: str, *, is_private: bool, author: str, at: float) -> Repo:
        repo = Repo(kind, repo_id, is_private, at)
        self.repos[kind, repo_id.lower()] = repo
        self.commit(repo, "main", _first_tree(self), "initial commit", "", author, at)
        return repo

    def delete(self, repo: Repo) -> None:
        del self.repos[repo.kind, repo.id.lower()]
        shutil.rmtree(self._folder(repo), ignore_errors=True)
        shutil.rmtree(self.head_folder(repo), ignore_errors=True)

    def move(self, repo: Repo, new_id: str) -> None:
        old_folder, old_head = self._folder(repo), self.head_folder(repo)
        del self.repos[repo.kind, repo.id.lower()]
        repo.id = new_id
        self.repos[repo.kind, new_id.lower()] = repo
        for old, new in ((old_folder, self._folder(repo)), (old_head, self.head_folder(repo))):
            new.parent.mkdir(parents=True, exist_ok=True)
            if old.exists():
                old.replace(new)
        self.save(repo)

    def commit(
        self,
        repo: Repo,
        branch: str,
        tree: Tree,
        title: str,
        message: str,
        author: str,
        at: float,
        *,
        orphan: bool = False,
    ) -> Commit:
        """Add a commit to a branch and make it the branch's head."""
        parent = None if orphan else repo.branches.get(branch)
        ordered = dict(sorted(tree.items()))
        oid = _commit_oid(repo, parent, title, at, ordered)
        made = Commit(oid, parent, title, message, author, at, ordered)
        repo.commits[oid] = made
        repo.branches[branch] = oid
        self._write_commit(repo, made)
        self.save(repo)
        return made

    def save_history(self, repo: Repo) -> None:
        """Write every commit again, after trees of the past were changed."""
        for known in repo.commits.values():
            self._write_commit(repo, known)
        self.save(repo)

    def _write_commit(self, repo: Repo, commit: Commit) -> None:
        _write_json(self._folder(repo) / "commits" / f"{commit.oid}.json", asdict(commit))

    def save(self, repo: Repo) -> None:
        """Write what can change about a repo, and bring its folder of plain files up to date."""
        described = {
            "kind": repo.kind,
            "id": repo.id,
            "is_private": repo.is_private,
            "created_at": repo.created_at,
            "gated": repo.gated,
            "branches": repo.branches,
            "tags": repo.tags,
            "granted": repo.granted,
        }
        _write_json(self._folder(repo) / "repo.json", described)
        self._show_head(repo)

    def head_folder(self, repo: Repo) -> Path:
        return self.root / repo.kind_folder / repo.id

    def _folder(self, repo: Repo) -> Path:
        return self._repos_folder / repo.kind_folder / repo.id

    def _show_head(self, repo: Repo) -> None:
        folder = self.head_folder(repo)
        folder.mkdir(parents=True, exist_ok=True)
        tree = repo.head.tree
        for present in sorted(folder.rglob("*"), reverse=True):
            if present.is_file() and present.relative_to(folder).as_posix() not in tree:
                present.unlink()
            elif present.is_dir() and not any(present.iterdir()):
                present.rmdir()
        for path, blob in tree.items():
            _link(self.object_path(blob.sha256), folder / path)

    def _load(self, described: Path) -> None:
        row: dict[str, Any] = json.loads(described.read_text())
        repo = Repo(**row)
        for path in (described.parent / "commits").glob("*.json"):
            commit = json.loads(path.read_text())
            tree = {name: Blob(**blob) for name, blob in commit.pop("tree").items()}
            repo.commits[commit["oid"]] = Commit(**commit, tree=tree)
        self.repos[repo.kind, repo.id.lower()] = repo


def _first_tree(store: Store) -> Tree:
    patterns = "".join(f"{glob} filter=lfs diff=lfs merge=lfs -text\n" for glob in LFS_GLOBS)
    sha256 = store.add_object(Body(patterns.encode()))
    return {".gitattributes": store.blob(sha256, is_lfs=False)}


def _commit_oid(
    repo: Repo, parent: str | None, title: str, at: float, tree: Mapping[str, Blob]
) -> str:
    rows = "".join(f"{path} {blob.etag}\n" for path, blob in tree.items())
    # The number of commits sets apart two equal commits in the same second.
    text = f"{repo.kind} {repo.id} {parent} {title} {at} {len(repo.commits)}\n{rows}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _link(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)


def _write_json(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(document, indent=1))


# What a new repo's .gitattributes sends to large file storage, models and datasets alike.
_ARCHIVES = (
    "*.7z",
    "*.bz2",
    "*.gz",
    "*.rar",
    "*.tar",
    "*.tar.*",
    "*.tgz",
    "*.xz",
    "*.zip",
    "*.zst",
)
_AUDIO = ("*.flac", "*.mp3", "*.ogg", "*.wav")
_TABLES = ("*.arrow", "*.h5", "*.npy", "*.npz", "*.parquet")
_WEIGHTS = (
    *("*.bin", "*.ckpt", "*.ftz", "*.joblib", "*.mlmodel", "*.model", "*.msgpack", "*.onnx"),
    *("*.ot", "*.pb", "*.pickle", "*.pkl", "*.pt", "*.pth", "*.safetensors", "*.tflite", "*.wasm"),
)
LFS_GLOBS = (*_ARCHIVES, *_AUDIO, *_TABLES, *_WEIGHTS, "*tfevents*")


def _kept_id(path: Path) -> str:
    """A random name, the same for as long as the root is kept."""
    if not path.exists():
        path.write_text(secrets.token_hex(6))
    return path.read_text()
