"""Recordings to a dataset: decoded and cut in child processes, several at once; originals are never changed."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from launcher.errors import InvalidRequest
from launcher.workshop.gathering import Recording, Skipped, gather
from launcher.workshop.names import clip_prefix
from launcher.workshop.pool import Cut, DecoderPool, Job, RecordingFailed, decoders
from launcher.workshop.table import (
    CLIPS_FOLDER,
    Line,
    Record,
    read_lines,
    read_record,
    write_lines,
    write_record,
)
from pod_image.contract.figures import size
from pod_image.contract.next_steps import NextStep, Sentence

SAMPLE_RATES_HZ = (16_000, 22_050)
STAGING_PREFIX = ".making-"
RECORDINGS_BETWEEN_SAVES = 25
"""The table is written whole each time; a crash leaves at most so many recordings to be made again."""


@dataclass(frozen=True)
class MakeRequest:
    """What to make. `recordings` are files, folders or archives; `loudness_lufs` None leaves levels as they are."""

    out: Path
    recordings: tuple[Path, ...]
    table: Path | None = None
    speaker: str | None = None
    language: str = "en_US"
    sample_rate_hz: int = 22_050
    kind: Literal["flac", "wav"] = "flac"
    loudness_lufs: float | None = None
    cut: bool = True
    workers: int | None = None


@dataclass(frozen=True)
class MakeLimits:
    """What one call may cost this machine."""

    most_recordings: int = 20_000
    most_recording_bytes: int = 8 * 2**30
    most_recording_seconds: float = 4 * 3600.0
    job_seconds: float = 900.0


@dataclass(frozen=True)
class Made:
    """What is in the folder now, and what this call added. `untyped` clips still need their text."""

    folder: Path
    clips: int
    untyped: int
    added_clips: int
    added_minutes: float
    already_there: int
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True)
class MakeProgress:
    """`decoded_minutes` of all recordings together; one is told at least every half minute of sound."""

    done: int
    of: int
    decoded_minutes: float
    current: str


OnProgress = Callable[[MakeProgress], None]


async def make_dataset(
    request: MakeRequest,
    *,
    limits: MakeLimits | None = None,
    on_progress: OnProgress = lambda progress: None,
    now: Callable[[], float] = time.time,
) -> Made:
    """Make clips of all recordings and add them to the dataset in `out`.

    A recording that cannot be used is left out with its reason; one that was made before is not made again.
    InvalidRequest when nothing can be done at all.
    """
    _check(request)
    request.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=STAGING_PREFIX, dir=request.out) as staging:
        making = _Making(request, limits or MakeLimits(), Path(staging), on_progress, now)
        return await making.run()


def _check(request: MakeRequest) -> None:
    if request.sample_rate_hz not in SAMPLE_RATES_HZ:
        raise InvalidRequest(
            f"Clips cannot be made at {request.sample_rate_hz:,} Hz.",
            hint="Use 22050 (medium, high) or 16000 (x-low, low).",
        )
    if not request.recordings:
        raise InvalidRequest(
            "No recordings were named.", hint=Sentence("Use ", NextStep.NAME_RECORDINGS, ".")
        )
    if request.out.exists() and not request.out.is_dir():
        raise InvalidRequest(f"{request.out} is a file.", hint="Name a folder for the dataset.")
    if any(path.resolve() == request.out.resolve() for path in request.recordings):
        raise InvalidRequest(
            "The dataset cannot be made in the folder of its recordings.",
            hint=Sentence(
                "Name another folder with ",
                NextStep.NAME_FOLDER,
                "; the recordings stay as they are.",
            ),
        )


class _Making:
    """One call of `make_dataset` on its way."""

    def __init__(
        self,
        request: MakeRequest,
        limits: MakeLimits,
        staging: Path,
        on_progress: OnProgress,
        now: Callable[[], float],
    ) -> None:
        self._request, self._limits, self._staging = request, limits, staging
        self._on_progress, self._now = on_progress, now
        self._lines = read_lines(request.out)
        self._record = read_record(request.out) or Record(
            request.language, request.sample_rate_hz, now(), now()
        )
        self._taken = {Path(line.file).stem.casefold() for line in self._lines}
        self._skipped: list[Skipped] = []
        self._done = self._of = self._already = self._added = self._unsaved = 0
        self._seconds = 0.0
        self._decoded: dict[str, float] = {}

    async def run(self) -> Made:
        self._refuse_mixing()
        recordings, skipped = await asyncio.to_thread(
            gather, self._request.recordings, self._request.table, self._request.out, self._staging
        )
        self._skipped.extend(skipped)
        if len(recordings) > self._limits.most_recordings:
            raise InvalidRequest(
                f"{len(recordings):,} recordings are more than {self._limits.most_recordings:,}.",
                hint="Make the dataset in several calls; each adds to it.",
            )
        if not recordings and not self._skipped:
            raise InvalidRequest(
                "There is no recording in what was named.",
                hint="Recordings are wav, mp3, m4a, flac, ogg, opus or video files.",
            )
        await self._make_all(recordings)
        return Made(
            folder=self._request.out,
            clips=len(self._lines),
            untyped=sum(not line.text for line in self._lines),
            added_clips=self._added,
            added_minutes=round(self._seconds / 60, 3),
            already_there=self._already,
            skipped=tuple(self._skipped),
        )

    def _refuse_mixing(self) -> None:
        there = self._record.sample_rate_hz
        if there != self._request.sample_rate_hz:
            raise InvalidRequest(
                f"The dataset has clips at {there:,} Hz; {self._request.sample_rate_hz:,} Hz cannot be added.",
                hint=Sentence(
                    "Use ", NextStep.CHOOSE_SAMPLE_RATE.of(there), ", or another folder."
                ),
            )

    async def _make_all(self, recordings: Sequence[Recording]) -> None:
        async with decoders(self._request.workers, self._limits.job_seconds) as pool:
            threads = max(1, pool.workers // max(1, len(recordings)))
            tasks = [
                asyncio.create_task(self._make(pool, threads, index, each))
                for index, each in enumerate(recordings)
            ]
            try:
                for recording, task in zip(recordings, tasks, strict=True):
                    # In the order they were named, so that the table's order does not depend on the cores.
                    self._take(recording, await task, len(recordings))
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._save()

    async def _make(
        self, pool: DecoderPool, threads: int, index: int, recording: Recording
    ) -> tuple[str, Path, Cut] | Skipped | None:
        """(sha256, folder of the new clips, the cut), or why there is none; None if it was made before."""
        size_bytes = await asyncio.to_thread(lambda: recording.path.stat().st_size)
        if size_bytes == 0:
            return Skipped(recording.name, "It is empty (0 bytes).")
        if size_bytes > self._limits.most_recording_bytes:
            return Skipped(recording.name, f"It has {size(size_bytes)}, which is too much.")
        digest = await asyncio.to_thread(_digest, recording)
        if digest in self._record.recordings:
            return None
        folder = self._staging / f"{index:06d}"
        folder.mkdir()
        try:
            return (
                digest,
                folder,
                await pool.decode(self._job(recording, folder, threads), self._tell(recording)),
            )
        except RecordingFailed as exc:
            return Skipped(recording.name, str(exc))

    def _job(self, recording: Recording, folder: Path, threads: int) -> Job:
        request = self._request
        return Job(
            recording=str(recording.path),
            folder=str(folder),
            prefix=clip_prefix(recording.name),
            rate_hz=request.sample_rate_hz,
            kind=request.kind,
            text=recording.text,
            subtitles=str(recording.subtitles) if recording.subtitles else None,
            loudness_lufs=request.loudness_lufs,
            cut=request.cut,
            most_seconds=self._limits.most_recording_seconds,
            threads=threads,
        )

    def _tell(self, recording: Recording) -> Callable[[float], None]:
        def tell(seconds: float) -> None:
            self._decoded[recording.name] = seconds
            self._report(recording.name, 0)

        return tell

    def _report(self, current: str, of: int) -> None:
        self._of = of or self._of
        minutes = sum(self._decoded.values()) / 60
        self._on_progress(MakeProgress(self._done, self._of, round(minutes, 2), current))

    def _take(
        self, recording: Recording, result: tuple[str, Path, Cut] | Skipped | None, of: int
    ) -> None:
        """Move the clips into the dataset; the table follows, so that after a crash no line lacks its file."""
        self._done += 1
        if result is None or (isinstance(result, tuple) and result[0] in self._record.recordings):
            self._already += 1
        elif isinstance(result, Skipped):
            self._skipped.append(result)
        else:
            self._add(recording, *result)
        self._report(recording.name, of)

    def _add(self, recording: Recording, digest: str, folder: Path, cut: Cut) -> None:
        clips = self._request.out / CLIPS_FOLDER
        clips.mkdir(exist_ok=True)
        if not cut.clips:
            self._skipped.append(Skipped(recording.name, "No speech was found in it."))
        for clip in cut.clips:
            name = self._free_name(clip.file)
            (folder / clip.file).replace(clips / name)
            speaker = recording.speaker or self._request.speaker
            self._lines.append(Line(f"{CLIPS_FOLDER}/{name}", clip.text, speaker))
            self._seconds += clip.seconds
        self._added += len(cut.clips)
        self._decoded[recording.name] = cut.seconds
        self._record = replace(
            self._record,
            updated_at=self._now(),
            recordings={**self._record.recordings, digest: recording.name},
        )
        self._unsaved += 1
        if self._unsaved >= RECORDINGS_BETWEEN_SAVES:
            self._save()

    def _save(self) -> None:
        if self._unsaved:
            write_lines(self._request.out, self._lines)
            write_record(self._request.out, self._record)
        self._unsaved = 0

    def _free_name(self, name: str) -> str:
        stem, ending = name.rsplit(".", 1)
        free, number = stem, 1
        while free.casefold() in self._taken:
            number += 1
            free = f"{stem}-v{number}"
        self._taken.add(free.casefold())
        return f"{free}.{ending}"


def _digest(recording: Recording) -> str:
    """Of the sound and of its subtitles or text: a corrected transcript is a new recording."""
    total = hashlib.sha256((recording.text or "").encode())
    for path in (recording.path, recording.subtitles):
        if path is None:
            continue
        with path.open("rb") as file:
            while piece := file.read(2**20):
                total.update(piece)
    return total.hexdigest()
