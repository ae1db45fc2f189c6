"""A voice made ready for other programs: what Home Assistant, Piper and sherpa-onnx need, in one folder or one zip.

The `.onnx` is somebody's: a process that can harm nothing reads it, and here bytes are copied.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from launcher.errors import InvalidRequest
from launcher.services.voices.onnx_outline import MODULE
from launcher.services.voices.programs import how_to
from launcher.services.voices.voice_description import (
    DescribedVoice,
    described_voice,
    description_of,
    quality_in,
)
from pod_image.contract.whole_file import replacing, write_whole
from pod_image.foreign.apart import Bounds, ReadingEnded, ask

INPUTS = ["input", "input_lengths", "scales"]
"""What every runtime of Piper voices feeds, in this order."""
TOKENS_NAME, GUIDE_NAME = "tokens.txt", "HOW-TO.txt"
_METADATA_KEY = bytes([14 << 3 | 2])
_COPIED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class PackedVoice:
    """The files of a voice, side by side. `added` are the names of the metadata that the `.onnx` lacked."""

    onnx: Path
    json: Path
    tokens: Path
    guide: Path
    described: DescribedVoice
    added: tuple[str, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        return self.onnx, self.json, self.tokens, self.guide

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.files)


async def pack_voice(onnx: Path, folder: Path) -> PackedVoice:
    """Write the voice's files into `folder`. The voice itself stays as it is.

    Raises InvalidRequest: no usable description, no ONNX model, not a Piper voice.
    """
    return await asyncio.to_thread(_pack, onnx, folder)


async def zip_voice(onnx: Path, target: Path) -> DescribedVoice:
    """The same as one zip, in a folder of the voice's name. Raises InvalidRequest."""
    return await asyncio.to_thread(_zip, onnx, target)


def sherpa_metadata(described: DescribedVoice) -> dict[str, str]:
    """What sherpa-onnx reads from the `.onnx` itself."""
    return {
        "model_type": "vits",
        "comment": "piper",
        "language": described.english_name,
        "voice": described.espeak_voice,
        "has_espeak": str(int(described.is_read_by_espeak)),
        "has_g2pw": "0",
        "n_speakers": str(described.speaker_count),
        "sample_rate": str(described.sample_rate_hz),
        "version": "1",
    }


def tokens_text(tokens: Mapping[str, int]) -> str:
    """sherpa-onnx's list: a symbol and its id on each line.

    Without those that it ends at: of more than one code point, and blanks that are not the plain one.
    """
    single = {s: number for s, number in tokens.items() if len(s) == 1 and s.isprintable()}
    return "".join(f"{symbol} {number}\n" for symbol, number in single.items())


def for_home_assistant(document: Mapping[str, Any], described: DescribedVoice) -> dict[str, Any]:
    """The description as Home Assistant takes it: a voice is found by the name in it, and listed by its language."""
    language = {**(document.get("language") or {})}
    if not language.get("code"):
        family, _, region = described.language.partition("_")
        language |= {"code": described.language, "family": family, "region": region}
    audio = {**document["audio"]}
    if not audio.get("quality") and quality_in(described.stem):
        audio["quality"] = quality_in(described.stem)
    return {**document, "dataset": described.stem, "language": language, "audio": audio}


def _pack(onnx: Path, folder: Path) -> PackedVoice:
    described = described_voice(onnx)
    told = _outline(onnx)
    wanted = {**told.metadata, **sherpa_metadata(described)}
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / onnx.name
    if target.resolve() == onnx.resolve():
        raise InvalidRequest(f"{folder} is the folder of the voice itself.", hint="Name another.")
    with replacing(target, is_shared=True) as part, part.open("wb") as out, onnx.open("rb") as file:
        if wanted == told.metadata:
            shutil.copyfileobj(file, out, _COPIED_AT_ONCE)
        else:
            _copy_without(file, out, told.spans, onnx.stat().st_size)
            out.write(b"".join(_entry(name, value) for name, value in wanted.items()))
    document = for_home_assistant(description_of(onnx), described)
    packed = PackedVoice(
        target,
        target.with_name(f"{target.name}.json"),
        folder / TOKENS_NAME,
        folder / GUIDE_NAME,
        described,
        tuple(name for name in wanted if told.metadata.get(name) != wanted[name]),
    )
    text = json.dumps(document, indent=2) + "\n"
    write_whole(packed.json, text, is_shared=True)
    write_whole(packed.tokens, tokens_text(described.tokens), is_shared=True)
    write_whole(packed.guide, how_to(described), is_shared=True)
    return packed


def _zip(onnx: Path, target: Path) -> DescribedVoice:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="launcher-voice-") as folder:
        packed = _pack(onnx, Path(folder))
        with (
            replacing(target, is_shared=True) as part,
            zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as bundle,
        ):
            for path in packed.files:
                # Weights are as good as noise: to press them takes seconds and saves a tenth.
                how = zipfile.ZIP_STORED if path == packed.onnx else zipfile.ZIP_DEFLATED
                bundle.write(path, f"{packed.described.stem}/{path.name}", how)
    return packed.described


@dataclass(frozen=True)
class _Outline:
    metadata: dict[str, str]
    spans: tuple[tuple[int, int], ...]


def _outline(onnx: Path) -> _Outline:
    """What the file says of itself, by the word of a process behind walls, which is not believed either."""
    size = onnx.stat().st_size
    try:
        answer = ask(MODULE, [onnx], Bounds.for_file(size))
    except ReadingEnded as exc:
        raise InvalidRequest(f"{onnx.name} could not be read: {exc}.") from exc
    said = answer.said
    if "fault" in said:
        raise InvalidRequest(f"{onnx.name}: {said['fault']}", hint=str(said.get("hint") or ""))
    inputs = said.get("inputs") or []
    if inputs[: len(INPUTS)] != INPUTS:
        raise InvalidRequest(
            f"{onnx.name} is not a Piper voice: it takes {', '.join(map(str, inputs[:5])) or 'nothing'} as input.",
            hint="Choose an .onnx that Piper speaks with.",
        )
    spans = tuple((int(start), int(end)) for start, end in said["spans"])
    edges = [0, *(edge for span in spans for edge in span), size]
    if edges != sorted(edges):
        raise InvalidRequest(f"{onnx.name} could not be read.")
    metadata = {str(name): str(value) for name, value in said["metadata"].items()}
    return _Outline(metadata, spans)


def _copy_without(
    file: BinaryIO, out: BinaryIO, spans: Sequence[tuple[int, int]], size: int
) -> None:
    """The file without these stretches of it."""
    at = 0
    for start, end in [*spans, (size, size)]:
        file.seek(at)
        left = start - at
        while left:
            piece = file.read(min(left, _COPIED_AT_ONCE))
            if not piece:
                raise InvalidRequest(
                    "The voice changed while it was being read.", hint="Try again."
                )
            out.write(piece)
            left -= len(piece)
        at = end


def _entry(name: str, value: str) -> bytes:
    """One entry of a model's metadata, as it stands at the end of the file: a message may come in pieces."""
    key, text = name.encode("utf-8", "replace"), value.encode("utf-8", "replace")
    body = b"\x0a" + _length(key) + key + b"\x12" + _length(text) + text
    return _METADATA_KEY + _length(body) + body


def _length(content: bytes) -> bytes:
    number, out = len(content), bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
