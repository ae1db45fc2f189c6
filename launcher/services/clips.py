"""What a person does to the clips of a dataset kept here, each to be undone: cut, join, retype, leave out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import ParamSpec, TypeVar

from launcher.config import Config
from launcher.services.datasets import translated_faults
from launcher.workshop.editing import clips, trash
from launcher.workshop.editing.clips import History
from launcher.workshop.editing.edits import Edit
from launcher.workshop.editing.journal import read_journal
from launcher.workshop.editing.trash import LeftOut
from launcher.workshop.library import existing_folder
from launcher.workshop.table import Line

Now = Callable[[], float]
T = TypeVar("T")
P = ParamSpec("P")


async def history(config: Config, name: str) -> History:
    """What undo and redo would do. Raises InvalidRequest."""
    return await _done(clips.history, existing_folder(config.datasets_folder, name))


async def undo(config: Config, name: str, *, now: Now = time.time) -> Edit:
    """Undo the last edit. Raises InvalidRequest when there is none, or others changed its lines since."""
    return await _done(clips.undo, existing_folder(config.datasets_folder, name), now())


async def redo(config: Config, name: str, *, now: Now = time.time) -> Edit:
    """Do again what was undone last. Raises InvalidRequest as `undo` does."""
    return await _done(clips.redo, existing_folder(config.datasets_folder, name), now())


async def left_out(config: Config, name: str) -> list[LeftOut]:
    """Clips that can be brought back, the last one first."""
    return await _done(trash.left_out, existing_folder(config.datasets_folder, name))


async def restore(
    config: Config, name: str, files: Collection[str] = (), *, now: Now = time.time
) -> list[str]:
    """Bring clips back, all of them where none is named; returns their files. Raises InvalidRequest."""
    return await _done(trash.restore, existing_folder(config.datasets_folder, name), files, now())


async def kept_bytes(config: Config, name: str) -> int:
    """What sound that was put aside takes on the disk."""
    folder = existing_folder(config.datasets_folder, name)
    return await _done(lambda: read_journal(folder).kept_bytes())


async def empty_trash(config: Config, name: str, *, confirmed: bool) -> int:
    """Remove what was put aside; unless `confirmed`, InvalidRequest says what would be lost. Returns its bytes."""
    folder = existing_folder(config.datasets_folder, name)
    return await _done(trash.empty_trash, folder, confirmed=confirmed)


async def set_texts(
    config: Config,
    name: str,
    texts: Mapping[str, tuple[str, str]],
    what: str,
    *,
    now: Now = time.time,
) -> int:
    """New texts by file, each with the one it takes the place of, as one edit; returns how many.

    Raises InvalidRequest, with nothing changed, when one of them was changed meanwhile.
    """
    folder = existing_folder(config.datasets_folder, name)
    return await _done(clips.set_texts, folder, texts, what, now())


async def trim(
    config: Config, name: str, file: str, start: float, end: float, *, now: Now = time.time
) -> Line:
    """Keep of a clip what lies between two seconds. Raises InvalidRequest, NotConfigured without the extra."""
    folder = existing_folder(config.datasets_folder, name)
    return await _done(clips.trim, folder, file, start, end, now())


async def split(
    config: Config,
    name: str,
    file: str,
    seconds: float,
    texts: tuple[str, str],
    *,
    now: Now = time.time,
) -> tuple[Line, Line]:
    """Two clips of one, each with its text. Raises as `trim` does."""
    folder = existing_folder(config.datasets_folder, name)
    return await _done(clips.split, folder, file, seconds, texts, now())


async def join_with_next(config: Config, name: str, file: str, *, now: Now = time.time) -> Line:
    """One clip of this one and the next in the table. Raises as `trim` does."""
    folder = existing_folder(config.datasets_folder, name)
    return await _done(clips.join_with_next, folder, file, now())


async def _done(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    with translated_faults():
        return await asyncio.to_thread(work, *args, **options)
