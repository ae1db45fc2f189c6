"""A curve as inline SVG, in the colours of its page and at any width; a stylesheet there may say more. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.services.sharing.markup import Markup, element
from pod_image.contract.curve import Point, scale_of

WIDTH, HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 8, 12, 28


def curve_svg(title: str, points: Sequence[Point]) -> Markup:
    """Nothing where no two points are at different steps. What is drawn is of the classes `curve` and `tick`."""
    ordered = sorted(points)
    if not ordered or ordered[0][0] == ordered[-1][0]:
        return Markup()
    first, last = ordered[0][0], ordered[-1][0]
    low, high, ticks = scale_of([value for _, value in ordered])

    def across(step: float) -> float:
        return _LEFT + (step - first) / (last - first) * (WIDTH - _LEFT - _RIGHT)

    def down(value: float) -> float:
        return HEIGHT - _BOTTOM - (value - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)

    line = " ".join(f"{across(step):.1f},{down(value):.1f}" for step, value in ordered)
    parts = [_tick(tick, down(tick)) for tick in ticks]
    parts.append(_curve(line))
    parts.append(_label(f"{first:,.0f}", _LEFT, HEIGHT - 8, "start"))
    parts.append(_label(f"step {last:,.0f}", WIDTH - _RIGHT, HEIGHT - 8, "end"))
    words = (
        f"{title}: {ordered[0][1]:.4g} at step {first:,.0f}, {ordered[-1][1]:.4g} at {last:,.0f}"
    )
    return element("svg", parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=words)


# Colours and sizes stand at each shape, for a page without a stylesheet: a rule of one that has some goes before them.
def _curve(line: str) -> Markup:
    look = {"fill": "none", "stroke": "#2f6fde", "stroke_width": "2", "stroke_linejoin": "round"}
    return element("polyline", class_="curve", points=line, **look)


def _tick(value: float, row: float) -> Markup:
    across = {"x1": f"{_LEFT}", "x2": f"{WIDTH - _RIGHT}", "y1": f"{row:.1f}", "y2": f"{row:.1f}"}
    line = element("line", class_="tick", stroke="#80808060", **across)
    return Markup(line + _label(f"{value:.4g}", _LEFT - 8, row + 4, "end"))


def _label(text: str, left: float, top: float, anchor: str) -> Markup:
    at = {"x": f"{left:.0f}", "y": f"{top:.1f}", "text_anchor": anchor}
    return element("text", text, fill="currentColor", font_size="14", **at)
