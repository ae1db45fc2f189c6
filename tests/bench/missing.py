"""What a bench needs and this environment lacks, in one sentence."""

from __future__ import annotations

from importlib.util import find_spec

FOR_THE_REFERENCE = {
    "piper": "piper-tts",
    "lightning": "lightning",
    "jsonargparse": "jsonargparse[signatures]",
    "tensorboardX": "tensorboardX",
    "librosa": "librosa",
    "monotonic_alignment_search": "monotonic-alignment-search",
}
"""Modules, and what installs them."""
FOR_THE_CLIPS = {"soundfile": "soundfile", "soxr": "soxr", "psutil": "psutil", "numpy": "numpy"}


def end_if_missing(*groups: dict[str, str]) -> None:
    """Ends the program with what to install. To be called before any work is begun."""
    sentence = missing(*groups)
    if sentence is not None:
        raise SystemExit(f"This bench cannot run: {sentence}")


def missing(*groups: dict[str, str]) -> str | None:
    """What is not installed and how to install it, as a sentence; None where nothing is missing."""
    wanted = {module: package for group in groups for module, package in group.items()}
    packages = [f"'{each}'" for module, each in wanted.items() if find_spec(module) is None]
    if not packages:
        return None
    return (
        f"it needs packages that are not installed. Install them: pip install {' '.join(packages)}"
    )
