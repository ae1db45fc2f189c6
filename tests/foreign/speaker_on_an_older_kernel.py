"""The process that speaks, where the kernel has no Landlock."""

from __future__ import annotations

from launcher.services.voices.voice_process import _load_libraries, _read
from pod_image.foreign import walls
from pod_image.foreign.apart import serve

if __name__ == "__main__":
    walls.allow_reading_alone = lambda readable: 0  # type: ignore[attr-defined]  # lent to walls
    serve(_load_libraries, _read)
