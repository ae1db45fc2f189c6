"""`python -m launcher.services.voices.voice_process`: speaks with one voice, shut in, for `speaking`, which asks it.

A voice may be anybody's: its model is run by a library of a million lines, and its JSON names what else to load.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.foreign.apart import Found, Refused, serve
from pod_image.foreign.frames import Array
from pod_image.phonemes import PhonemesError, folded
from pod_image.phonemes.extras import check_packages

_BY_PIPER_ITSELF = "Voices that read Chinese as pinyin cannot be used here: piper-tts would download a model for them."
MODULE = "launcher.services.voices.voice_process"


def _load_libraries() -> None:
    import piper  # noqa: F401


@cache
def _voice(path: Path) -> Any:
    from onnxruntime import InferenceSession
    from piper import PiperConfig, PiperVoice

    try:
        config = PiperConfig.from_dict(json.loads(path.with_name(f"{path.name}.json").read_bytes()))
        # Its bytes and not its name: weights that it would take from another file are looked for in a folder
        # that is empty, whether or not the kernel keeps other folders closed.
        session = InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
        return PiperVoice(config=config, session=session)
    except Exception as exc:  # onnxruntime has a dozen kinds, none with a common base
        raise Refused(
            f"{path.name} is not a voice the Piper runtime can load ({type(exc).__name__})."
        ) from exc


def _read(files: list[Path], words: dict[str, str]) -> Found:
    """The sound of `text`, 16-bit, with its rate."""
    from piper import SynthesisConfig

    voice = _voice(files[0])
    kind = PhonemeType(voice.config.phoneme_type.value)
    try:
        check_packages(kind)
    except PhonemesError as exc:
        raise Refused(exc.message, hint=exc.hint) from exc
    if kind is PhonemeType.PINYIN:
        raise Refused(_BY_PIPER_ITSELF, hint="Give the voice and the text to piper-tts.")
    how = SynthesisConfig(
        speaker_id=int(words["speaker"]) if words["speaker"] else None,
        length_scale=1.0 / float(words["tempo"]),
        noise_scale=float(words["liveliness"]),
    )
    try:
        chunks = list(
            voice.synthesize(
                folded(words["text"], has_blocks=kind is PhonemeType.ESPEAK), syn_config=how
            )
        )
        sound = b"".join(chunk.audio_int16_bytes for chunk in chunks)
        rate_hz = int(chunks[0].sample_rate) if chunks else 0
    except Exception as exc:  # as above
        raise Refused(f"{files[0].name} cannot speak this text ({type(exc).__name__}).") from exc
    if not sound or not 1_000 <= rate_hz <= 1_000_000:
        raise Refused(f"{files[0].name} made no sound.")
    return Found({"rate_hz": rate_hz}, [Array("sound", "int16", (len(sound) // 2,))], [sound])


if __name__ == "__main__":
    serve(_load_libraries, _read)
