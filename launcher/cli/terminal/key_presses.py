"""Single keys that a person presses at a terminal, without Enter and without showing them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def key_presses(pressed: Callable[[str], None]) -> Iterator[None]:
    """Call `pressed` with each key while the block runs; the terminal is as it was afterwards.

    Does nothing where keys cannot be read so: no terminal, or Windows. Ctrl-C works as ever.
    """
    if sys.platform == "win32" or not sys.stdin or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()

    def read() -> None:
        typed = b""
        with suppress(OSError):
            typed = os.read(terminal, 64)
        if not typed:  # the terminal was closed
            loop.remove_reader(terminal)
        for key in typed.decode("utf-8", "ignore"):
            pressed(key)

    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        loop.add_reader(terminal, read)
        yield
    finally:
        loop.remove_reader(terminal)
        with suppress(termios.error):
            termios.tcsetattr(terminal, termios.TCSANOW, before)
