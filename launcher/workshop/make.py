"""Recordings to a dataset: decoded and cut in child processes, several at once; originals are never changed."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from launcher.errors import InvalidRequest
from launcher.workshop.gathering import Recording, Skipped, gather
from launcher.workshop.growing import GrowingDataset, NewClip
from launcher.workshop.names import clip_prefix
from launcher.workshop.pool import Cut, DecoderPool, Job, RecordingFailed, decoders
from launcher.workshop.report import in_order
from launcher.workshop.table import Record
from pod_image.contract.figures import size
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.dataset.file_remedies import LOOK_BYTES, remedy_when_not_decoded

SAMPLE_RATES_HZ = (16_000, 22_050)
STAGING_PREFIX = ".making-"


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
    findings: tuple[Finding, ...] = ()
    """About the texts with times: which were read, what of them was not spoken, what is odd about their times."""


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
            "No recordings were given.", hint=Sentence("Use ", NextStep.NAME_RECORDINGS, ".")
        )
    if request.out.exists() and not request.out.is_dir():
        raise InvalidRequest(f"{request.out} is a file.", hint="Give a folder for the dataset.")
    if any(path.resolve() == request.out.resolve() for path in request.recordings):
        raise InvalidRequest(
            "The dataset cannot be made in the folder of its recordings.",
            hint=Sentence(
                "Give another folder with ",
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
        self._on_progress = on_progress
        record = Record(request.language, request.sample_rate_hz, now(), now())
        self._dataset = GrowingDataset(request.out, record, now)
        self._skipped: list[Skipped] = []
        self._findings: list[Finding] = []
        self._done = self._of = self._already = self._added = 0
        self._seconds = 0.0
        self._decoded: dict[str, float] = {}

    async def run(self) -> Made:
        self._dataset.refuse_mixing(self._request.sample_rate_hz)
        request = self._request
        gathered = await asyncio.to_thread(
            gather, request.recordings, request.table, request.out, self._staging, request.language
        )
        recordings = gathered.recordings
        self._skipped.extend(gathered.skipped)
        self._findings.extend(gathered.findings)
        if len(recordings) > self._limits.most_recordings:
            raise InvalidRequest(
                f"{len(recordings):,} recordings are more than {self._limits.most_recordings:,}.",
                hint="Make the dataset in several calls; each adds to it.",
            )
        if not recordings and not self._skipped:
            raise InvalidRequest(
                "There are no recordings in what you gave.",
                hint="Recordings are wav, mp3, m4a, flac, ogg, opus or video files.",
            )
        await self._make_all(recordings)
        return Made(
            folder=self._request.out,
            clips=len(self._dataset.lines),
            untyped=sum(not line.text for line in self._dataset.lines),
            added_clips=self._added,
            added_minutes=round(self._seconds / 60, 3),
            already_there=self._already,
            skipped=tuple(self._skipped),
            findings=in_order(self._findings),
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
                    await self._take(recording, await task, len(recordings))
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._dataset.save()

    async def _make(
        self, pool: DecoderPool, threads: int, index: int, recording: Recording
    ) -> tuple[str, Path, Cut] | Skipped | None:
        """(sha256, folder of the new clips, the cut), or why there is none; None if it was made before."""
        try:
            size_bytes = await asyncio.to_thread(lambda: recording.path.stat().st_size)
            if size_bytes == 0:
                return Skipped(
                    recording.name, f"It is empty (0 bytes). {remedy_when_not_decoded(b'')}"
                )
            if size_bytes > self._limits.most_recording_bytes:
                return Skipped(
                    recording.name,
                    f"It has {size(size_bytes)}, which is too much. Cut it in two first.",
                )
            digest = await asyncio.to_thread(_digest, recording)
        except OSError as exc:  # no right to read it, or gone since it was listed
            return Skipped(recording.name, f"It cannot be read: {exc.strerror or exc}.")
        if self._dataset.is_made(digest):
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
            remedy = await asyncio.to_thread(_remedy, recording.path, exc)
            return Skipped(recording.name, f"{exc} {remedy}".strip())

    def _job(self, recording: Recording, folder: Path, threads: int) -> Job:
        request = self._request
        return Job(
            recording=str(recording.path),
            folder=str(folder),
            prefix=clip_prefix(recording.name),
            rate_hz=request.sample_rate_hz,
            kind=request.kind,
            text=recording.text,
            timed_text=str(recording.timed_text) if recording.timed_text else None,
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

    async def _take(
        self, recording: Recording, result: tuple[str, Path, Cut] | Skipped | None, of: int
    ) -> None:
        self._done += 1
        if result is None:
            self._already += 1
        elif isinstance(result, Skipped):
            self._skipped.append(result)
        else:
            await self._add(recording, *result)
        self._report(recording.name, of)

    async def _add(self, recording: Recording, digest: str, folder: Path, cut: Cut) -> None:
        speaker = recording.speaker or self._request.speaker
        clips = [
            NewClip(
                folder / clip.file,
                clip.file,
                clip.text,
                None if recording.speaker else clip.speaker,
            )
            for clip in cut.clips
        ]
        if not await asyncio.to_thread(self._dataset.add, digest, recording.name, clips, speaker):
            self._already += 1
            return
        if not cut.clips:
            self._skipped.append(Skipped(recording.name, "No speech was found in it."))
        self._seconds += sum(clip.seconds for clip in cut.clips)
        self._added += len(cut.clips)
        self._findings += cut.findings
        self._decoded[recording.name] = cut.seconds


def _remedy(path: Path, problem: RecordingFailed) -> str:
    """What helps, by what the file is; what the problem itself says, where it is not the file's form."""
    if problem.hint or "decoded" not in str(problem):
        return str(problem.hint or "")
    with path.open("rb") as file:
        return remedy_when_not_decoded(file.read(LOOK_BYTES))


def _digest(recording: Recording) -> str:
    """Of the sound and of its text, with times or without: a corrected transcript is a new recording."""
    total = hashlib.sha256((recording.text or "").encode())
    for path in (recording.path, recording.timed_text):
        if path is None:
            continue
        with path.open("rb") as file:
            while piece := file.read(2**20):
                total.update(piece)
    return total.hexdigest()
