"""Speaking with a voice on this machine: the Piper runtime (extra `audio`) in a process that can harm nothing."""

from __future__ import annotations

import asyncio
import threading
import time
import wave
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from launcher.errors import InvalidRequest, NotConfigured
from launcher.services.voices.voice_description import description_of
from launcher.services.voices.voice_process import MODULE
from pod_image.contract.whole_file import replacing
from pod_image.foreign.apart import Bounds, Reader, ReadingEnded
from pod_image.foreign.frames import Answer

INSTALL = 'pip install "pod-launcher[audio]"'
"""What a computer lacks that cannot speak."""
MAX_CHARACTERS = 1_000
VOICES_IN_MEMORY = 4
SPEAKING_SECONDS = 120.0
"""For a thousand letters with the largest voice on a slow computer."""
PROCESSOR_SECONDS = 36_000.0
"""For all that one process says: a page may stay open for days."""
MEMORY_BYTES = 2 << 30
MOST_SOUND_BYTES = 128 << 20
"""Three quarters of an hour."""


@dataclass(frozen=True)
class SpokenText:
    """A recording that was just spoken. `took_seconds` is how long this machine needed for it."""

    wav: Path
    seconds: float
    took_seconds: float


@dataclass(frozen=True)
class Manner:
    """How to speak. `tempo` above 1 is faster; `liveliness` is the voice's own noise, 0.667 as Piper's default."""

    tempo: float = 1.0
    liveliness: float = 0.667
    speaker: int = 0


async def speak(onnx: Path, text: str, wav: Path, manner: Manner | None = None) -> SpokenText:
    """Speak `text` into the file `wav`.

    Raises InvalidRequest (nothing to say, too long, not a voice) or NotConfigured (the extra is missing).
    """
    words = " ".join(text.split())
    if not any(letter.isalnum() for letter in words):
        raise InvalidRequest("There is no text to speak.", hint="Type a sentence.")
    if len(words) > MAX_CHARACTERS:
        raise InvalidRequest(
            f"The text is longer than {MAX_CHARACTERS:,} characters.", hint="Shorten it."
        )
    return await asyncio.to_thread(_speak, onnx, words, wav, manner or Manner())


def speakers_of(onnx: Path) -> dict[str, int]:
    """Names of a voice's speakers with their numbers; empty for a voice of one. Raises InvalidRequest."""
    try:
        found = description_of(onnx).get("speaker_id_map", {})
        return {str(name): int(number) for name, number in found.items()}
    except (ValueError, AttributeError, TypeError, OverflowError) as exc:
        raise InvalidRequest(f"{onnx.name} has no usable .json next to it.") from exc


def can_speak_here() -> bool:
    """Whether this computer has what speaking needs, the extra `audio`."""
    return find_spec("piper") is not None


def forget_voices() -> None:
    """End the processes that hold voices ready; the next text starts one anew."""
    with _LOCK:
        while _READY:
            _READY.popitem()[1].close()


def _speak(onnx: Path, text: str, wav: Path, manner: Manner) -> SpokenText:
    began = time.perf_counter()
    has_speakers = bool(speakers_of(onnx))
    answer = _ask(
        onnx,
        text=text,
        speaker=str(manner.speaker) if has_speakers else "",
        tempo=str(manner.tempo),
        liveliness=str(manner.liveliness),
    )
    if "fault" in answer.said:
        raise InvalidRequest(
            str(answer.said["fault"]), hint=str(answer.said.get("hint") or "") or None
        )
    rate_hz, ((_, sound),) = int(answer.said["rate_hz"]), answer.arrays
    wav.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replacing(wav, is_shared=True) as part, wave.open(str(part), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(sound)
    return SpokenText(wav, len(sound) / 2 / rate_hz, time.perf_counter() - began)


def _ask(onnx: Path, **words: str) -> Answer:
    if not can_speak_here():
        raise NotConfigured(
            "Speaking on this computer needs the extra “audio”.",
            hint=f"Install it: {INSTALL}",
        )
    with _LOCK:
        try:
            return _reader(onnx).ask(**words)
        except ReadingEnded as exc:
            _READY.pop(_key(onnx), None)
            raise InvalidRequest(
                f"{onnx.name} is not a usable voice: {exc}.",
                hint="Download it again from its source, and compare the file size.",
            ) from exc


def _reader(onnx: Path) -> Reader:
    """The process that holds this voice ready; a new file is a new voice."""
    key = _key(onnx)
    if key not in _READY:
        while len(_READY) >= VOICES_IN_MEMORY:
            _READY.pop(next(iter(_READY))).close()
        files = [onnx, onnx.with_name(f"{onnx.name}.json")]
        bounds = Bounds(
            SPEAKING_SECONDS,
            MEMORY_BYTES + 4 * onnx.stat().st_size,
            MOST_SOUND_BYTES,
            cpu_seconds=PROCESSOR_SECONDS,
        )
        _READY[key] = Reader(MODULE, files, bounds)
    _READY[key] = _READY.pop(key)  # the one used last is the last to go
    return _READY[key]


def _key(onnx: Path) -> tuple[str, float]:
    return str(onnx.absolute()), onnx.stat().st_mtime


_LOCK = threading.Lock()
_READY: dict[tuple[str, float], Reader] = {}
