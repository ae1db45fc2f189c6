"""How long a check and a make take: `python -m tests.bench.dataset --json [--clips N] [--minutes N]`.

The check runs against the Hub emulator with the Hub's limits for a free account (1,000 API calls and 5,000 file
requests in five minutes). The making is compared with ffmpeg cutting the same pieces one after another, where there
is an ffmpeg (on the PATH, or from the package imageio-ffmpeg).

The clips are such as a training takes: a tone that swells and fades like speech, about a second at 16 kHz, with a
text that fits into it, so `errors` is 0. As many clips, files and shards as before they were such: requests and
seconds compare with older figures; minutes and bytes of the whole do not, since each clip is about twice as large.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import shutil
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from launcher.emulator.hub import HubEmulator
from launcher.emulator.hub.limits import RateLimits
from launcher.emulator.hub.wire import Body
from launcher.workshop.check import CheckSettings
from launcher.workshop.hub_source import HubSource, open_repo
from launcher.workshop.make import MakeRequest, make_dataset
from launcher.workshop.shards import ShardedClip, write_shards
from launcher.workshop.timed_text import read_timed_text
from tests.kit.hub_access import hub_of
from tests.kit.recordings import RATE_HZ, sentences, srt
from tests.workshop.checking import check_dataset

CLIP_RATE_HZ = 16_000
FREE_ACCOUNT: dict[str, Any] = {"api": 1_000, "resolver": 5_000}
SHARD_BYTES = 32 * 2**20


@dataclass
class Counted:
    """A source that counts what it is asked for."""

    base: HubSource
    bytes_read: int = 0
    is_remote: bool = True

    @property
    def name(self) -> str:
        return self.base.name

    def entries(self) -> Any:
        return self.base.entries()

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        piece = self.base.read(path, start, length)
        self.bytes_read += len(piece)
        return piece


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        parts = {
            "check_loose": lambda: _check(folder / "loose", asked.clips, sharded=False),
            "check_shards": lambda: _check(folder / "shards", asked.clips, sharded=True),
            "make": lambda: _make(folder / "make", asked.minutes, asked.cuts),
        }
        figures = {name: parts[name]() for name in asked.parts or parts}
    if asked.json:
        print(json.dumps(figures))
        return
    for name, values in figures.items():
        print(name, *(f"{key}={value}" for key, value in values.items()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--parts", nargs="*", choices=["check_loose", "check_shards", "make"])
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--cuts", type=int, default=200)
    return parser.parse_args()


# Check


def _check(folder: Path, count: int, *, sharded: bool) -> dict[str, Any]:
    files = clips_to_check(folder / "files", count, sharded=sharded)
    with HubEmulator(folder / "hub", limits=RateLimits(**FREE_ACCOUNT)) as emulator:
        _seed(emulator, files)
        hub = hub_of(emulator)
        before = time.perf_counter()
        source = Counted(open_repo(hub, "demo/many"))
        listed_seconds = time.perf_counter() - before
        settings = CheckSettings(sample_rate_hz=CLIP_RATE_HZ, speakers=None)
        report = asyncio.run(check_dataset(source, settings))
        seconds = time.perf_counter() - before
        return {
            "clips": report.clips,
            "seconds": round(seconds, 2),
            "of_that_listing_seconds": round(listed_seconds, 2),
            "requests": len(emulator.core.log),
            "refused_requests": sum(row.status == 429 for row in emulator.core.log),
            "megabytes_read": round(source.bytes_read / 1e6, 2),
            "headers_read": report.headers_read,
            "minutes": round(report.minutes, 1),
            "errors": len(report.errors),
        }


def clips_to_check(folder: Path, count: int, *, sharded: bool) -> dict[str, Path]:
    """Clips of a second or so, each of its own length, sound and text, as loose files or as shards."""
    folder.mkdir(parents=True)
    chance = np.random.default_rng(7)
    rows, clips = [], []
    for number in range(count):
        path = folder / f"{number:05d}.wav"
        audio = _like_speech(int(chance.integers(16_000, 18_000)), chance)
        path.write_bytes(_wav_header(len(audio)) + audio)
        rows.append(f"{number:05d}|{_in_words(number)}.\n")
        clips.append(ShardedClip(path, f"wavs/{number:05d}.wav"))
    table = folder / "metadata.csv"
    table.write_text("".join(rows))
    if not sharded:
        return {clip.name: clip.path for clip in clips} | {"metadata.csv": table}
    (folder / "shards").mkdir()
    shards = write_shards(clips, folder / "shards", SHARD_BYTES)
    return {shard.name: shard for shard in shards} | {"metadata.csv": table}


def _like_speech(frames: int, chance: np.random.Generator) -> bytes:
    """A tone of a voice's height with a little noise, four swells in a second."""
    at = np.arange(frames) / CLIP_RATE_HZ
    tone = np.sin(2 * np.pi * chance.integers(90, 240) * at) + chance.normal(0, 0.01, frames)
    swell = (0.5 + 0.5 * np.sin(2 * np.pi * 4 * at)) ** 2
    return bytes((tone * swell * 8_000).astype("<i2").tobytes())


def _wav_header(audio_bytes: int) -> bytes:
    form = struct.pack("<HHIIHH", 1, 1, CLIP_RATE_HZ, CLIP_RATE_HZ * 2, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", 36 + audio_bytes) + b"WAVEfmt " + struct.pack("<I", 16) + form
        + b"data" + struct.pack("<I", audio_bytes)
    )  # fmt: skip


def _in_words(number: int) -> str:
    digits = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return " ".join(digits[int(each)] for each in str(number))


def _seed(emulator: HubEmulator, files: dict[str, Path]) -> None:
    """Straight into the emulator's store: what is measured is the check, not an upload."""
    store = emulator.core.store
    repo = store.create("dataset", "demo/many", is_private=True, author="demo", at=0.0)
    tree = dict(repo.head.tree)
    for name, path in files.items():
        key = store.add_object(Body(path.read_bytes()))
        tree[name] = store.blob(key, is_lfs=not name.endswith(".csv"))
    store.commit(repo, "main", tree, "clips", "", "demo", 1.0)


# Make


def _make(folder: Path, minutes: float, cuts: int) -> dict[str, Any]:
    folder.mkdir()
    recording = folder / "talk.mp3"
    cues = _talk(recording, minutes, cuts)
    recording.with_suffix(".srt").write_text(srt(cues))
    before = time.perf_counter()
    made = asyncio.run(make_dataset(MakeRequest(folder / "out", (recording,))))
    seconds = time.perf_counter() - before
    by_ffmpeg = _by_ffmpeg(recording, folder / "by-ffmpeg")
    return {
        "clips": made.clips,
        "recording_minutes": round(cues[-1][1] / 60, 1),
        "seconds": round(seconds, 2),
        "ffmpeg_serial_seconds": by_ffmpeg,
        "ratio": round(seconds / by_ffmpeg, 3) if by_ffmpeg else None,
    }


def _talk(path: Path, minutes: float, cuts: int) -> list[tuple[float, float, str]]:
    """A recording of so many sentences over so many minutes: the demo clips again and again, with pauses."""
    sounds = [(sf.read(clip, dtype="float32")[0], text) for clip, text in sentences()]
    share = minutes * 60 / cuts
    chance = np.random.default_rng(3)
    cues = []
    with sf.SoundFile(path, "w", RATE_HZ, 1, format="MP3") as file:
        for number in range(cuts):
            wave, text = sounds[number % len(sounds)]
            whole = chance.normal(0, 1e-4, int(share * RATE_HZ)).astype("float32")
            start = max(0, (len(whole) - len(wave)) // 2)
            whole[start : start + len(wave)] += wave[: len(whole) - start]
            file.write(whole)
            at = number * share + start / RATE_HZ
            cues.append((at, at + min(len(wave) / RATE_HZ, share), text))
    return cues


def _by_ffmpeg(recording: Path, folder: Path) -> float | None:
    program = _ffmpeg()
    if program is None:
        return None
    folder.mkdir()
    subtitles = recording.with_suffix(".srt")
    cues = read_timed_text(subtitles.name, subtitles.read_bytes()).cues
    before = time.perf_counter()
    for number, cue in enumerate(cues):
        command = [
            program, "-v", "error", "-ss", f"{cue.start:.3f}", "-t", f"{cue.end - cue.start:.3f}", "-i",
            str(recording), "-ar", str(RATE_HZ), "-ac", "1", str(folder / f"{number:04d}.wav"),
        ]  # fmt: skip
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return round(time.perf_counter() - before, 2)


def _ffmpeg() -> str | None:
    found = shutil.which("ffmpeg")
    if found is None:
        with contextlib.suppress(ImportError, RuntimeError):
            found = importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    return found


if __name__ == "__main__":
    main()
