"""What a person does while reading sentences into a dataset: begin, keep a take, bring one back, move on.

The page calls these; whatever goes wrong below is one of our errors here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from launcher.prompts.sets import LANGUAGES, parse_prompts, prompts_of, read_prompts
from launcher.services.datasets import translated_faults
from launcher.workshop.library import clip_seconds
from launcher.workshop.recording.reading import (
    Reading,
    begin_reading,
    bring_back,
    keep_take,
    move_to,
    prompt_key,
    read_reading,
)
from launcher.workshop.recording.take_sound import (
    findings_of,
    measure,
    samples_of,
    wav_of,
)
from pod_image.contract.findings import Finding, Severity

Now = Callable[[], float]
OURS = "ours"
"""The source of sentences that come with the launcher; else it is the name of a file."""


@dataclass(frozen=True)
class Judged:
    """What came of a take: whether it was kept, and what to say of it."""

    is_kept: bool
    seconds: float
    findings: tuple[Finding, ...]


async def read(folder: Path) -> Reading | None:
    """How far the reading in this folder came; None where none was begun."""
    with translated_faults():
        return await asyncio.to_thread(read_reading, folder)


async def begin_with_ours(folder: Path, language: str, *, now: Now = time.time) -> Reading:
    """Read our sentences of a language. Raises InvalidRequest when there are none, or for a folder of others."""
    prompts = prompts_of(language)
    region = language if "_" in language else LANGUAGES[language[:2].lower()].region
    with translated_faults():
        return await asyncio.to_thread(begin_reading, folder, region, OURS, prompts, now=now)


async def begin_with_file(
    folder: Path, language: str, file: Path, *, now: Now = time.time
) -> Reading:
    """Read the sentences of a text file, one on each line. Raises InvalidRequest."""
    with translated_faults():
        prompts = await asyncio.to_thread(read_prompts, file)
        return await asyncio.to_thread(begin_reading, folder, language, file.name, prompts, now=now)


async def begin_with_sent(
    folder: Path, language: str, raw: bytes, name: str, *, now: Now = time.time
) -> Reading:
    """Read the sentences of a file that the browser sent. Raises InvalidRequest."""
    with translated_faults():
        prompts = await asyncio.to_thread(parse_prompts, raw, name)
        return await asyncio.to_thread(begin_reading, folder, language, name, prompts, now=now)


async def keep(
    folder: Path,
    key: str,
    raw: bytes,
    rate_hz: int,
    *,
    lost_seconds: float = 0.0,
    now: Now = time.time,
) -> Judged:
    """Make a take of 32-bit floats the clip of a sentence, unless no training could use it.

    Raises UnknownPrompt, UnusableSound and InvalidRequest.
    """

    def work() -> Judged:
        reading = read_reading(folder)
        text = reading.prompt(key) if reading is not None else ""
        samples = samples_of(raw, rate_hz)
        found = tuple(findings_of(measure(samples, rate_hz), text, lost_seconds))
        is_kept = all(each.severity is not Severity.ERROR for each in found)
        if is_kept:
            keep_take(folder, key, wav_of(samples, rate_hz), now=now)
        return Judged(is_kept, len(samples) / rate_hz, found)

    with translated_faults():
        return await asyncio.to_thread(work)


async def undo(folder: Path, key: str, *, now: Now = time.time) -> Reading:
    """Change a take with the one that it replaced. Raises UnknownPrompt and InvalidRequest."""
    with translated_faults():
        return await asyncio.to_thread(bring_back, folder, key, now=now)


async def move(folder: Path, key: str, skipped: Collection[str]) -> Reading:
    """Remember where the person is, and what they passed over. Raises UnknownPrompt and InvalidRequest."""
    with translated_faults():
        return await asyncio.to_thread(move_to, folder, key, skipped=skipped)


async def lengths(folder: Path, reading: Reading) -> dict[str, float]:
    """Seconds of each take by its sentence's key; one that cannot be read is left out."""

    def work() -> dict[str, float]:
        keys = map(prompt_key, reading.prompts)
        found = {
            key: clip_seconds(folder, reading.takes[key]) for key in keys if key in reading.takes
        }
        return {key: seconds for key, seconds in found.items() if seconds is not None}

    with translated_faults():
        return await asyncio.to_thread(work)
