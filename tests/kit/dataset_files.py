"""Small datasets written on the spot: real WAV bytes and tables as people's programs leave them."""

from __future__ import annotations

import math
import struct
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from launcher.emulator.hub import HubCore
from launcher.emulator.hub.wire import Body
from pod_image.dataset import Code, Dataset, FolderSource, Survey, survey
from pod_image.dataset.source import Entry


def wav(
    seconds: float = 1.0, rate_hz: int = 22_050, channels: int = 1, level: float = 0.3
) -> bytes:
    """A 220 Hz tone as 16-bit PCM WAV."""
    frames = round(seconds * rate_hz)
    wave = [round(level * 32767 * math.sin(2 * math.pi * 220 * n / rate_hz)) for n in range(frames)]
    audio = b"".join(struct.pack("<h", value) * channels for value in wave)
    return wav_around(audio, rate_hz, channels)


def wav_around(audio: bytes, rate_hz: int = 22_050, channels: int = 1) -> bytes:
    """WAV with these bytes as its 16-bit audio."""
    block = 2 * channels
    form = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * block, block, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(audio))
    return b"RIFF" + struct.pack("<I", len(body) + len(audio)) + body + audio


SHORT = wav(0.05)


class InMemory:
    """Files that are in no folder."""

    name, is_remote = "in memory", False

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def entries(self) -> Sequence[Entry]:
        return [Entry(name, len(content)) for name, content in sorted(self._files.items())]

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        content = self._files[path]
        return content[start:] if length is None else content[start : start + length]


def write(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """The folder with these files in it; text is UTF-8."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def look(folder: Path) -> Survey:
    return survey(FolderSource(folder))


def codes(found: Survey | Dataset) -> list[str]:
    """Codes without the notes on how the table was read."""
    return [each.code for each in found.findings if each.code is not Code.TABLE_FORMAT]


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def tarred(files: dict[str, bytes], mode: Any = "w:") -> bytes:
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
    return packed.getvalue()


class AboveCore(Protocol):
    """An emulated Hub, or what has one."""

    @property
    def core(self) -> HubCore: ...


def seed_repo(emulator: AboveCore, name: str, files: Mapping[str, bytes]) -> None:
    """A dataset repo with these files, straight into the emulator's store: whatever a name, and without an upload."""
    store = emulator.core.store
    author = name.partition("/")[0]
    repo = store.create("dataset", name, is_private=True, author=author, at=0.0)
    tree = dict(repo.head.tree)
    for path, content in files.items():
        is_table = path.endswith((".csv", ".txt", ".json", ".jsonl", ".md"))
        tree[path] = store.blob(store.add_object(Body(content)), is_lfs=not is_table)
    store.commit(repo, "main", tree, "clips", "", author, 1.0)
