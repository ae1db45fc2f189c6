"""Curves and samples of a run on a terminal, and as JSON."""

from __future__ import annotations

import sys

from launcher.cli.documents.following import ToldCurve, ToldSample
from launcher.cli.terminal.layout import table
from launcher.cli.terminal.sparkline import sparkline
from launcher.domain.run_picture import RunPicture
from pod_image.contract.curve import Curve, Point
from pod_image.contract.figures import counted

MOST_CURVES = 8
MOST_SAMPLES = 5
MOST_POINTS = 200


def told_parts(told: RunPicture) -> list[str]:
    """Lines that say how it learnt and what there is to hear; none where nothing is known."""
    return [*_curve_lines(told), *_sample_lines(told)]


def curve_facts(told: RunPicture) -> list[ToldCurve]:
    return [{"name": name, "points": _few(curve.shown())} for name, curve in _curves(told)]


def sample_facts(told: RunPicture) -> list[ToldSample]:
    said = [each.body for each in told.samples]
    return [{"step": each.step, "path": each.path, "text": each.text} for each in said]


def _curves(told: RunPicture) -> list[tuple[str, Curve]]:
    """Those that have a value; a loss that never was a number has none."""
    return [(name, curve) for name, curve in told.curves.items() if curve.last is not None]


def _few(points: list[Point]) -> list[Point]:
    """At most so many, evenly; the newest is among them."""
    stride = -(-len(points) // MOST_POINTS)
    return points[::-1][::stride][::-1]


def _curve_lines(told: RunPicture) -> list[str]:
    curves = _curves(told)
    if not curves:
        return []
    rows = [_curve_row(name, curve) for name, curve in curves[:MOST_CURVES]]
    more = len(curves) - len(rows)
    left_out = [f"  and {counted(more, 'more curve')}, in --json"] if more else []
    return ["", table(("  CURVE", "FIRST", "NEWEST", ""), rows, right=(1,)), *left_out]


def _curve_row(name: str, curve: Curve) -> tuple[str, str, str, str]:
    assert curve.last is not None
    # The points of a long run are means of several values: these two are as the pod said them.
    step, newest = curve.last
    bars = sparkline([value for _, value in curve.shown()], stream=sys.stdout)
    return f"  {name}", f"{curve.first_value:.4g}", f"{newest:.4g} at step {step:,.0f}", bars


def _sample_lines(told: RunPicture) -> list[str]:
    made = [each.body for each in told.samples]
    if not made:
        return []
    rows = [(f"  {each.step:,}", each.path, each.text) for each in made[-MOST_SAMPLES:][::-1]]
    more = len(made) - len(rows)
    earlier = [f"  and {counted(more, 'earlier sample')}"] if more else []
    return ["", table(("  SAMPLE AT STEP", "FILE", "TEXT"), rows), *earlier]
