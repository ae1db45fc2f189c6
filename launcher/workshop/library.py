"""The datasets on this machine: list, show, edit, drop, delete; each function is one thing a person does."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import InvalidRequest
from launcher.workshop.changing import changing
from launcher.workshop.editing import clips
from launcher.workshop.names import checked_name, dataset_folder
from launcher.workshop.table import RECORD, TABLE, Line, read_lines, read_record
from pod_image.contract.figures import counted, recorded
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset import Entry, FolderSource
from pod_image.dataset.headers import HeaderError, read_header
from pod_image.dataset.names import FileNames

Now = Callable[[], float]


@dataclass(frozen=True)
class Summary:
    """One dataset in the list. Times are unix seconds; `created_at` is None for one not made here.

    `damage` says what of it cannot be read: the rest of the list is shown all the same.
    """

    name: str
    folder: Path
    clips: int
    untyped: int
    minutes: float
    size_bytes: int
    created_at: float | None
    updated_at: float
    damage: str = ""


@dataclass(frozen=True)
class ClipLine:
    """A clip as its dataset's page shows it. `seconds` is null if the file is missing or cannot be read. `place` is
    its line in the table, as the findings of a check name it."""

    file: str
    text: str
    speaker: str | None
    seconds: float | None
    place: str = ""


@dataclass(frozen=True)
class Shown:
    summary: Summary
    clips: tuple[ClipLine, ...]


async def list_datasets(root: Path) -> list[Summary]:
    """Datasets below `root` by name; none if the folder is not there yet."""
    return await asyncio.to_thread(_list, root)


async def show_dataset(root: Path, name: str) -> Shown:
    """One dataset with all its lines. InvalidRequest if there is none of this name."""
    folder = existing_folder(root, name)
    return await asyncio.to_thread(_show, folder)


async def edit_clip(
    root: Path,
    name: str,
    file: str,
    *,
    text: str | None = None,
    speaker: str | None = None,
    now: Now = time.time,
) -> Line:
    """Change what is said in a clip, or who says it; None leaves it, an empty speaker removes it."""
    folder = existing_folder(root, name)
    return await asyncio.to_thread(clips.set_text, folder, file, now(), text=text, speaker=speaker)


async def drop_clips(root: Path, name: str, files: Collection[str], *, now: Now = time.time) -> int:
    """Take clips out of a dataset, line and file; returns how many. All of them must be there.

    They are put aside in the dataset's folder, and can be brought back.
    """
    folder = existing_folder(root, name)
    return await asyncio.to_thread(clips.leave_out, folder, files, now())


async def delete_dataset(root: Path, name: str, *, confirmed: bool) -> Summary:
    """Delete a dataset and all its clips. InvalidRequest, with what would be lost, unless `confirmed`."""
    folder = existing_folder(root, name)
    summary = await asyncio.to_thread(_summary, folder)
    if not confirmed:
        raise InvalidRequest(
            f"{name} has {counted(summary.clips, 'clip')} ({recorded(summary.minutes)}) and would "
            f"be deleted permanently.",
            hint=Sentence(
                "Confirm with ", NextStep.CONFIRM, ". What was pushed to Hugging Face stays there."
            ),
        )
    await asyncio.to_thread(_remove, folder)
    return summary


def _remove(folder: Path) -> None:
    with changing(folder):
        shutil.rmtree(folder)


def _list(root: Path) -> list[Summary]:
    if not root.is_dir():
        return []
    folders = (path for path in root.iterdir() if path.is_dir() and not path.is_symlink())
    named = sorted(
        (path for path in folders if _is_dataset(path)), key=lambda path: path.name.casefold()
    )
    return [_listed(folder) for folder in named]


def _listed(folder: Path) -> Summary:
    """One that cannot be read is named with why, and hides none of the others."""
    try:
        return _summary(folder)
    except OSError as exc:
        why = f"It cannot be read: {exc.strerror} ({exc.filename})."
        changed = folder.stat().st_mtime
        return Summary(folder.name, folder, 0, 0, 0.0, 0, None, changed, damage=why)


def _is_dataset(folder: Path) -> bool:
    return (folder / TABLE).is_file() or (folder / RECORD).is_file()


def existing_folder(root: Path, name: str) -> Path:
    """The folder of a dataset that is kept here. InvalidRequest if there is none of this name."""
    folder = dataset_folder(root, checked_name(name))
    if not folder.is_dir() or not _is_dataset(folder):
        raise InvalidRequest(
            f"The dataset “{name}” does not exist.",
            hint=Sentence(NextStep.LIST_DATASETS, " shows those that are there."),
        )
    return folder


def _show(folder: Path) -> Shown:
    entries = FolderSource(folder, follows_links=True).entries()
    found = _clips(folder, entries)
    return Shown(_summed_up(folder, entries, found), tuple(found))


def _summary(folder: Path) -> Summary:
    entries = FolderSource(folder, follows_links=True).entries()
    return _summed_up(folder, entries, _clips(folder, entries))


def _summed_up(folder: Path, entries: Sequence[Entry], clips: Sequence[ClipLine]) -> Summary:
    damage, record = "", None
    try:
        record = read_record(folder)
    except InvalidRequest as exc:
        damage = f"{exc.message} {exc.hint}"
    told_by = folder / (TABLE if (folder / TABLE).is_file() else RECORD)
    return Summary(
        name=folder.name,
        folder=folder,
        clips=len(clips),
        untyped=sum(not clip.text for clip in clips),
        minutes=round(sum(clip.seconds or 0.0 for clip in clips) / 60, 3),
        size_bytes=sum(entry.size for entry in entries),
        created_at=record.created_at if record else None,
        updated_at=record.updated_at if record else told_by.stat().st_mtime,
        damage=damage,
    )


def _clips(folder: Path, entries: Sequence[Entry]) -> list[ClipLine]:
    names = FileNames(entries)
    return [
        ClipLine(
            line.file,
            line.text,
            line.speaker,
            clip_seconds(folder, names.find(line.file)),
            line.place,
        )
        for line in read_lines(folder)
    ]


def clip_seconds(folder: Path, path: str | None) -> float | None:
    """How long a clip is, by its header; None where it has none that can be read."""
    if path is None:
        return None
    try:
        with (folder / path).open("rb") as opened:

            def read(start: int, length: int) -> bytes:
                opened.seek(start)
                return opened.read(length)

            return read_header(read, (folder / path).stat().st_size).seconds
    except (OSError, HeaderError):
        return None
