"""What a person does with datasets, before any run: check, make, push, and the ones kept on this machine.

The page and the command line call these; whatever goes wrong below is one of our errors here.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from pydantic import ValidationError

from launcher.config import Config, private_files
from launcher.errors import InvalidRequest
from launcher.hub.access import translated
from launcher.services.common.repos import dataset_address
from launcher.services.common.workbench import Workbench
from launcher.workshop import library
from launcher.workshop.before_push import PushLook
from launcher.workshop.check import CheckSettings, Progress, look_over
from launcher.workshop.hub_source import look_over_repo
from launcher.workshop.library import Shown, Summary
from launcher.workshop.make import Made, MakeLimits, MakeRequest, OnProgress, make_dataset
from launcher.workshop.names import dataset_folder
from launcher.workshop.push import Pushed, PushRequest, push_dataset
from launcher.workshop.push import default_repo as repo_named_after
from launcher.workshop.push import free_repo_beside as a_free_repo_beside
from launcher.workshop.push import look_before_pushing as before_pushing
from launcher.workshop.report import DatasetReport
from launcher.workshop.table import Line
from pod_image.contract.common_settings import A_REPO
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.results_address import is_folder
from pod_image.contract.settings import RunSettings
from pod_image.dataset import DamagedMember, DatasetError, FolderSource
from pod_image.dataset.file_remedies import SHARD
from pod_image.hub import HubError as PodHubError

T = TypeVar("T")
Now = Callable[[], float]


@dataclass(frozen=True)
class DatasetPlace:
    """Where a dataset is: a folder here, or a repo on the Hub; one of the two is set."""

    folder: Path | None = None
    repo: str = ""
    revision: str = ""
    inside: str = ""
    """A folder of the repo, where an address named one."""


@contextmanager
def translated_faults() -> Iterator[None]:
    """The one place where faults of datasets, of the Hub and of the disk become ours."""
    try:
        yield
    except DatasetError as exc:
        raise InvalidRequest(exc.message, hint=exc.hint) from exc
    except PodHubError as exc:
        raise translated(exc) from exc
    except DamagedMember as exc:
        raise InvalidRequest(
            f"The dataset cannot be read: {exc}".rstrip(".") + ".",
            hint=SHARD,
        ) from exc
    except OSError as exc:
        if exc.errno is None:
            raise
        where = f" ({exc.filename})" if exc.filename else ""
        raise InvalidRequest(
            f"This computer refused to read or write a file: {exc.strerror}{where}.",
            hint="Check the permissions of the folder and the free disk space.",
        ) from exc


def find_dataset(config: Config, word: str) -> DatasetPlace:
    """What a person means by a folder, the name of a dataset kept here, or owner/name of a repo, in this order.

    Raises InvalidRequest for a word that can be none of them.
    """
    folder = Path(word).expanduser()
    if folder.is_dir():
        return DatasetPlace(folder)
    if folder.exists():
        raise InvalidRequest(
            f"{word} is a file; a dataset is a folder.",
            hint=Sentence(NextStep.MAKE_DATASET.of("NAME"), " makes one from recordings."),
        )
    if is_name(word):
        kept = dataset_folder(config.datasets_folder, word)
        if kept.is_dir():
            return DatasetPlace(kept)
    if found := dataset_address(word):
        return DatasetPlace(
            repo=find_repo(found.repo), revision=found.revision, inside=found.folder
        )
    if "/" not in word or word.startswith((".", "~", "/")):
        raise InvalidRequest(
            f"There is no folder or dataset {word}.",
            hint=Sentence(
                NextStep.LIST_DATASETS,
                " lists the datasets on this computer; a repo is written owner/name.",
            ),
        )
    return DatasetPlace(repo=find_repo(word))


def find_repo(word: str) -> str:
    """The name of a repo, if it can be one: a folder, which a run may name too, is none. Raises InvalidRequest."""
    found = dataset_address(word)
    if found is not None and found.folder:
        raise InvalidRequest(
            f"{found.folder} is a folder in {found.repo}, but a repo is needed here.",
            hint=f"Give only the repo: {found.repo}.",
        )
    try:
        repo = RunSettings(dataset_repo=found.repo if found else word.strip()).dataset_repo
    except ValidationError:
        _no_repo(word)
    if is_folder(repo):
        raise InvalidRequest(
            f"{word!r} is the path of a folder, but a repo is needed here.", hint=A_REPO
        )
    return repo or _no_repo(word)


def _no_repo(word: str) -> NoReturn:
    raise InvalidRequest(
        f"{word!r} is not a repo name, and there is no folder with this name.",
        hint=A_REPO,
    )


def is_name(word: str) -> bool:
    """Whether the word names a dataset among those kept here, rather than a folder anywhere."""
    return "/" not in word and "\\" not in word and not word.startswith((".", "~"))


def folder_for(config: Config, word: str) -> Path:
    """Where a new dataset goes: a name among those kept here, else the folder itself. Raises InvalidRequest."""
    if is_name(word):
        return dataset_folder(config.datasets_folder, word)
    return Path(word).expanduser()


async def check_folder(
    folder: Path,
    settings: CheckSettings,
    *,
    follows_links: bool = True,
    progress: Progress = lambda what, done, of: None,
) -> DatasetReport:
    """Look a folder over; nothing in it is changed. `progress` is called from another thread.

    `follows_links` out of it: not where somebody else named the folder.
    """

    def look(progress: Progress) -> DatasetReport:
        source = FolderSource(folder, follows_links=follows_links)
        return look_over(source, settings, None, progress)

    return await on_a_thread(look, progress)


async def check_repo(
    bench: Workbench,
    repo: str,
    settings: CheckSettings,
    *,
    revision: str | None = None,
    folder: str = "",
    progress: Progress = lambda what, done, of: None,
) -> DatasetReport:
    """Look a dataset repo over, or a folder in it, by listing, table and headers. Raises HubError or NotConfigured."""

    def look(progress: Progress) -> DatasetReport:
        return look_over_repo(bench.hub.dataset, repo, settings, revision, progress, folder)

    return await on_a_thread(look, progress)


async def make(
    request: MakeRequest,
    *,
    limits: MakeLimits | None = None,
    on_progress: OnProgress = lambda progress: None,
    now: Now = time.time,
) -> Made:
    """Make clips of recordings; what cannot be used is left out, with why. Raises InvalidRequest, NotConfigured."""
    with translated_faults(), private_files(request.out):
        return await make_dataset(request, limits=limits, on_progress=on_progress, now=now)


async def push(
    bench: Workbench, request: PushRequest, *, progress: Progress = lambda what, done, of: None
) -> Pushed:
    """Send a dataset folder to its repo. Raises InvalidRequest for one with errors, HubError, NotConfigured."""
    with translated_faults():
        return await push_dataset(bench.hub.upload, request, progress=progress)


async def look_before_pushing(bench: Workbench, request: PushRequest) -> PushLook:
    """What a push would do to what its repo holds: a person agrees to it first. Raises as `push` does."""
    with translated_faults():
        return await before_pushing(bench.hub.upload, request)


async def default_repo(bench: Workbench, folder: Path) -> str:
    """The repo of this person that is named after the dataset. Raises HubError, NotConfigured."""
    with translated_faults():
        return await asyncio.to_thread(repo_named_after, bench.hub.upload, folder)


async def free_repo_beside(bench: Workbench, repo: str) -> str:
    """A repo that is not there yet, named after this one. Raises HubError, NotConfigured, InvalidRequest."""
    with translated_faults():
        return await asyncio.to_thread(a_free_repo_beside, bench.hub.upload, repo)


async def kept(config: Config) -> list[Summary]:
    """The datasets kept on this machine, by name."""
    with translated_faults():
        return await library.list_datasets(config.datasets_folder)


async def show(config: Config, name: str) -> Shown:
    """One of them with all its clips. Raises InvalidRequest if there is none of this name."""
    with translated_faults():
        return await library.show_dataset(config.datasets_folder, name)


async def show_folder(config: Config, name: str) -> Path:
    """The folder of one of them. Raises InvalidRequest if there is none of this name."""
    with translated_faults():
        return await asyncio.to_thread(library.existing_folder, config.datasets_folder, name)


async def edit(
    config: Config,
    name: str,
    file: str,
    *,
    text: str | None = None,
    speaker: str | None = None,
    now: Now = time.time,
) -> Line:
    """Change what is said in a clip, or who says it; None leaves it, an empty speaker removes it."""
    root = config.datasets_folder
    with translated_faults():
        return await library.edit_clip(root, name, file, text=text, speaker=speaker, now=now)


async def drop(config: Config, name: str, files: Collection[str], *, now: Now = time.time) -> int:
    """Take clips out, line and file; returns how many. All of them must be there."""
    with translated_faults():
        return await library.drop_clips(config.datasets_folder, name, files, now=now)


async def delete(config: Config, name: str, *, confirmed: bool) -> Summary:
    """Delete a dataset and all its clips; unless `confirmed`, InvalidRequest says what would be lost."""
    with translated_faults():
        return await library.delete_dataset(config.datasets_folder, name, confirmed=confirmed)


class _LeftOff(Exception):
    """Nobody waits for the answer any more."""


async def on_a_thread(look: Callable[[Progress], T], progress: Progress) -> T:
    """Do blocking work that ends soon after its caller was cancelled: a check may take a minute."""
    is_left_off = threading.Event()

    def told(what: str, done: int, of: int) -> None:
        if is_left_off.is_set():
            raise _LeftOff
        progress(what, done, of)

    with translated_faults():
        try:
            return await asyncio.to_thread(look, told)
        except asyncio.CancelledError:
            is_left_off.set()
            raise
