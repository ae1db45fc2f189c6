"""Uploads go straight to disk, under safe names, whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from launcher.ui.uploads import Incoming, Refused, safe_target, store


async def chunks(*parts: bytes, fails: bool = False) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if fails:
        raise ConnectionError("the browser went away")


@pytest.mark.parametrize(
    "path", ["a.wav", "folder/sub/b.FLAC", "./c.txt", "metadata.csv", "x.tar.gz"]
)
def test_recordings_and_transcripts_are_taken(tmp_path: Path, path: str) -> None:
    target = safe_target(tmp_path, path)
    assert target.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("../outside.wav", 400),
        ("a/../../outside.wav", 400),
        ("..\\outside.wav", 400),
        (".hidden.wav", 400),
        ("", 400),
        ("a/b/c/d/e/f/g.wav", 400),
        ("x" * 300 + ".wav", 400),
        ("virus.exe", 415),
        ("no-ending", 415),
    ],
)
def test_other_names_are_refused(tmp_path: Path, path: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        safe_target(tmp_path, path)
    assert refused.value.status == status


async def test_a_file_is_there_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.wav"
    assert await store(chunks(b"RIFF", b"data"), target) == 8
    assert target.read_bytes() == b"RIFFdata"
    assert Incoming(tmp_path).files == [target]


async def test_a_broken_upload_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a.wav"
    with pytest.raises(ConnectionError):
        await store(chunks(b"RIFF", fails=True), target)
    assert Incoming(tmp_path).everything == []


async def test_a_file_over_the_limit_is_refused_while_it_comes(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        await store(chunks(b"12345", b"67890"), tmp_path / "a.wav", limit=7)
    assert refused.value.status == 413
    assert Incoming(tmp_path).everything == []


async def test_a_second_upload_replaces_the_first(tmp_path: Path) -> None:
    target = tmp_path / "a.wav"
    await store(chunks(b"one"), target)
    await store(chunks(b"two"), target)
    assert target.read_bytes() == b"two"
    Incoming(tmp_path).clear()
    assert Incoming(tmp_path).everything == []
