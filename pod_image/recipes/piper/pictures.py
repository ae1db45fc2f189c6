"""Pictures as PNG bytes, drawn on arrays: heat maps and curves. Knows nothing of training; needs NumPy alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""[height, width, 3], red green blue."""

PANEL_WIDTH, PANEL_HEIGHT, MARGIN = 300, 190, 26
COLUMNS = 3
INK, PALE, LINE = (60, 60, 60), (224, 224, 224), (31, 94, 168)
_SMALLEST_HEAT_MAP = 160

# Dark blue over green to yellow: even steps of brightness, and told apart by people who see few colours.
_HEAT = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)])

# Three columns of five dots a letter, as five rows of three bits.
_FONT = {
    "0": 0o75557, "1": 0o26227, "2": 0o71747, "3": 0o71717, "4": 0o55711, "5": 0o74717, "6": 0o74757,
    "7": 0o71122, "8": 0o75757, "9": 0o75717, ".": 0o00002, "-": 0o00700, " ": 0o00000,
    "a": 0o07357, "b": 0o44757, "c": 0o07447, "d": 0o11757, "e": 0o07747, "f": 0o34744, "g": 0o07571,
    "h": 0o44755, "i": 0o20222, "j": 0o10117, "k": 0o45655, "l": 0o62227, "m": 0o05755, "n": 0o06555,
    "o": 0o07557, "p": 0o07574, "q": 0o07571, "r": 0o07444, "s": 0o07617, "t": 0o27223, "u": 0o05557,
    "v": 0o05552, "w": 0o05575, "x": 0o05255, "y": 0o05717, "z": 0o07127,
}  # fmt: skip
_DOT = 2
LETTER_WIDTH, LETTER_HEIGHT = 4 * _DOT, 5 * _DOT


def png(pixels: Pixels) -> bytes:
    """The picture as a PNG file (ISO/IEC 15948): eight bits a colour, no filter."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def heat_map(values: NDArray[np.floating]) -> Pixels:
    """[rows, columns] with the first row at the bottom; lowest value dark, highest bright; small ones enlarged."""
    span = float(np.ptp(values))
    share = (values - values.min()) / span if span else np.zeros_like(values)
    place = share[::-1] * (len(_HEAT) - 1)
    below = np.minimum(place.astype(int), len(_HEAT) - 2)
    rest = (place - below)[..., None]
    pixels = (_HEAT[below] * (1 - rest) + _HEAT[below + 1] * rest).round().astype(np.uint8)
    times = max(1, -(-_SMALLEST_HEAT_MAP // min(pixels.shape[:2])))
    enlarged: Pixels = pixels.repeat(times, axis=0).repeat(times, axis=1)
    return enlarged


def curves(series: Mapping[str, Sequence[tuple[float, float]]]) -> Pixels:
    """A panel for each named series of (x, y), each on its own scale, three in a row."""
    rows = max(1, -(-len(series) // COLUMNS))
    canvas = np.full((rows * PANEL_HEIGHT, COLUMNS * PANEL_WIDTH, 3), 255, np.uint8)
    for number, (name, points) in enumerate(series.items()):
        top, left = number // COLUMNS * PANEL_HEIGHT, number % COLUMNS * PANEL_WIDTH
        panel = canvas[top : top + PANEL_HEIGHT, left : left + PANEL_WIDTH]
        _draw_panel(panel, name, [point for point in points if np.isfinite(point[1])])
    return canvas


def _draw_panel(panel: Pixels, name: str, points: Sequence[tuple[float, float]]) -> None:
    top, bottom, left, right = MARGIN, PANEL_HEIGHT - MARGIN, MARGIN, PANEL_WIDTH - MARGIN
    _write(panel, name, left, 8)
    panel[top : bottom + 1, [left, right]] = PALE
    panel[[top, bottom], left : right + 1] = PALE
    if not points:
        return
    x, y = np.array(points, dtype=float).T
    lowest, highest = float(y.min()), float(y.max())
    across = left + _share(x) * (right - left)
    down = bottom - _share(y) * (bottom - top)
    _draw_line(panel, across, down)
    _write(panel, _number(highest), right - LETTER_WIDTH * len(_number(highest)), 8)
    _write(panel, _number(lowest), left, bottom + 8)
    last = f"step {x[-1]:.0f}"
    _write(panel, last, right - LETTER_WIDTH * len(last), bottom + 8)


def _share(values: NDArray[np.float64]) -> NDArray[np.float64]:
    span = float(np.ptp(values))
    return (values - values.min()) / span if span else np.full_like(values, 0.5)


def _draw_line(panel: Pixels, across: NDArray[np.float64], down: NDArray[np.float64]) -> None:
    """Every pixel between neighbours, two thick."""
    pieces = [np.array([[across[0], down[0]]])]
    for i in range(1, len(across)):
        steps = int(max(abs(across[i] - across[i - 1]), abs(down[i] - down[i - 1]))) + 2
        pieces.append(np.linspace((across[i - 1], down[i - 1]), (across[i], down[i]), steps))
    columns, rows = np.concatenate(pieces).round().astype(int).T
    for shift in (0, 1):
        panel[rows + shift, columns] = LINE


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _write(panel: Pixels, text: str, left: int, top: int) -> None:
    for place, letter in enumerate(text.lower()):
        bits = _FONT.get(letter, 0)
        dots = [[bits >> (14 - 3 * row - column) & 1 for column in range(3)] for row in range(5)]
        shape = np.kron(np.array(dots, dtype=bool), np.ones((_DOT, _DOT), dtype=bool))
        begin = left + place * LETTER_WIDTH
        panel[top : top + LETTER_HEIGHT, begin : begin + 3 * _DOT][shape] = INK
