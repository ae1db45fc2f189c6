"""`log.txt`: all that the run printed, its first and its last megabytes, in memory and on the disk.

Memory is what counts: a disk that is full, or slow, costs a restarted container a part of its log and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

from pod_image.contract.events import MAX_LINE_BYTES
from pod_image.contract.run_log import (
    ATTEMPT_MARK,
    MARK,
    MOST_BYTES,
    find_gap,
    gap_line,
    read_lines,
    stamped,
)
from pod_image.contract.whole_file import write_whole

HEAD_BYTES = 2 << 20
TAIL_BYTES = 2 << 20
_CHUNK_BYTES = 64 << 10
_SAVE_SECONDS = 1.0
_TRY_AGAIN_SECONDS = 10.0
_QUOTED_FROM_BYTES = 64 << 10


class BoundedText:
    """Whole lines: the first ones, the last ones, and how much between them is left out."""

    def __init__(self, head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES) -> None:
        self.head_bytes, self.tail_bytes = head_bytes, tail_bytes
        self._head = bytearray()
        self._has_head = False
        self._chunks: deque[bytes] = deque()
        self._open = bytearray()
        self._tail_size = 0
        self._left_out_lines = self._left_out_bytes = 0

    def add(self, line: bytes) -> None:
        """One line, with its end."""
        if not self._has_head:
            if len(self._head) + len(line) <= self.head_bytes:
                self._head += line
                return
            self._has_head = True
        self._open += line
        if len(self._open) >= _CHUNK_BYTES:
            self._add_chunk(bytes(self._open))
            self._open.clear()

    def load(self, content: bytes) -> None:
        """Go on from what an earlier life left; for a text that is still empty."""
        gap = find_gap(content)
        if gap is not None:
            self._left_out_lines, self._left_out_bytes = gap.lines, gap.size_bytes
            self._head += content[: min(gap.start, self.head_bytes)]
            self._has_head = True
            self._add_chunk(content[gap.end :])
            return
        if len(content) <= self.head_bytes:
            self._head += content
            return
        end = content.rfind(b"\n", 0, self.head_bytes) + 1
        self._head += content[:end]
        self._has_head = True
        self._add_chunk(content[end:])

    def content(self) -> bytes:
        lines, size_bytes = self._left_out_lines, self._left_out_bytes
        tail = b"".join(self._chunks) + self._open
        if len(tail) > self.tail_bytes:
            cut = tail.find(b"\n", len(tail) - self.tail_bytes - 1) + 1
            lines, size_bytes = lines + tail.count(b"\n", 0, cut), size_bytes + cut
            tail = tail[cut:]
        return bytes(self._head) + (gap_line(lines, size_bytes) if size_bytes else b"") + tail

    def _add_chunk(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._tail_size += len(chunk)
        while self._tail_size - len(self._chunks[0]) >= self.tail_bytes:
            dropped = self._chunks.popleft()
            self._tail_size -= len(dropped)
            self._left_out_lines += dropped.count(b"\n")
            self._left_out_bytes += len(dropped)


class RunLog:
    """Takes lines as they come, many a second; they are masked and plain already."""

    def __init__(
        self,
        path: Path,
        now: Callable[[], float],
        *,
        head_bytes: int = HEAD_BYTES,
        tail_bytes: int = TAIL_BYTES,
    ) -> None:
        self._path = path
        self._now = now
        self._text = BoundedText(head_bytes, tail_bytes)
        self._unsaved = bytearray()
        self._saved_size = 0
        self._save_at = 0.0
        self._stamp, self._stamp_second = b"", -1
        earlier = _read(path)
        self._text.load(earlier)
        self._must_rewrite = bool(earlier)  # its last line may be torn
        self.has_earlier = bool(earlier)
        """An earlier life of this container left its log on the disk."""

    def line(self, text: str) -> None:
        """Keep one line, with the time before it."""
        data = text.encode("utf-8", "replace")
        if len(data) > MAX_LINE_BYTES:
            data = data[:MAX_LINE_BYTES].decode("utf-8", "ignore").encode() + b" [cut]"
        self._keep(self._stamped() + data.replace(b"\n", b" ") + b"\n")

    def mark(self, text: str) -> None:
        """Keep a line of the agent that an event says too."""
        self.line(MARK + text)

    def begin_attempt(self, number: int, start: int) -> None:
        """Say where another attempt, or another start of its container, begins."""
        self.line(f"{ATTEMPT_MARK}{number}, start {start} of its container")

    def begin_with(self, earlier: bytes) -> None:
        """Put in front what earlier lives left in the results repo."""
        if not earlier:
            return
        since = self._text.content()
        self._text = BoundedText(self._text.head_bytes, self._text.tail_bytes)
        self._text.load(earlier if earlier.endswith(b"\n") else earlier + b"\n")
        for line in since.splitlines(keepends=True):
            self._text.add(line)
        self._must_rewrite = True

    def content(self) -> bytes:
        """The log as it is delivered."""
        return self._text.content()

    def last_program_lines(self, count: int, attempt: int) -> list[str]:
        """The last lines that the recipe's programs printed in this attempt."""
        found: deque[str] = deque(maxlen=count)
        ours, first = f"{ATTEMPT_MARK}{attempt},", f"{ATTEMPT_MARK}{attempt}, start 1 "
        for line in read_lines(self.content()[-_QUOTED_FROM_BYTES:]):
            is_mark = line.text.startswith(ATTEMPT_MARK)
            if is_mark and (line.text.startswith(first) or not line.text.startswith(ours)):
                found.clear()  # what stands before it is another attempt's
            elif line.at is not None and line.is_program:
                found.append(line.text)
        return list(found)

    def save_due(self) -> None:
        """Write to the disk what is not there yet, once a second. A disk that cannot take it is tried again later."""
        if (now := _loop_time()) >= self._save_at and (self._unsaved or self._must_rewrite):
            self._save_at = now + _SAVE_SECONDS
            self._save()

    def _save(self) -> None:
        most = self._text.head_bytes + 2 * self._text.tail_bytes
        try:
            if self._must_rewrite or self._saved_size + len(self._unsaved) > most:
                self._rewrite()
            else:
                with self._path.open("ab") as file:
                    file.write(self._unsaved)
                self._saved_size += len(self._unsaved)
        except OSError:
            self._must_rewrite = True  # a part of it may be there
            self._save_at = _loop_time() + _TRY_AGAIN_SECONDS
        self._unsaved.clear()

    def _rewrite(self) -> None:
        content = self.content()
        write_whole(self._path, content)
        self._saved_size, self._must_rewrite = len(content), False

    def _keep(self, line: bytes) -> None:
        self._text.add(line)
        if not self._must_rewrite:
            self._unsaved += line
            self._must_rewrite = len(self._unsaved) > self._text.tail_bytes
        self.save_due()

    def _stamped(self) -> bytes:
        now = self._now()
        if int(now) != self._stamp_second:
            self._stamp_second, self._stamp = int(now), stamped(now).encode()
        return self._stamp


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES)
    except OSError:
        return b""
    return content if content.endswith(b"\n") or not content else content + b"\n"
