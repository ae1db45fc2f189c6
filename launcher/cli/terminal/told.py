"""Curves and samples of a run on a terminal, and as JSON."""

from __future__ import annotations

import sys

from launcher.cli.documents.following import ToldCurve, ToldSample
from launcher.cli.terminal.layout import table
from launcher.cli.terminal.sparkline import sparkline
from launcher.domain.run_picture import RunPicture
from pod_image.contract.curve import Point
from pod_image.contract.figures import counted

MOST_CURVES = 8
MOST_SAMPLES = 5
MOST_POINTS = 200


def told_parts(told: RunPicture) -> list[str]:
    """Lines that say how it learnt and what there is to hear; none where nothing is known."""
    return [*_curve_lines(told), *_sample_lines(told)]


def curve_facts(told: RunPicture) -> list[ToldCurve]:
    return [{"name": name, "points": _few(points)} for name, points in _curves(told)]


def sample_facts(told: RunPicture) -> list[ToldSample]:
    said = [each.body for each in told.samples]
    return [{"step": each.step, "path": each.path, "text": each.text} for each in said]


def _curves(told: RunPicture) -> list[tuple[str, list[Point]]]:
    shown = ((name, curve.shown()) for name, curve in told.curves.items())
    return [(name, points) for name, points in shown if points]


def _few(points: list[Point]) -> list[Point]:
    """At most so many, evenly; the newest is among them."""
    stride = -(-len(points) // MOST_POINTS)
    return points[::-1][::stride][::-1]


def _curve_lines(told: RunPicture) -> list[str]:
    curves = _curves(told)
    rows = []
    for name, points in curves[:MOST_CURVES]:
        values = [value for _, value in points]
        last = f"{values[-1]:.4g} at step {points[-1][0]:,.0f}"
        rows.append((f"  {name}", f"{values[0]:.4g}", last, sparkline(values, stream=sys.stdout)))
    if not rows:
        return []
    more = len(curves) - len(rows)
    left_out = [f"  and {counted(more, 'more curve')}, in --json"] if more else []
    return ["", table(("  CURVE", "FIRST", "NEWEST", ""), rows, right=(1,)), *left_out]


def _sample_lines(told: RunPicture) -> list[str]:
    made = [each.body for each in told.samples]
    if not made:
        return []
    rows = [(f"  {each.step:,}", each.text, each.path) for each in made[-MOST_SAMPLES:][::-1]]
    more = len(made) - len(rows)
    earlier = [f"  and {counted(more, 'earlier sample')}"] if more else []
    return ["", table(("  SAMPLE AT STEP", "TEXT", "FILE"), rows), *earlier]
