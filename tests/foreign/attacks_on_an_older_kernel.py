"""The same attacks where the kernel has no Landlock."""

from __future__ import annotations

from pod_image.foreign import walls
from pod_image.foreign.apart import serve
from tests.foreign.attacks import read

if __name__ == "__main__":
    walls.allow_reading_alone = lambda readable: 0  # type: ignore[attr-defined]  # lent to walls
    serve(lambda: None, read)
