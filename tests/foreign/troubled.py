"""A reader that goes wrong, as a file may make it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from pod_image.foreign.apart import Found, serve
from pod_image.foreign.frames import Array


def read(files: list[Path], words: dict[str, str]) -> Found:
    match words["trouble"]:
        case "eats memory":
            return Found({"held": len(bytearray(1 << 30))})
        case "never ends":
            time.sleep(600)
        case "ends at once":
            os._exit(0)
        case "writes what is no answer":
            return Found({}, [Array("a", "float32", (4,))], _short())
        case "announces more than the file":
            return Found({}, [Array("a", "float32", (1 << 30,))], [])
    return Found({})


def _short() -> Iterator[bytes]:
    yield b"short"
    raise ArithmeticError


if __name__ == "__main__":
    serve(lambda: None, read)
