"""Text of others (log lines, names, texts) made safe for a terminal: one function, and the streams that hold to it.

Our own colours are marks until the very end, so that nobody else's text can colour anything. Standard library only.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any, TextIO, cast

from pod_image.contract.letters import UNSAFE_LETTER

_MARK = f"\ufdd0{os.urandom(6).hex()}\ufdd0"
"""Begins one of our colours. Drawn anew in each process: no text from elsewhere can have it."""
_LOOK = re.compile(rf"{_MARK}([0-9;]+)m")


def plain_text(text: str) -> str:
    """The text with everything that a terminal would obey or hide written out, such as `\\x1b`.

    Line ends, tabs and the marks of our own colours stay.
    """
    return UNSAFE_LETTER.sub(lambda match: _written_out(match[0]), text)


def plain_text_line(text: str) -> str:
    """The same for what has to stay one line: a line end would let a text pretend to be two."""
    return plain_text(text).replace("\n", "\\n")


def plain_json(text: str) -> str:
    """JSON whose value is the same, without anything that a terminal would obey."""
    return UNSAFE_LETTER.sub(lambda match: _in_json(match[0]), text)


def marked(text: str, codes: str) -> str:
    """The text with marks for a colour, which `with_looks` turns into what a terminal obeys."""
    return f"{_MARK}{codes}m{text}{_MARK}0m"


def with_looks(text: str) -> str:
    """Text that is plain already, with our own colours in it. The last step before a stream."""
    return _LOOK.sub("\x1b[\\1m", text)


class PlainTextStream:
    """A stream that writes nothing raw; `unguarded` is the stream below, for a display that draws itself."""

    def __init__(self, stream: TextIO) -> None:
        self.unguarded: TextIO = stream

    def write(self, text: str) -> int:
        self.unguarded.write(with_looks(plain_text(text)))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unguarded, name)


def guarded(stream: TextIO) -> TextIO:
    """The stream, guarded once."""
    if isinstance(stream, PlainTextStream):
        return stream
    return cast("TextIO", PlainTextStream(stream))


def unguarded(stream: TextIO) -> TextIO:
    """The stream for text that is plain already, or that is ours to the last letter."""
    return stream.unguarded if isinstance(stream, PlainTextStream) else stream


def guard_terminal() -> None:
    """From here on nothing reaches stdout or stderr raw: no library's warning, and no traceback either."""
    sys.stdout, sys.stderr = guarded(sys.stdout), guarded(sys.stderr)
    sys.excepthook = _say_exception


def write_line(text: str, stream: TextIO | None = None) -> None:
    """One answer or remark, at once."""
    goal = unguarded(stream or sys.stdout)
    goal.write(with_looks(plain_text(text)) + "\n")
    goal.flush()


def _say_exception(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    # Not the interpreter's own: it colours what it prints, and those codes would be written out.
    import traceback

    traceback.print_exception(kind, error, trace, file=sys.stderr)


def _written_out(letter: str) -> str:
    code = ord(letter)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _in_json(letter: str) -> str:
    code = ord(letter)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
