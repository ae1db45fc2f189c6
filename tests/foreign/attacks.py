"""A reader that the file has taken over: it does what it is told, inside the walls. `python -m`, as readers are."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from pod_image.foreign.apart import Found, serve

Attack = Callable[[Path, str], object]


def _append(folder: Path, word: str) -> None:
    with (folder / "kept.txt").open("a") as file:
        file.write("x")


ATTACKS: dict[str, Attack] = {
    "make a file": lambda folder, word: (folder / "made.py").touch(),
    "write into a file": _append,
    "empty a file": lambda folder, word: (folder / "kept.txt").open("w").close(),
    "shorten a file": lambda folder, word: os.truncate(folder / "kept.txt", 0),
    "remove a file": lambda folder, word: (folder / "kept.txt").unlink(),
    "rename a file": lambda folder, word: (folder / "kept.txt").rename(folder / "moved.txt"),
    "make a folder": lambda folder, word: (folder / "made").mkdir(),
    "make a link": lambda folder, word: (folder / "made").symlink_to("/"),
    "make a file where it stands": lambda folder, word: Path("made.py").touch(),
    "read another file": lambda folder, word: (folder / "kept.txt").read_bytes(),
    "look into a folder": lambda folder, word: list(folder.iterdir()),
    "read a process's environment": lambda folder, word: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "run a program": lambda folder, word: subprocess.run(["/bin/true"], check=True),
    "connect": lambda folder, word: socket.create_connection(("127.0.0.1", int(word)), 5).close(),
    "listen": lambda folder, word: socket.create_server(("127.0.0.1", 0)).close(),
    "signal its parent": lambda folder, word: os.kill(os.getppid(), 0),
}  # fmt: skip


def read(files: list[Path], words: dict[str, str]) -> Found:
    """Says `done`, or what stopped it."""
    try:
        ATTACKS[words["attack"]](Path(words["folder"]), words.get("word", ""))
    except OSError as exc:
        return Found({"came": type(exc).__name__})
    return Found({"came": "done"})


if __name__ == "__main__":
    serve(lambda: None, read)
