"""Committing files to a repo: one commit, sent until it is there, and never twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pod_image.hub.in_folder import as_of_the_hub, put_in_folder
from pod_image.hub.refusals import CalledOff, HubConflict, HubUnavailable, Overtaken, translated
from pod_image.hub.repos import Checksums, Repo, look_at, read_bytes, resolve_commit
from pod_image.hub.session import TRY_AGAIN, Hub
from pod_image.hub.watchdog import Stalled, within

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

log = logging.getLogger(__name__)

CARD = "README.md"
Content = Path | bytes
Operation: TypeAlias = "CommitOperationAdd | CommitOperationDelete"
RenderCard = Callable[[str | None], str]


@dataclass(frozen=True)
class Receipt:
    """What is in the repo at `commit`. `made_commit` is False when all of it was there before."""

    repo: Repo
    commit: str
    files: dict[str, Checksums]
    made_commit: bool


def publish(
    hub: Hub,
    repo: Repo,
    files: Mapping[str, Content],
    message: str,
    *,
    deletes: Collection[str] = (),
    parent: str | None = None,
    card: RenderCard | None = None,
    called_off: Callable[[], bool] = lambda: False,
) -> Receipt:
    """Put files (path in repo to local file or bytes) into `main` in one commit.

    What is there already, by checksum, is left out; when nothing is left there is no commit. After
    a failure the repo is looked at before anything is sent again, so a commit whose reply was lost
    is recognised and not repeated. With `parent` the commit is made on top of that one or not at
    all. `card` makes the root README from the present one (None: absent) in the same commit, and
    is called again when somebody else committed in between. Once `called_off` says so no commit is
    sent any more: whoever asked for it has given up, and says something newer.

    Files must not change meanwhile. Raises HubError: HubUnavailable with `retry_after_seconds` when
    the Hub asks for a longer wait than our patience, NoRight and the like at once.
    """
    if repo.is_folder:
        with as_of_the_hub():
            folder = hub.open_folder(repo.id)
            before = folder.commit()  # a folder that is gone is said, as a repo that is gone
            commit = put_in_folder(folder, files, message, deletes, parent or "", card, called_off)
        sums = {path: Checksums.of(content) for path, content in files.items()}
        return Receipt(repo, commit, sums, made_commit=commit != before)
    job = _Publication(hub.hasty(), repo, files, message, deletes, parent, card, called_off)
    return hub.retrying(job.attempt, on=TRY_AGAIN)


def update_card(hub: Hub, repo: Repo, render: RenderCard, message: str) -> Receipt:
    """Rewrite the root README from what is there, losing nobody's change."""
    return publish(hub, repo, {}, message, card=render)


class _Publication:
    """The state that one publication carries from attempt to attempt."""

    def __init__(
        self,
        hub: Hub,
        repo: Repo,
        files: Mapping[str, Content],
        message: str,
        deletes: Collection[str],
        parent: str | None,
        card: RenderCard | None,
        called_off: Callable[[], bool],
    ) -> None:
        self._called_off = called_off
        self._hub, self._repo, self._message = hub, repo, message
        self._files = dict(files)
        self._promised = {path: Checksums.of(content) for path, content in files.items()}
        self._deletes = set(deletes) - set(files)
        self._parent, self._card = parent, card
        self._by_xet = hub.goes_by_xet
        # Set while a commit may have landed without our knowing: the head before it was sent.
        self._doubtful_on: str | None = None
        self._is_stale = False

    def attempt(self) -> Receipt:
        """Look, and commit what is missing. Raises HubError; the caller decides about another try."""
        head = self._head()
        if self._card is not None:
            self._write_card(head)
        missing, doomed = self._what_is_left(head)
        if not missing and not doomed:
            came_late = self._doubtful_on is not None and self._doubtful_on != head
            return self._receipt(head, made_commit=came_late)
        if self._parent is not None and self._parent != head:
            # Ours cannot have landed: all of it would be there. So this is for the caller.
            raise Overtaken(f"{self._repo} has moved on from {self._parent[:7]} to {head[:7]}.")
        commit = self._commit(missing, doomed, head)
        return self._receipt(commit, made_commit=True)

    def _head(self) -> str:
        if not self._is_stale:
            return resolve_commit(self._hub, self._repo)
        # The repo's description lags behind at times; its branches are asked after a 412.
        refs = self._hub.ask(
            f"looking up {self._repo}",
            lambda api: api.list_repo_refs(self._repo.id, repo_type=self._repo.kind),
        )
        return next(ref.target_commit for ref in refs.branches if ref.name == "main")

    def _write_card(self, head: str) -> None:
        assert self._card is not None
        present = read_bytes(self._hub, self._repo, CARD, head)
        text = self._card(present.decode("utf-8", "replace") if present is not None else None)
        self._files[CARD] = text.encode()
        self._promised[CARD] = Checksums.of(text.encode())

    def _what_is_left(self, head: str) -> tuple[list[str], list[str]]:
        there = look_at(self._hub, self._repo, head, [*self._promised, *sorted(self._deletes)])
        missing = [
            path
            for path, promised in self._promised.items()
            if path not in there or not there[path].matches(promised)
        ]
        return missing, [path for path in sorted(self._deletes) if path in there]

    def _commit(self, missing: list[str], doomed: Iterable[str], head: str) -> str:
        """Upload the large files, then commit. Only the second can leave us in doubt."""
        from huggingface_hub import CommitOperationDelete

        with ExitStack() as open_files:
            adds = [self._add(path, open_files) for path in missing]
            if self._by_xet:
                adds = self._uploaded_by_xet(adds, missing, open_files)
            else:
                self._hub.once(f"uploading to {self._repo}", lambda api: self._upload(api, adds))
            operations: list[Operation] = [*adds, *map(CommitOperationDelete, doomed)]
            if self._called_off():
                raise CalledOff(f"The commit to {self._repo} was called off.")
            try:
                return self._hub.once(
                    f"committing to {self._repo}", lambda api: self._send(api, operations, head)
                )
            except HubUnavailable:
                self._doubtful_on = head
                raise
            except HubConflict as conflict:
                self._is_stale = conflict.is_stale
                raise

    def _send(
        self,
        api: HfApi,
        operations: list[Operation],
        head: str,
    ) -> str:
        # A doubtful commit may still be on its way: on top of the head it was sent for, it and a
        # second one cannot both land. Otherwise no parent, since other runs may commit beside us.
        must_follow = self._parent or self._card or self._doubtful_on
        made = api.create_commit(
            self._repo.id,
            operations,
            commit_message=self._message,
            repo_type=self._repo.kind,
            parent_commit=head if must_follow else None,
            num_threads=max(1, min(5, self._hub.patience.workers)),
        )
        return str(made.oid)

    def _upload(self, api: HfApi, adds: list[CommitOperationAdd]) -> None:
        by_content = {self._promised[add.path_in_repo].sha256: add for add in adds}
        # Of two paths with one content the library reads the same file object in two threads at once, and
        # what arrives is neither. So each content goes up once; the second call finds it there.
        for some in [list(by_content.values()), *([adds] if len(by_content) < len(adds) else [])]:
            api.preupload_lfs_files(
                self._repo.id,
                some,
                repo_type=self._repo.kind,
                free_memory=False,
                num_threads=max(1, min(5, self._hub.patience.workers)),
            )

    def _uploaded_by_xet(
        self, adds: list[CommitOperationAdd], paths: list[str], open_files: ExitStack
    ) -> list[CommitOperationAdd]:
        """Upload by xet within its time; whatever fails but a refusal goes by plain HTTP instead."""
        size = sum(self._promised[path].size_bytes for path in paths)
        patience = self._hub.patience
        try:
            within(
                patience.stall_seconds + size / patience.slow_bytes_per_second,
                lambda: self._upload(self._hub.api, adds),
                f"uploading to {self._repo} by xet",
            )
            return adds
        except Exception as exc:
            doing = f"uploading to {self._repo}"
            error = None if isinstance(exc, Stalled) else translated(exc, doing)
            if error is not None and not isinstance(error, HubUnavailable):
                raise error from exc
            if error is None and not isinstance(exc, Stalled):
                raise
            log.warning("uploading to %s by xet failed, going on by HTTP: %s", self._repo, exc)
        self._by_xet = False
        plain = [self._add(path, open_files) for path in paths]
        self._hub.once(f"uploading to {self._repo}", lambda api: self._upload(api, plain))
        return plain

    def _add(self, path: str, open_files: ExitStack) -> CommitOperationAdd:
        """A file object instead of a path is what makes the library use plain HTTP."""
        from huggingface_hub import CommitOperationAdd

        content = self._files[path]
        if self._by_xet:
            return CommitOperationAdd(path, content)
        if isinstance(content, bytes):
            return CommitOperationAdd(path, BytesIO(content))
        return CommitOperationAdd(path, open_files.enter_context(content.open("rb")))

    def _receipt(self, commit: str, *, made_commit: bool) -> Receipt:
        return Receipt(self._repo, commit, dict(self._promised), made_commit)
