"""One run's view of the Hugging Face Hub, with the two tokens that nothing else in the pod is given."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
from pydantic import SecretStr

from pod_image import hub
from pod_image.agent.ports import HubTrouble, Receipt, RemotePath, RepoWasGone, RunHub
from pod_image.contract.bodies import UploadedFile
from pod_image.contract.results_address import results_kind
from pod_image.recipes.base import RemoteFile

PATIENCE = hub.Patience(
    keep_trying_seconds=30.0, longest_wait_seconds=10.0, asked_wait_seconds=20.0
)
"""Short: the agent decides itself how long to go on, and meanwhile watches the clock and the money."""
HASTE_SECONDS = 5.0


@dataclass
class HuggingFace:
    """Implements `Hub` of the ports. Blocking; a simulation hands in its own time and transport."""

    run: RunHub
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    transport: httpx2.BaseTransport | None = field(default=None, repr=False)
    use_xet: bool = True
    patience: hub.Patience = PATIENCE

    def __post_init__(self) -> None:
        self._reading = self._as(self.run.dataset_token or self.run.upload_token)
        self._writing = self._as(self.run.upload_token)
        self._dataset = hub.Repo(self.run.dataset_repo, "dataset")
        self._results = hub.Repo(self.run.results_repo, "model")

    def check(self) -> str:
        with _troubles():
            made = hub.ensure_results_repo(self._writing, self._results.id)
            datasets = [each for each in (self._dataset.id, *self.run.more_datasets) if each]
            for each in datasets:
                hub.resolve_commit(self._reading, hub.Repo(each, "dataset"))
        return f"{self._results.id} {'was made' if made else 'is writable'}" + "".join(
            f", {each} is readable" for each in datasets
        )

    def fetch_dataset(
        self,
        commit: str,
        folder: Path,
        on_bytes: Callable[[int, int], None],
        repo: str,
        inside: str = "",
    ) -> None:
        dataset = hub.Repo(repo, "dataset")
        with _troubles():
            pinned = commit or hub.resolve_commit(self._reading, dataset)
            hub.fetch(
                self._reading,
                dataset,
                pinned,
                folder,
                hub.files_below(inside),
                on_progress=lambda done: on_bytes(done.done_bytes, done.all_bytes),
            )

    def fetch_need(
        self, need: RemoteFile, folder: Path, on_bytes: Callable[[int, int], None]
    ) -> None:
        repo = hub.Repo(need.repo, "dataset" if need.repo_type == "dataset" else "model")
        target = folder / need.folder
        self._fetch(self._reading, repo, [need.path], target, need.commit, on_bytes)

    def fetch_results(self, paths: Sequence[str], folder: Path, below: str) -> None:
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            self._fetch(self._writing, self._results, paths, Path(scratch))
            for path in paths:
                for found in _files(Path(scratch) / path):
                    target = folder / found.relative_to(Path(scratch) / below)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(found, target)

    def read(self, path: str) -> bytes | None:
        with _troubles():
            return hub.read_bytes(self._writing, self._results, path)

    def sample_download(self, commit: str, most_bytes: int) -> tuple[int, float]:
        if not self._dataset.id:
            return 0, 0.0
        with _troubles():
            pinned = commit or hub.resolve_commit(self._reading, self._dataset)
            files = hub.list_files(self._reading, self._dataset, pinned)
            if not files:
                return 0, 0.0
            largest = max(files, key=lambda file: file.size_bytes)
            began = self.now()
            content = hub.read_range(
                self._reading, self._dataset, pinned, largest.path, 0, most_bytes
            )
        return len(content), self.now() - began

    def listing(self, below: str) -> list[RemotePath]:
        with _troubles():
            commit = hub.resolve_commit(self._writing, self._results)
            rows = hub.list_files(self._writing, self._results, commit, below)
        return [RemotePath(row.path, row.size_bytes) for row in rows]

    def publish(
        self,
        files: Mapping[str, Path | bytes],
        message: str,
        *,
        deletes: Sequence[str] = (),
        card: Callable[[str | None], str] | None = None,
        called_off: Callable[[], bool] = lambda: False,
    ) -> Receipt:
        with _troubles():
            try:
                made = hub.publish(
                    self._writing,
                    self._results,
                    files,
                    message,
                    deletes=deletes,
                    card=card,
                    called_off=called_off,
                )
                wrong = hub.verify(self._writing, self._results, made.commit, made.files)
            except hub.RepoMissing as exc:
                # It was there when the pod booted. Where it cannot be made again, that is the trouble.
                hub.ensure_results_repo(self._writing, self._results.id)
                raise RepoWasGone(
                    f"The {results_kind(self._results.id)} {self._results.id} was deleted; it is created again.",
                    hint="What is still on the run's disk is delivered again.",
                ) from exc
        if wrong:
            raise HubTrouble("; ".join(one.sentence for one in wrong[:3]))
        uploaded = (
            UploadedFile(path=path, size_bytes=sums.size_bytes, sha256=sums.sha256)
            for path, sums in made.files.items()
        )
        return Receipt(made.commit, tuple(uploaded))

    def leave_tag(self, commit: str, names: Iterable[str]) -> str:
        with _troubles():
            return hub.leave_tag(self._hasty(), self._results, commit, names)

    def _hasty(self) -> hub.Hub:
        """For what is rather left undone than waited for."""
        patience = replace(self.patience, keep_trying_seconds=HASTE_SECONDS)
        return replace(self._writing, patience=patience)

    def _fetch(
        self,
        account: hub.Hub,
        repo: hub.Repo,
        paths: Sequence[str],
        folder: Path,
        commit: str = "",
        on_bytes: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with _troubles():
            pinned = commit or hub.resolve_commit(account, repo)
            patterns = [pattern for path in paths for pattern in (path, f"{path}/*")]
            whole = hub.fetch(
                account,
                repo,
                pinned,
                folder,
                patterns,
                on_progress=lambda done: on_bytes(done.done_bytes, done.all_bytes),
            )
        if not whole.files:
            raise HubTrouble(
                f"{repo.id} has no {', '.join(paths)}.",
                hint="Check the name of the repo and the path in it.",
                is_refusal=True,
            )

    def _as(self, token: str) -> hub.Hub:
        return hub.Hub(
            SecretStr(token) if token else None,
            endpoint=self.run.endpoint,
            now=self.now,
            sleep=self.sleep,
            transport=self.transport,
            use_xet=self.use_xet,
            patience=self.patience,
            agent="pod-launcher-agent",
        )


@contextmanager
def _troubles() -> Iterator[None]:
    """What the Hub said, as the agent takes it: whether to wait, and how long."""
    try:
        yield
    except hub.HubUnavailable as exc:
        raise HubTrouble(
            exc.message, hint=exc.hint, retry_after_seconds=exc.retry_after_seconds or 0.0
        ) from exc
    except hub.HubConflict as exc:
        raise HubTrouble(exc.message, hint=exc.hint) from exc
    except hub.HubError as exc:
        is_about_files = isinstance(exc, hub.HubRejected)
        raise HubTrouble(
            exc.message, hint=exc.hint, is_refusal=True, is_about_files=is_about_files
        ) from exc


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [found for found in path.rglob("*") if found.is_file()]
