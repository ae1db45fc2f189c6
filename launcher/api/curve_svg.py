"""One curve as SVG inside a page: a line, its ends and its scale. It asks nobody for anything, and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from html import escape

from pod_image.contract.curve import Curve, Point

WIDTH, HEIGHT = 640, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 12, 24
_POINTS = 150
"""Twice as many at the most: a display that is drawn again each second stays small."""


def curve_svg(points: Sequence[Point], title: str, width: int = WIDTH) -> str:
    """The curve, "" without two points to draw. Takes the colours of the page around it."""
    drawn = _thinned(points)
    if len(drawn) < 2:
        return ""
    steps, values = [step for step, _ in drawn], [value for _, value in drawn]
    low, high = min(values), max(values)
    line = " ".join(
        f"{_along(step, steps[0], steps[-1], _LEFT, WIDTH - _RIGHT):.1f},"
        f"{_along(value, low, high, HEIGHT - _BOTTOM, _TOP):.1f}"
        for step, value in drawn
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{width}" role="img" style="max-width:100%;height:auto" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
        f'<g stroke="currentColor" stroke-opacity="0.25">{_grid()}</g>'
        f'<polyline points="{line}" fill="none" stroke="#2f6fde" stroke-width="2" stroke-linejoin="round"/>'
        f'<g fill="currentColor" font-size="12" font-family="sans-serif">'
        f"{_text(_LEFT - 6, _TOP + 8, _number(high), 'end')}"
        f"{_text(_LEFT - 6, HEIGHT - _BOTTOM, _number(low), 'end')}"
        f"{_text(_LEFT, HEIGHT - 6, f'step {steps[0]:,.0f}', 'start')}"
        f"{_text(WIDTH - _RIGHT, HEIGHT - 6, f'step {steps[-1]:,.0f}', 'end')}"
        f"{_text(WIDTH - _RIGHT, _TOP + 8, f'{title} {_number(values[-1])}', 'end')}"
        "</g></svg>"
    )


def _thinned(points: Sequence[Point]) -> list[Point]:
    if len(points) <= 2 * _POINTS:
        return list(points)
    return reduce(lambda curve, point: curve.with_point(*point), points, Curve(_POINTS)).shown()


def _along(value: float, low: float, high: float, first: float, last: float) -> float:
    """Where it lies between the two ends of an axis; in the middle of one that has no length."""
    share = (value - low) / (high - low) if high > low else 0.5
    return first + share * (last - first)


def _grid() -> str:
    heights = (_TOP, (_TOP + HEIGHT - _BOTTOM) / 2, HEIGHT - _BOTTOM)
    return "".join(f'<path d="M{_LEFT} {y}H{WIDTH - _RIGHT}"/>' for y in heights)


def _text(x: float, y: float, said: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(said)}</text>'


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
