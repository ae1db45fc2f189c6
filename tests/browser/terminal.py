"""A moving picture of a terminal: what `launcher demo` prints, drawn as a person sees it.

The program runs in a pseudo-terminal. pyte (LGPL, in the extra `bench`) reads its codes as a terminal does, and each
screen that differs from the one before becomes a frame.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.kit.checkout import ROOT

COLUMNS, LINES = 100, 31
COMMAND = ("demo", "--headless", "--recipe", "command")
LONGEST_SECONDS = 120.0
FRAME_SECONDS = 0.4
LAST_FRAME_SECONDS = 5.0
_CELL = (8, 17)
_FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
_BACK, _FORE = "#16151d", "#e8e6f0"
_COLOURS = {
    "red": "#f28b82", "green": "#8fd6a5", "brown": "#e6c270", "yellow": "#e6c270", "blue": "#9db8f5",
    "magenta": "#cdb4ff", "cyan": "#8bd3dd", "black": "#77738a", "brightblack": "#77738a",
}  # fmt: skip


def draw(path: Path) -> None:
    """Run the command, and write what was to be seen of it as a GIF that ends."""
    from PIL import Image

    frames = [_frame(screen) for screen in _screens()]
    reduced = [each.convert("P", palette=Image.Palette.ADAPTIVE, colors=32) for each in frames]
    last = len(reduced) - 1
    seconds = [LAST_FRAME_SECONDS if n == last else FRAME_SECONDS for n in range(len(reduced))]
    reduced[0].save(
        path,
        save_all=True,
        append_images=reduced[1:],
        duration=[round(1000 * each) for each in seconds],
        loop=0,
        optimize=True,
    )


def _screens() -> Iterator[list[list[tuple[str, str, bool]]]]:
    """What stands in each cell (letter, colour, bold), as often as it changes; the prompt first."""
    import pyte

    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    stream.feed(f"$ launcher {' '.join(COMMAND)}\r\n".encode())
    yield _cells(screen)
    before = _cells(screen)
    for content in _printed():
        stream.feed(content)
        now = _cells(screen)
        if now != before:
            yield now
            before = now


def _printed() -> Iterator[bytes]:
    ours, theirs = pty.openpty()
    with tempfile.TemporaryDirectory(prefix="launcher-terminal-") as home:
        environment = {
            **os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(LINES),
            "LAUNCHER_HOME": home, "HOME": home,
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "launcher", *COMMAND],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            cwd=ROOT,
        )
        os.close(theirs)
        ends = time.monotonic() + LONGEST_SECONDS
        try:
            while time.monotonic() < ends:
                readable, _, _ = select.select([ours], [], [], FRAME_SECONDS)
                if not readable and process.poll() is not None:
                    return
                if readable:
                    try:
                        content = os.read(ours, 1 << 16)
                    except OSError:  # the other side is closed: Linux says so with an error
                        return
                    if not content:
                        return
                    yield content
            raise TimeoutError(f"the program did not end within {LONGEST_SECONDS:.0f} s")
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def _cells(screen: Any) -> list[list[tuple[str, str, bool]]]:
    rows = []
    for y in range(LINES):
        line = screen.buffer[y]
        rows.append([(line[x].data, line[x].fg, line[x].bold) for x in range(COLUMNS)])
    return rows


def _frame(rows: list[list[tuple[str, str, bool]]]) -> Any:
    from PIL import Image, ImageDraw, ImageFont

    width, height = _CELL
    image = Image.new("RGB", (COLUMNS * width + 2 * width, LINES * height + height), _BACK)
    pen = ImageDraw.Draw(image)
    plain = ImageFont.truetype(_FONT, 13)
    strong = ImageFont.truetype(_FONT.replace("Mono.ttf", "Mono-Bold.ttf"), 13)
    for y, row in enumerate(rows):
        for x, (letter, colour, is_bold) in enumerate(row):
            if letter.strip():
                ink = _COLOURS.get(
                    colour, f"#{colour}" if len(colour) == 6 and colour != "default" else _FORE
                )
                place = (width + x * width, height // 2 + y * height)
                pen.text(place, letter, fill=ink, font=strong if is_bold else plain)
    return image
