"""All clips of a run, made by as many processes as there are cores; what is there already is not made again."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pod_image.recipes.wake_word.parts import CLIPS_A_PART, Makings, Part, Role, write

HELD_OUT_SHARE = 0.1
FEWEST_HELD_OUT, MOST_HELD_OUT = 20, 500
FEWEST_LONG = 8
LOOK_SECONDS = 1.0
MOST_HEARD_TIMES = 40
"""A recording of the person's own is heard in so many surroundings, at most."""


def parts_of(clips: int, recordings: int = 0) -> list[Part]:
    """What is made for so many clips of the wake word. Held out ones come first: without them nothing can be said."""
    held_out = min(max(round(clips * HELD_OUT_SHARE), FEWEST_HELD_OUT), MOST_HELD_OUT)
    aside = held_out_recordings(recordings)
    own = recordings - aside
    counts = {
        (Role.PHRASE, True): held_out,
        (Role.NEAR_MISS, True): held_out,
        (Role.SPEECH, True): max(clips // 25, FEWEST_LONG),
        (Role.NOISE, True): max(clips // 50, FEWEST_LONG),
        (Role.RECORDED, True): aside,
        (Role.PHRASE, False): clips,
        (Role.NEAR_MISS, False): clips,
        (Role.SPEECH, False): max(clips // 8, FEWEST_LONG),
        (Role.NOISE, False): max(clips // 16, FEWEST_LONG),
        (Role.RECORDED, False): min(own * MOST_HEARD_TIMES, max(clips, own)),
    }
    return [part for (role, apart), count in counts.items() for part in _split(role, apart, count)]


def held_out_recordings(recordings: int) -> int:
    """One in five, as soon as there are five."""
    return recordings // 5


def make_all(
    parts: Sequence[Part],
    makings: dict[bool, Makings],
    folder: Path,
    processes: int,
    tell: Callable[[int, int], None],
    is_stopped: Callable[[], bool],
) -> bool:
    """Make what is missing in `folder`; whether all is there. `tell` hears of clips, made and in all.

    `makings` are those of what is held out, by True, and of what is learnt from. Raises what a part raises.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [part for part in parts if not (folder / part.name).is_file()]
    whole = sum(part.clips for part in parts)
    done = whole - sum(part.clips for part in missing)
    tell(done, whole)
    for part in _made(missing, makings, folder, processes, is_stopped):
        done += part.clips
        tell(done, whole)
    return done == whole


def _made(
    missing: Sequence[Part],
    makings: dict[bool, Makings],
    folder: Path,
    processes: int,
    is_stopped: Callable[[], bool],
) -> Iterator[Part]:
    """Parts as they become whole. A single process is this one."""
    if processes == 1:
        for part in missing:
            if is_stopped():
                return
            write(part, makings[part.held_out], folder)
            yield part
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_leave_signals) as pool:
        waiting = {
            pool.submit(write, part, makings[part.held_out], folder): part for part in missing
        }
        try:
            for finished in _as_they_end(waiting, is_stopped):
                finished.result()
                yield waiting[finished]
        finally:
            pool.shutdown(cancel_futures=True)


def _as_they_end(
    waiting: dict[Future[str], Part], is_stopped: Callable[[], bool]
) -> Iterator[Future[str]]:
    left = set(waiting)
    while left and not is_stopped():
        ended, left = wait(left, LOOK_SECONDS, FIRST_COMPLETED)
        yield from ended


def _leave_signals() -> None:
    """A stop is for the process that waits for us: it takes what is whole."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _split(role: Role, held_out: bool, count: int) -> list[Part]:
    starts = range(0, count, CLIPS_A_PART)
    return [
        Part(role, held_out, number, min(CLIPS_A_PART, count - start))
        for number, start in enumerate(starts)
    ]


def loaded(
    folder: Path, parts: Sequence[Part], role: Role, *, held_out: bool
) -> tuple[NDArray[np.float16], NDArray[np.str_]]:
    """All of a role, clips by frames by features, and the kind of each clip."""
    frames, kinds = [], []
    for part in parts:
        if (part.role, part.held_out) == (role, held_out):
            with np.load(folder / part.name, allow_pickle=False) as file:
                frames.append(file["frames"])
                kinds.append(file["kinds"])
    if not frames:
        return np.zeros((0, 0, 0), dtype=np.float16), np.zeros(0, dtype=np.str_)
    return np.concatenate(frames), np.concatenate(kinds)
