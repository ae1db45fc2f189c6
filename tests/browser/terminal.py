"""Pictures of a terminal, drawn as a person sees it: one that moves, and one of what a command has printed.

The program runs in a pseudo-terminal. pyte (LGPL, in the extra `bench`) reads its codes as a terminal does, and each
screen that differs from the one before becomes a frame.
"""

from __future__ import annotations

import os
import pty
import select
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.kit.checkout import ROOT

COLUMNS, LINES = 100, 31
MOST_LINES = 60
"""Of a picture that does not move."""
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


Row = list[tuple[str, str, bool]]
"""A line of a screen: letter, colour and whether it is bold, for each cell."""


def draw(path: Path) -> None:
    """Run the demo, and write what was to be seen of it as a GIF that ends."""
    from PIL import Image

    with own_home() as environment:
        frames = [_frame(screen) for screen in _screens(COMMAND, environment, LINES)]
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


def draw_printed(path: Path, words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run this command to its end, and write all that it has printed as a PNG."""
    *_, rows = _screens(words, environment, MOST_LINES)
    while not any(letter.strip() for letter, _, _ in rows[-1]):
        rows.pop()
    _frame(rows).save(path, optimize=True)


@contextmanager
def own_home() -> Iterator[dict[str, str]]:
    """The environment of a person who has used nothing of ours yet."""
    with tempfile.TemporaryDirectory(prefix="launcher-terminal-") as home:
        yield {**os.environ, "LAUNCHER_HOME": home, "HOME": home}


def _screens(
    words: Sequence[str], environment: Mapping[str, str], lines: int
) -> Iterator[list[Row]]:
    """What stands in each cell, as often as it changes; the prompt first."""
    import pyte

    screen = pyte.Screen(COLUMNS, lines)
    stream = pyte.ByteStream(screen)
    stream.feed(f"$ launcher {shlex.join(words)}\r\n".encode())
    before = _cells(screen)
    yield before
    for content in _printed(words, environment, lines):
        stream.feed(content)
        now = _cells(screen)
        if now != before:
            yield now
            before = now


def _printed(words: Sequence[str], environment: Mapping[str, str], lines: int) -> Iterator[bytes]:
    ours, theirs = pty.openpty()
    size = {"COLUMNS": str(COLUMNS), "LINES": str(lines)}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "launcher", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "TERM": "xterm-256color", **size},
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


def _cells(screen: Any) -> list[Row]:
    rows = []
    for y in range(screen.lines):
        line = screen.buffer[y]
        rows.append([(line[x].data, line[x].fg, line[x].bold) for x in range(COLUMNS)])
    return rows


def _frame(rows: list[Row]) -> Any:
    from PIL import Image, ImageDraw, ImageFont

    width, height = _CELL
    image = Image.new("RGB", (COLUMNS * width + 2 * width, len(rows) * height + height), _BACK)
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
