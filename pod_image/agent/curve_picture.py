"""Curves as one PNG, a panel below the other, wide enough for a phone held upright. Standard library only.

A picture of points and not of shapes (SVG): the Hub shows a file of the repo as a picture for certain only then.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise

from pod_image.agent.dot_letters import HEIGHT, WIDTH, dots
from pod_image.contract.curve import Curve, Point, scale_of

PANELS = 6
PICTURE_WIDTH, PANEL_HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 128, 24, 52, 48
_DOT = 3
LETTER_WIDTH, LETTER_HEIGHT = (WIDTH + 1) * _DOT, HEIGHT * _DOT
_TITLE_LETTERS = 24
_LINE_WIDTH = 4.0

# Sixteen shades from the paper to the line, then the colours of the rest.
_SHADES = 15
_PAPER, _LINE = (255, 255, 255), (31, 94, 168)
_GRID, _INK = _SHADES + 1, _SHADES + 2
_COLOURS = [
    *(
        tuple(round(p + (q - p) * shade / _SHADES) for p, q in zip(_PAPER, _LINE, strict=True))
        for shade in range(_SHADES + 1)
    ),
    (224, 224, 224),
    (60, 60, 60),
]


def curve_picture(curves: Mapping[str, Curve]) -> bytes:
    """The first curves as a PNG; nothing where none of them has two points."""
    shown = [(name, sorted(curve.shown())) for name, curve in curves.items() if curve.shown()]
    drawable = [(name, points) for name, points in shown if points[0][0] < points[-1][0]]
    panels = [_panel(name, points) for name, points in drawable[:PANELS]]
    return _png(b"".join(panels)) if panels else b""


class _Canvas:
    """Colour numbers, row by row from the top."""

    def __init__(self) -> None:
        self.pixels = bytearray(PICTURE_WIDTH * PANEL_HEIGHT)

    def fill(self, left: int, top: int, width: int, height: int, colour: int) -> None:
        for row in range(top, top + height):
            start = row * PICTURE_WIDTH + left
            self.pixels[start : start + width] = bytes([colour]) * width

    def shade(self, column: int, top: float, bottom: float) -> None:
        """The line's colour between two heights, paler where it covers a part of a pixel."""
        first, last = max(0, math.floor(top)), min(PANEL_HEIGHT, math.ceil(bottom)) - 1
        for row in range(first, last + 1):
            share = 1.0 if first < row < last else min(row + 1, bottom) - max(row, top)
            self.pixels[row * PICTURE_WIDTH + column] = round(_SHADES * share)

    def write(self, text: str, left: int, top: int) -> None:
        for number, letter in enumerate(text):
            for column, row in dots(letter):
                place = left + number * LETTER_WIDTH + column * _DOT
                self.fill(place, top + row * _DOT, _DOT, _DOT, _INK)


def _panel(name: str, points: Sequence[Point]) -> bytes:
    canvas = _Canvas()
    bottom, right = PANEL_HEIGHT - _BOTTOM, PICTURE_WIDTH - _RIGHT
    first, last = points[0][0], points[-1][0]
    low, high, ticks = scale_of([value for _, value in points])
    for tick in ticks:
        row = round(_down(tick, low, high))
        canvas.fill(_LEFT, row, right - _LEFT, 2, _GRID)
        label = _number(tick)
        left = max(0, _LEFT - 10 - len(label) * LETTER_WIDTH)
        canvas.write(label, left, row - LETTER_HEIGHT // 2)
    across = [
        (_LEFT + (step - first) / (last - first) * (right - _LEFT), _down(value, low, high))
        for step, value in points
    ]
    for column, (highest, lowest) in _columns(across).items():
        canvas.shade(column, highest - _LINE_WIDTH / 2, lowest + _LINE_WIDTH / 2)
    canvas.write(_short(name), _LEFT, 14)
    newest = _number(points[-1][1])
    canvas.write(newest, right - len(newest) * LETTER_WIDTH, 14)
    canvas.write(f"{first:,.0f}", _LEFT, bottom + 16)
    end = f"step {last:,.0f}"
    canvas.write(end, right - len(end) * LETTER_WIDTH, bottom + 16)
    return bytes(canvas.pixels)


def _down(value: float, low: float, high: float) -> float:
    bottom = PANEL_HEIGHT - _BOTTOM
    return bottom - (value - low) / (high - low) * (bottom - _TOP)


def _columns(line: Sequence[Point]) -> dict[int, tuple[float, float]]:
    """For each column of pixels the highest and the lowest place that the line has there, rows counting down."""
    found: dict[int, tuple[float, float]] = {}
    for (left, start), (right, end) in pairwise(line):
        for column in range(int(left), int(right) + 1):
            inside = (max(left, column), min(right, column + 1))
            heights = [_between(x, left, start, right, end) for x in inside]
            for beside in (column, column + 1):  # a steep line is as thick as a flat one
                known = found.get(beside, (heights[0], heights[0]))
                found[beside] = (min(known[0], *heights), max(known[1], *heights))
    return found


def _between(x: float, left: float, start: float, right: float, end: float) -> float:
    if right <= left:
        return end
    return start + (end - start) * min(1.0, max(0.0, (x - left) / (right - left)))


def _number(value: float) -> str:
    """Short enough for the room beside the curve."""
    if value and not 1e-2 <= abs(value) < 1e5:
        digits, _, power = f"{value:.1e}".partition("e")
        return f"{digits.removesuffix('.0')}e{int(power)}"
    return f"{value:.4g}"[:6]


def _short(name: str) -> str:
    return name if len(name) <= _TITLE_LETTERS else name[: _TITLE_LETTERS - 2] + ".."


def _png(pixels: bytes) -> bytes:
    """ISO/IEC 15948: eight bits a pixel that name one of the colours, no filter."""
    height = len(pixels) // PICTURE_WIDTH
    rows = b"".join(
        b"\0" + pixels[row * PICTURE_WIDTH : (row + 1) * PICTURE_WIDTH] for row in range(height)
    )
    header = struct.pack(">IIBBBBB", PICTURE_WIDTH, height, 8, 3, 0, 0, 0)
    colours = b"".join(bytes(colour) for colour in _COLOURS)
    parts = ((b"IHDR", header), (b"PLTE", colours), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
