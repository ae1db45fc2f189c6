"""Texts of datasets by ear: suggesting those that are not there, taking suggestions, and finding wrong ones.

The page and the command line call these; whatever goes wrong below is one of our errors here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from launcher.config import Config, private_files
from launcher.errors import NotConfigured
from launcher.services.common.workbench import Workbench
from launcher.services.datasets import on_a_thread, translated_faults
from launcher.workshop.hub_source import open_repo
from launcher.workshop.table import read_record
from launcher.workshop.transcribing.accepting import Accept, Accepted, Key, accept_suggestions
from launcher.workshop.transcribing.models import LateRecogniser, model_folder
from launcher.workshop.transcribing.proofread import Move, Proof, proofread
from launcher.workshop.transcribing.repair import Repaired, repair, undo_repair
from launcher.workshop.transcribing.suggestions import Suggestion
from launcher.workshop.transcribing.transcribe import (
    Tell,
    Transcribed,
    transcribe_folder,
    waiting_suggestions,
)
from pod_image.dataset import FolderSource
from pod_image.hearing.hearing_error import HearingError
from pod_image.hearing.models import DEFAULT_MODEL
from pod_image.hearing.recogniser import Recogniser
from pod_image.hearing.whisper import Whisper
from pod_image.hub import Hub

T = TypeVar("T")
Load = Callable[["Listening", Tell], Recogniser]


@dataclass(frozen=True)
class Listening:
    """Which model hears, in which language, and how many clips at once; 0 takes one for each core.

    An empty `language` is heard, and asked for where that is not clear.
    """

    config: Config
    model: str = DEFAULT_MODEL
    language: str = ""
    jobs: int = 0

    @property
    def workers(self) -> int:
        return self.jobs or os.cpu_count() or 1


def whisper(how: Listening, tell: Tell) -> Recogniser:
    """The model, fetched where that is needed and loaded when it is first asked for something."""

    def load() -> Recogniser:
        kept = how.config.data_folder / "recognisers"
        folder = model_folder(how.model, kept, lambda: Hub(None, endpoint=how.config.hub_url), tell)
        threads = max(1, (os.cpu_count() or 1) // how.workers)
        return Whisper(folder, name=_name(how.model), jobs=how.workers, threads=threads)

    return LateRecogniser(_name(how.model), load)


def _name(model: str) -> str:
    return Path(model).name or model


async def transcribe(
    folder: Path,
    how: Listening,
    *,
    load: Load | None = None,
    progress: Tell = lambda what, done, of: None,
) -> Transcribed:
    """Hear every clip that has no text, and keep what was heard as suggestions. `progress` comes from other threads.

    Raises InvalidRequest, NotConfigured, HubError.
    """
    with private_files(folder):
        return await hear_on_a_thread(
            lambda tell: transcribe_folder(
                folder,
                (load or whisper)(how, tell),
                language=how.language,
                expected_language=_language_of(folder),
                jobs=how.workers,
                tell=tell,
            ),
            progress,
        )


async def suggestions(folder: Path) -> Sequence[Suggestion]:
    """Those that wait, those with nothing heard included."""
    with _translated():
        return await asyncio.to_thread(waiting_suggestions, folder)


async def accept(
    folder: Path, which: Accept | None = None, chosen: Mapping[Key, str] | None = None
) -> Accepted:
    """Make suggestions the clips' texts; a text that somebody typed meanwhile stays."""
    with _translated(), private_files(folder):
        return await asyncio.to_thread(accept_suggestions, folder, which, chosen)


async def proofread_folder(
    folder: Path,
    how: Listening,
    *,
    load: Load | None = None,
    progress: Tell = lambda what, done, of: None,
) -> Proof:
    """Compare every text with what is said. Nothing is changed."""
    return await hear_on_a_thread(
        lambda tell: proofread(
            FolderSource(folder, follows_links=True),
            (load or whisper)(how, tell),
            language=how.language,
            expected_language=_language_of(folder),
            jobs=how.workers,
            tell=tell,
        ),
        progress,
    )


async def proofread_repo(
    bench: Workbench,
    repo: str,
    how: Listening,
    *,
    revision: str | None = None,
    load: Load | None = None,
    progress: Tell = lambda what, done, of: None,
) -> Proof:
    """The same of a dataset repo, whose clips are read one by one."""
    return await hear_on_a_thread(
        lambda tell: proofread(
            open_repo(bench.hub.dataset, repo, revision),
            (load or whisper)(how, tell),
            language=how.language,
            jobs=how.workers,
            tell=tell,
        ),
        progress,
    )


async def move_texts(folder: Path, moves: Sequence[Move]) -> Repaired:
    """Write the texts to the clips they belong to; `undo` puts them back."""
    with _translated(), private_files(folder):
        return await asyncio.to_thread(repair, folder, moves)


async def undo(folder: Path) -> Repaired:
    """Put back what the last repair moved."""
    with _translated(), private_files(folder):
        return await asyncio.to_thread(undo_repair, folder)


def _language_of(folder: Path) -> str:
    record = read_record(folder)
    return record.language if record else ""


async def hear_on_a_thread(work: Callable[[Tell], T], progress: Tell) -> T:
    """Work that hears: what goes wrong in it is one of our errors. It ends soon after its caller was cancelled."""
    with _translated():
        return await on_a_thread(work, progress)


@contextmanager
def _translated() -> Iterator[None]:
    with translated_faults():
        try:
            yield
        except HearingError as exc:
            raise NotConfigured(exc.message, hint=exc.hint) from exc
        except ImportError as exc:
            raise NotConfigured(
                f"This needs {exc.name}, which is not installed.",
                hint="pip install 'pod-launcher[transcribe]'",
            ) from exc
