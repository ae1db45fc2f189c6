"""Curves as a picture: a PNG that any reader takes, with the line where the values are."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pytest

from pod_image.agent.curve_picture import (
    LETTER_WIDTH,
    PANEL_HEIGHT,
    PANELS,
    PICTURE_WIDTH,
    curve_picture,
)
from pod_image.contract.curve import Curve

LINE = 15


def curve(value_at: Callable[[int], float], steps: int = 100) -> Curve:
    made = Curve(keep=300)
    for step in range(steps):
        made = made.with_point(step, value_at(step))
    return made


def rows_of(png: bytes) -> list[bytes]:
    """Numbers of colours, checked as a reader checks them."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    place, parts = 8, {}
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        kind, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        (check,) = struct.unpack(">I", png[place + 8 + length : place + 12 + length])
        assert check == zlib.crc32(kind + content)
        parts[kind] = content
        place += 12 + length
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    raw = zlib.decompress(parts[b"IDAT"])
    assert width == PICTURE_WIDTH
    assert len(raw) == height * (width + 1)
    return [raw[row * (width + 1) + 1 : (row + 1) * (width + 1)] for row in range(height)]


def line_in(row: bytes) -> bool:
    return LINE in row


def test_a_falling_loss_runs_from_the_upper_left_to_the_lower_right() -> None:
    rows = rows_of(curve_picture({"loss": curve(lambda step: 100.0 - step)}))
    columns = [row.index(LINE) for row in rows if line_in(row)]
    assert len(rows) == PANEL_HEIGHT
    assert columns == sorted(columns)
    assert columns[-1] - columns[0] > PICTURE_WIDTH / 2


def test_each_loss_has_a_panel_up_to_as_many_as_fit() -> None:
    many = {f"loss {number}": curve(float) for number in range(PANELS + 3)}
    assert len(rows_of(curve_picture(many))) == PANELS * PANEL_HEIGHT


@pytest.mark.parametrize(
    "value_at",
    [
        lambda step: 3.0,
        lambda step: 0.0,
        lambda step: -1e-12 * step,
        lambda step: 1e300 * (step + 1),
        lambda step: 1e-300 / (step + 1),
        lambda step: float("nan") if step % 2 else 1.0,
    ],
)
def test_any_values_can_be_drawn(value_at: Callable[[int], float]) -> None:
    assert any(map(line_in, rows_of(curve_picture({"x" * 90: curve(value_at)}))))


def test_a_loss_that_was_told_once_is_no_curve() -> None:
    assert curve_picture({"loss": curve(float, steps=1), "none": Curve()}) == b""


def test_the_title_stands_above_the_line() -> None:
    titled, bare = (rows_of(curve_picture({name: curve(float)}))[14:35] for name in ("mel", "   "))
    written = [row[128 : 128 + 3 * LETTER_WIDTH] for row in titled]
    assert any(any(row) for row in written)
    assert not any(any(row[128 : 128 + 3 * LETTER_WIDTH]) for row in bare)
