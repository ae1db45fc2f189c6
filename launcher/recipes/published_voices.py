"""Voices that others have published to start from or to be spoken by: read from their own list, best ones first.

The list is a stranger's: whatever in it is not as expected is left out. Several recipes start from these voices, or
let them speak.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import IntEnum
from typing import Any

from launcher.recipes.piper.base_voice import terms_of
from launcher.recipes.piper.voice_bases import BASES, REPO, SEE_CARD, VoiceBase
from pod_image.contract.recipes.piper import Quality
from pod_image.hub import Hub, Repo

VOICES_REPO = "rhasspy/piper-voices"
CHECKPOINTS_REPO = REPO.removeprefix("datasets/")
LIST_NAME = "voices.json"
MOST_VOICES = 2_000
_KEY = re.compile(r"([a-z]{2,3})_([A-Z]{2})-([A-Za-z0-9_]{1,60})-(x_low|low|medium|high)")
_CHECKPOINT = re.compile(
    r"([a-z]{2,3}/[a-z]{2,3}_[A-Z]{2}/[A-Za-z0-9_]{1,60}/(?:x_low|low|medium|high))/[^/]+\.ckpt"
)


@dataclass(frozen=True)
class PublishedVoice:
    """`folder` is where it lies in both repos. `checkpoint` and `onnx` are paths there, empty where there is none."""

    key: str
    language: str
    name: str
    quality: str
    folder: str
    onnx: str = ""
    checkpoint: str = ""
    speakers: int = 1
    onnx_bytes: int = 0
    checkpoint_bytes: int = 0
    licence: str = ""
    """What our own table knows of its terms; the card beside it decides."""

    @property
    def base(self) -> str:
        """What a training starts from: the checkpoint, or the voice where that is all there is."""
        return f"{REPO}/{self.checkpoint}" if self.checkpoint else f"{VOICES_REPO}/{self.onnx}"

    @property
    def base_bytes(self) -> int:
        """How much of it is fetched to start from it; 0 where nobody said."""
        return self.checkpoint_bytes if self.checkpoint else self.onnx_bytes

    @property
    def sample_path(self) -> str:
        """A sound of its first speaker, in the repo of voices."""
        return f"{self.folder}/samples/speaker_0.mp3"


class Fit(IntEnum):
    """How well a published voice suits a new one; the least is best."""

    BOTH = 0
    OTHER_ACCENT = 1
    OTHER_LANGUAGE = 2
    OTHER_SIZE = 3
    """It cannot be started from: its network has another shape, or its sound another rate."""


def is_key(text: str) -> bool:
    """Whether it is how a published voice is called, such as de_DE-thorsten-medium."""
    return _KEY.fullmatch(text) is not None


def read_voices(raw: bytes | str) -> tuple[PublishedVoice, ...]:
    """The repo's own list; what is no voice in it is left out. Empty where it is no list at all."""
    try:
        rows = json.loads(raw)
    except ValueError:
        return ()
    if not isinstance(rows, dict):
        return ()
    read = (_voice(str(key), row) for key, row in list(rows.items())[:MOST_VOICES])
    return tuple(voice for voice in read if voice is not None)


def _voice(key: str, row: Any) -> PublishedVoice | None:
    match = _KEY.fullmatch(key)
    if match is None or not isinstance(row, dict):
        return None
    family, region, name, size = match.groups()
    folder = f"{family}/{family}_{region}/{name}/{size}"
    onnx = f"{folder}/{key}.onnx"
    files = row.get("files")
    listed = files.get(onnx) if isinstance(files, dict) else None
    size_bytes = listed.get("size_bytes") if isinstance(listed, dict) else None
    return PublishedVoice(
        key,
        f"{family}_{region}",
        name,
        size.replace("_", "-"),
        folder,
        onnx,
        speakers=_count(row.get("num_speakers"), 1),
        onnx_bytes=_count(size_bytes, 0),
    )


def _count(value: Any, otherwise: int) -> int:
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**13
    return int(value) if is_one else otherwise


def with_checkpoints(
    voices: Iterable[PublishedVoice], files: Mapping[str, int]
) -> tuple[PublishedVoice, ...]:
    """The voices with their checkpoints, and those of which there is a checkpoint alone; `files` are sizes by path."""
    lying: dict[str, str] = {}
    for path in sorted(files):
        if match := _CHECKPOINT.fullmatch(path):
            known = _TABLE.get(match[1])
            if known is None or known.path == path or match[1] not in lying:
                lying[match[1]] = path
    found = [replace(each, checkpoint=lying.pop(each.folder, "")) for each in voices]
    found += [_of_folder(folder, path) for folder, path in list(lying.items())[:MOST_VOICES]]
    return tuple(
        _with_terms(replace(each, checkpoint_bytes=files.get(each.checkpoint, 0))) for each in found
    )


def voices_of_ours() -> tuple[PublishedVoice, ...]:
    """Those of our own table: what can be chosen from where the Hub does not answer."""
    return tuple(_with_terms(_of_folder(base.path.rpartition("/")[0], base.path)) for base in BASES)


def _of_folder(folder: str, checkpoint: str) -> PublishedVoice:
    _, language, name, size = folder.split("/")
    key = f"{language}-{name}-{size}".replace("x-low", "x_low")
    return PublishedVoice(
        key, language, name, size.replace("_", "-"), folder, checkpoint=checkpoint
    )


def _with_terms(voice: PublishedVoice) -> PublishedVoice:
    known = _TABLE.get(voice.folder)
    if known is None:
        return voice
    terms = known.terms.replace(SEE_CARD, "see its card")
    return replace(voice, licence=terms, speakers=max(voice.speakers, known.speakers))


_TABLE: Mapping[str, VoiceBase] = {base.path.rpartition("/")[0]: base for base in BASES}


def fit_of(voice: PublishedVoice, language: str, quality: str) -> Fit:
    """Without a quality every size will do, as for a voice that only speaks."""
    if quality and voice.quality != quality:
        return Fit.OTHER_SIZE
    if voice.language == language:
        return Fit.BOTH
    is_near = voice.language.partition("_")[0] == language.partition("_")[0]
    return Fit.OTHER_ACCENT if is_near else Fit.OTHER_LANGUAGE


def in_order(voices: Iterable[PublishedVoice], language: str, quality: str) -> list[PublishedVoice]:
    """Those that fit best first: of those that fit alike one with a checkpoint, then one speaker, then by name.

    Of sizes that do not fit those of the language come first.
    """
    sizes = [each.value for each in Quality]

    def place(voice: PublishedVoice) -> tuple[object, ...]:
        return (
            fit_of(voice, language, quality),
            fit_of(voice, language, ""),
            not voice.checkpoint,
            voice.speakers > 1,
            voice.language,
            voice.name,
            sizes.index(voice.quality) if voice.quality in sizes else len(sizes),
        )

    return sorted(voices, key=place)


def card_terms(hub: Hub, voice: PublishedVoice) -> str:
    """What the card beside it says of its terms; empty where it says nothing. Blocks; raises HubError."""
    if voice.onnx:
        return terms_of(hub, Repo(VOICES_REPO, "model"), voice.onnx)
    return terms_of(hub, Repo(CHECKPOINTS_REPO, "dataset"), voice.checkpoint)


def to_document(voices: Iterable[PublishedVoice]) -> list[dict[str, Any]]:
    """As they are kept in a file."""
    return [asdict(voice) for voice in voices]


def from_document(rows: Any) -> tuple[PublishedVoice, ...]:
    """Raises TypeError or ValueError for what no `to_document` made."""
    return tuple(PublishedVoice(**row) for row in rows)
