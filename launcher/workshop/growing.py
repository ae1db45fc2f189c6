"""A dataset that clips are added to, while others may edit it or add to it as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from launcher.errors import InvalidRequest
from launcher.workshop.changing import changing
from launcher.workshop.table import (
    CLIPS_FOLDER,
    RECORD,
    TABLE,
    Line,
    Record,
    read_lines,
    read_record,
    write_lines,
    write_record,
)
from pod_image.contract.next_steps import NextStep, Sentence

RECORDINGS_BETWEEN_SAVES = 25
"""The table is written whole each time; a crash leaves at most so many recordings to be made again."""
CLIP_ENDINGS = (".flac", ".wav")


@dataclass(frozen=True)
class NewClip:
    """A clip on its way in: where its file is, and the name that it would like to have."""

    path: Path
    name: str
    text: str
    speaker: str | None = None
    """Where the recording has several."""


@dataclass
class _Unsaved:
    lines: list[Line] = field(default_factory=list)
    recordings: dict[str, str] = field(default_factory=dict)


class GrowingDataset:
    """What is in the folder, and what this process adds to it. Blocking; InvalidRequest for a damaged record."""

    def __init__(self, folder: Path, new: Record, now: Callable[[], float]) -> None:
        """`new` is the record of a dataset that is not there yet."""
        self._folder, self._new, self._now = folder, new, now
        self._unsaved = _Unsaved()
        self._read()

    def _read(self) -> None:
        # The signature first: what is written between the two is read again the next time.
        self._seen = self._signature()
        self._there = read_lines(self._folder)
        self._record = read_record(self._folder) or self._new
        self._taken = {
            Path(line.file).stem.casefold() for line in (*self._there, *self._unsaved.lines)
        }

    def _signature(self) -> tuple[object, ...]:
        return tuple(_signature(self._folder / name) for name in (TABLE, RECORD))

    @property
    def sample_rate_hz(self) -> int:
        return self._record.sample_rate_hz

    @property
    def lines(self) -> list[Line]:
        """As they are known here: all that was there when it was last looked, and all that was added."""
        return [*self._there, *self._unsaved.lines]

    def is_made(self, digest: str) -> bool:
        """Whether that recording was made before, here or by somebody else."""
        return digest in self._record.recordings or digest in self._unsaved.recordings

    def refuse_mixing(self, rate_hz: int) -> None:
        """InvalidRequest for clips of another rate than those that are there."""
        if self._record.sample_rate_hz != rate_hz:
            raise InvalidRequest(
                f"The dataset has clips at {self._record.sample_rate_hz:,} Hz; {rate_hz:,} Hz cannot be added.",
                hint=Sentence(
                    "Use ",
                    NextStep.CHOOSE_SAMPLE_RATE.of(self._record.sample_rate_hz),
                    ", or another folder.",
                ),
            )

    def add(
        self, digest: str, recording: str, clips: Sequence[NewClip], speaker: str | None
    ) -> bool:
        """Move the clips into the dataset; the table follows, so that after a crash no line lacks its file.

        False, and nothing is moved, if that recording was made in the meantime.
        """
        with changing(self._folder):
            self._look_again()
            if self.is_made(digest):
                return False
            self.refuse_mixing(self._new.sample_rate_hz)
            folder = self._folder / CLIPS_FOLDER
            folder.mkdir(exist_ok=True)
            for clip in clips:
                name = self._free_name(folder, clip.name)
                clip.path.replace(folder / name)
                who = clip.speaker or speaker
                self._unsaved.lines.append(Line(f"{CLIPS_FOLDER}/{name}", clip.text, who))
            self._unsaved.recordings[digest] = recording
            if len(self._unsaved.recordings) >= RECORDINGS_BETWEEN_SAVES:
                self._save()
        return True

    def save(self) -> None:
        """Write what was added to what is there by now."""
        with changing(self._folder):
            if self._unsaved.recordings:
                self._look_again()
                self._save()

    def _look_again(self) -> None:
        if self._signature() != self._seen:
            self._read()

    def _save(self) -> None:
        self._there = self.lines
        self._record = replace(
            self._record,
            updated_at=self._now(),
            recordings={**self._record.recordings, **self._unsaved.recordings},
        )
        write_lines(self._folder, self._there)
        write_record(self._folder, self._record)
        self._unsaved = _Unsaved()
        self._seen = self._signature()

    def _free_name(self, folder: Path, name: str) -> str:
        stem, ending = name.rsplit(".", 1)
        free, number = stem, 1
        while free.casefold() in self._taken or _is_there(folder / free):
            number += 1
            free = f"{stem}-v{number}"
        self._taken.add(free.casefold())
        return f"{free}.{ending}"


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _is_there(stem: Path) -> bool:
    """Also a clip whose line another process has not written yet."""
    return any(stem.with_name(stem.name + ending).exists() for ending in CLIP_ENDINGS)
