"""A small dataset of three clips whose sound tells them apart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.dataset_files import wav, write

TABLE = "wavs/a.wav|Hello there, you.\nwavs/b.wav|Good bye.\nwavs/c.wav|\n"
CLIPS = {f"wavs/{name}.wav": wav(1.0 + number) for number, name in enumerate("abc")}


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is there for other programs at once; only a power cut would tell the difference."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "mine", {**CLIPS, "metadata.csv": TABLE})


def content(folder: Path) -> dict[str, bytes]:
    """Every file of the dataset that is seen, and what is in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".launcher" not in path.parts
    }
