"""Speaking a text with a voice on this machine, by the Piper runtime as it is installed (extra `audio`)."""

from __future__ import annotations

import asyncio
import json
import time
import wave
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from launcher.errors import InvalidRequest, NotConfigured

MAX_CHARACTERS = 1_000
VOICES_IN_MEMORY = 4


@dataclass(frozen=True)
class Take:
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


async def speak(onnx: Path, text: str, wav: Path, manner: Manner | None = None) -> Take:
    """Speak `text` into the file `wav`.

    Raises InvalidRequest (nothing to say, too long, not a voice) or NotConfigured (the extra is missing).
    """
    words = " ".join(text.split())
    if not any(letter.isalnum() for letter in words):
        raise InvalidRequest("There is nothing to say.", hint="Type a sentence.")
    if len(words) > MAX_CHARACTERS:
        raise InvalidRequest(f"That is longer than {MAX_CHARACTERS:,} letters.", hint="Shorten it.")
    return await asyncio.to_thread(_speak, onnx, words, wav, manner or Manner())


def speakers_of(onnx: Path) -> dict[str, int]:
    """Names of a voice's speakers with their numbers; empty for a voice of one. Raises InvalidRequest."""
    try:
        config: Any = json.loads(onnx.with_name(f"{onnx.name}.json").read_text("utf-8"))
        return {str(name): int(number) for name, number in config["speaker_id_map"].items()}
    except KeyError:
        return {}
    except (OSError, ValueError, AttributeError) as exc:
        raise InvalidRequest(f"{onnx.name} has no usable .json beside it.") from exc


def _speak(onnx: Path, text: str, wav: Path, manner: Manner) -> Take:
    began = time.perf_counter()
    voice = _voice(str(onnx), onnx.stat().st_mtime)
    from piper import SynthesisConfig

    has_speakers = bool(speakers_of(onnx))
    chosen = SynthesisConfig(
        speaker_id=manner.speaker if has_speakers else None,
        length_scale=1.0 / manner.tempo,
        noise_scale=manner.liveliness,
    )
    wav.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = wav.with_suffix(".part")
    with wave.open(str(part), "wb") as out:
        voice.synthesize_wav(text, out, syn_config=chosen)
        seconds = out.getnframes() / out.getframerate()
    part.replace(wav)
    return Take(wav, seconds, time.perf_counter() - began)


@lru_cache(maxsize=VOICES_IN_MEMORY)
def _voice(onnx: str, modified: float) -> Any:
    """A loaded voice; `modified` makes a new file a new voice."""
    try:
        from piper import PiperVoice
    except ImportError as exc:
        raise NotConfigured(
            "Speaking on this computer needs the extra “audio”.",
            hint='Install it: pip install "pod-launcher[audio]"',
        ) from exc
    try:
        return PiperVoice.load(onnx)
    except Exception as exc:  # onnxruntime has a dozen kinds, none with a common base
        raise InvalidRequest(
            f"{Path(onnx).name} is not a voice the Piper runtime can load ({type(exc).__name__})."
        ) from exc
